"""The first bytes of a connection."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.edge.sniff import CEILING, Look, Speech, look


def hello_for(name: str | None) -> bytes:
    """The first bytes of a client that asks for this name, or for none."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.check_hostname = name is not None
    connection = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()


HELLO = hello_for("llm.test")


def with_ech(hello: bytes) -> bytes:
    """The same handshake with the extension that browsers add (RFC 9849 §5)."""
    extension = bytes.fromhex("fe0d0005") + b"\x00\x00\x01\x00\x01"
    at = 44 + hello[43]  # behind the session id
    at += 2 + int.from_bytes(hello[at : at + 2])  # the ciphers
    at += 1 + hello[at]  # the compressions

    def longer(data: bytes, place: int, size: int) -> bytes:
        length = int.from_bytes(data[place : place + size]) + len(extension)
        return data[:place] + length.to_bytes(size) + data[place + size :]

    return longer(longer(longer(hello, at, 2), 6, 3), 3, 2) + extension


@pytest.mark.parametrize(
    ("data", "want"),
    [
        (HELLO, Look(Speech.TLS, "llm.test")),
        (HELLO + b"more", Look(Speech.TLS, "llm.test")),
        (hello_for(None), Look(Speech.TLS)),
        (with_ech(HELLO), Look(Speech.TLS, "llm.test", ech=True)),
        (
            with_ech(hello_for("cloudflare-ech.com")),
            Look(Speech.TLS, "cloudflare-ech.com", ech=True),
        ),
        (b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", Look(Speech.BROKEN)),
        (b"\x16rubbish", Look(Speech.OTHER)),
        (b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", Look(Speech.HTTP, "a.test")),
        (b"GET / HTTP/1.1\nhost:a.test:80\n\n", Look(Speech.HTTP, "a.test:80")),
        (b"\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nHOST : b\r\n\r\n", Look(Speech.HTTP, "a, b")),
        (b"GET / HTTP/1.0\r\n\r\n", Look(Speech.HTTP)),
        (b"SSH-2.0-client\r\n", Look(Speech.OTHER)),
        (b"SSH", Look(Speech.OTHER)),
        (b"\x00\x01\x02", Look(Speech.OTHER)),
        (b"EHLO me\r\n", Look(Speech.OTHER)),
        (b"HELLO", Look(Speech.OTHER)),
        (b"P", Look(Speech.UNDECIDED)),
        (b"POST", Look(Speech.UNDECIDED)),
        (b"POST /x", Look(Speech.UNDECIDED)),
        (b"POSTX /x", Look(Speech.OTHER)),
        (b"", Look(Speech.UNDECIDED)),
        (b"x" * (CEILING + 1), Look(Speech.BROKEN)),
    ],
)
def test_what_is_spoken_and_for_whom(data: bytes, want: Look) -> None:
    assert look(data) == want


def test_a_hello_that_is_not_whole_waits() -> None:
    """However the record is cut, nothing is decided before the name is there."""
    cuts = [look(HELLO[:end]).speech for end in range(len(HELLO))]
    assert set(cuts) == {Speech.UNDECIDED}


@given(st.binary(max_size=400))
def test_it_never_raises(data: bytes) -> None:
    assert look(data).speech in Speech
    assert look(b"\x16\x03\x01" + data).speech in Speech
    assert look(b"GET " + data).speech in Speech
