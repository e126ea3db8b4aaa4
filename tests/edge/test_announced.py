"""The PROXY protocol: who is believed, what is read, and what is no header."""

from __future__ import annotations

import asyncio
import ipaddress
from contextlib import suppress
from itertools import starmap

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.proxy import mode_servers

from excise.edge.announced import (
    Announced,
    Servers,
    Told,
    _handle_stream,
    _is_among,
    install,
    parse_block,
    parse_line,
    read_header,
)
from excise.edge.settings import parse_networks

MARK = b"\r\n\r\n\x00\r\nQUIT\n"


def block(address: str, port: int, *, command: int = 0x21, more: bytes = b"") -> bytes:
    """A header of version 2 for TCP."""
    packed = ipaddress.ip_address(address).packed
    body = packed + packed + port.to_bytes(2) + (443).to_bytes(2) + more
    family = 0x11 if len(packed) == 4 else 0x21
    return MARK + bytes([command, family]) + len(body).to_bytes(2) + body


def tlv(kind: int, value: bytes) -> bytes:
    return bytes([kind]) + len(value).to_bytes(2) + value


def shown(name: str, flags: int = 0x03, verdict: int = 0) -> bytes:
    """What a balancer tells of the certificate that a client showed it."""
    inner = tlv(0x21, b"TLSv1.3") + tlv(0x22, name.encode())
    return tlv(0x20, bytes([flags]) + verdict.to_bytes(4) + inner)


def line(address: str, port: int) -> bytes:
    """A header of version 1."""
    version = ipaddress.ip_address(address).version
    return f"PROXY TCP{version} {address} {address} {port} 443\r\n".encode()


def _read(data: bytes) -> tuple[Told | None, bytes]:
    """What a header says, and what is left behind it."""

    async def reading() -> tuple[Told | None, bytes]:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await read_header(reader), await reader.read()

    return asyncio.run(reading())


@given(
    address=st.ip_addresses().map(str),
    port=st.integers(0, 65_535),
    rest=st.binary(max_size=40),
    more=st.lists(st.tuples(st.integers(0x21, 255), st.binary(max_size=40)), max_size=4),
)
def test_both_versions_say_who_it_is_and_leave_the_rest(
    address: str, port: int, rest: bytes, more: list[tuple[int, bytes]]
) -> None:
    told = b"".join(starmap(tlv, more))
    for header in (line(address, port), block(address, port), block(address, port, more=told)):
        assert _read(header + rest) == (((address, port), ""), rest)


@pytest.mark.parametrize(
    ("flags", "verdict", "name"),
    [
        (0x03, 0, "ada"),  # shown on this connection
        (0x05, 0, "ada"),  # shown when its session began
        (0x03, 1, ""),  # shown, and not vouched for
        (0x01, 0, ""),  # TLS without a certificate
        (0x02, 0, ""),
    ],
)
def test_a_name_counts_where_the_balancer_checked_it(flags: int, verdict: int, name: str) -> None:
    header = block("192.0.2.1", 7, more=tlv(1, b"h2") + shown("ada", flags, verdict))
    assert _read(header)[0] == (("192.0.2.1", 7), name)


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY UNKNOWN\r\n",
        b"PROXY UNKNOWN ff:: ff:: 1 2\r\n",
        block("192.0.2.1", 1, command=0x20),
        MARK + b"\x20\x00\x00\x00",
        MARK + b"\x21\x00\x00\x00",
        MARK + b"\x21\x31\x00\xd8" + bytes(216),
    ],
)
def test_a_balancer_may_speak_for_itself(header: bytes) -> None:
    assert _read(header + b"rest") == (None, b"rest")


@pytest.mark.parametrize(
    "data",
    [
        b"CONNECT llm.test:443 HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00",
        b"PROXY TCP4 192.0.2.1\r\n",
        b"PROXY TCP6 192.0.2.1 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.1 65536 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.1 -1 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.1 1 2\n",
        b"PROXY TCP4 " + b"1" * 200,
        b"PROXY UDP4 192.0.2.1 192.0.2.1 1 2\r\n",
        b"PROXY \xff\xff\xff\xff\xff\xff\r\n",
        MARK + b"\x11\x11\x00\x0c" + bytes(12),
        MARK + b"\x22\x11\x00\x0c" + bytes(12),
        MARK + b"\x21\x11\x00\x0b" + bytes(11),
        MARK + b"\x21\x21\x00\x0c" + bytes(12),
        MARK + b"\x21\x11\xff\xff" + bytes(5000),
        block("192.0.2.1", 7, more=tlv(0x20, b"abcdef")[:-1]),
        block("192.0.2.1", 7, more=tlv(0x20, b"\x03\0\0\0\0" + tlv(0x22, b"ada")[:-1])),
    ],
)
def test_what_is_no_header_is_none(data: bytes) -> None:
    with pytest.raises(ValueError):
        _read(data)


@given(st.binary(max_size=300))
def test_whatever_comes_only_these_are_raised(data: bytes) -> None:
    for start in (data, b"PROXY " + data, MARK + data):
        with suppress(ValueError, EOFError):
            _read(start)


@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=64), st.binary(max_size=120))
def test_pieces_are_read_or_refused(command: int, family: int, body: bytes, text: bytes) -> None:
    for parse in (lambda: parse_block(command, family, body), lambda: parse_line(text)):
        with suppress(ValueError):
            parse()


def test_a_header_that_ends_early_is_an_end() -> None:
    whole = block("192.0.2.1", 7)
    for end in range(len(whole)):
        with pytest.raises(EOFError):
            _read(whole[:end])


@pytest.mark.parametrize(
    ("peer", "want"),
    [
        (("192.0.2.7", 1), True),
        (("::ffff:192.0.2.7", 1, 0, 0), True),
        (("198.51.100.1", 1), False),
        (("fe80::1%eth0", 1), False),
        (None, False),
    ],
)
def test_only_the_named_networks_are_believed(peer: object, want: bool) -> None:
    networks = parse_networks(["192.0.2.0/24"])
    assert _is_among(peer, networks) is want
    assert _is_among(peer, ()) is False


def test_a_writer_goes_by_the_client() -> None:
    class Writer:
        transport = "its own"

        def get_extra_info(self, name: str, default: object = None) -> object:
            return {"sockname": ("192.0.2.1", 80)}.get(name, default)

    announced = Announced(Writer(), Told(("192.0.2.9", 7), "ada"))  # type: ignore[arg-type]
    assert announced.get_extra_info("peername") == ("192.0.2.9", 7)
    assert announced.get_extra_info("sockname") == ("192.0.2.1", 80)
    assert announced.get_extra_info("other", "none") == "none"
    assert (announced.transport, announced.name) == ("its own", "ada")


def test_it_is_installed_where_servers_are_made() -> None:
    assert Servers(parse_networks(["192.0.2.0/24"])).balancers
    install()
    assert mode_servers.ServerInstance.handle_stream is _handle_stream
