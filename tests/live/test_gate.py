"""Nobody reaches an LLM host unread, whatever name is shown where."""

from __future__ import annotations

import ssl

import pytest
from edge.test_sniff import hello_for, with_ech
from live.rig import Rig, drain

pytestmark = pytest.mark.live


def _reached(rig: Rig, needle: bytes) -> bool:
    everything = rig.upstream.received + rig.cleartext.received
    return any(needle in r.body or needle in r.line.encode() for r in everything)


@pytest.mark.parametrize(
    ("authority", "sni"),
    [
        ("plain.test:443", "llm.test"),
        ("llm.test:443", "plain.test"),
        ("llm.test:443", "llm.other.test"),
        ("llm.test:443", "LLM.OTHER.TEST"),
    ],
)
def test_names_that_disagree_close_the_connection(shared: Rig, authority: str, sni: str) -> None:
    with pytest.raises((ssl.SSLError, OSError)):
        shared.tls(authority, sni)


@pytest.mark.parametrize("authority", ["LLM.test:443", "llm.test.:443"])
def test_spelling_changes_nothing(shared: Rig, authority: str) -> None:
    """Case and a closing dot still name the same host."""
    connection = shared.tls(authority, "llm.test")
    body = b"PLANTED"
    connection.sendall(
        b"POST /v1/spelt HTTP/1.1\r\nhost: Llm.Test\r\nconnection: close\r\n"
        b"content-length: %d\r\n\r\n%s" % (len(body), body)
    )
    assert b" 200 " in drain(connection).split(b"\r\n")[0]
    assert shared.upstream.received[-1].body == b"[CUT]"


@pytest.mark.parametrize(
    "host", [b"plain.test", b"llm.other.test", b"llm.test, plain.test", b"llm.test\r\nhost: x.test"]
)
def test_a_host_header_for_somebody_else_is_refused(shared: Rig, host: bytes) -> None:
    connection = shared.tls("llm.test:443", "llm.test")
    connection.sendall(
        b"POST /v1/fronted HTTP/1.1\r\nhost: " + host + b"\r\nconnection: close\r\n"
        b"content-length: 7\r\n\r\nPLANTED"
    )
    assert b" 400 " in drain(connection).split(b"\r\n")[0]
    assert not _reached(shared, b"/v1/fronted")


@pytest.mark.parametrize(
    "first", [b"PO", b"POST", b"\r\n\r\nPOST /v1/raw", b"\x00\x01\x02\x03", b"SSH-2.0-x\r\n"]
)
def test_bytes_that_do_not_look_like_http_are_not_relayed(shared: Rig, first: bytes) -> None:
    """mitmproxy would hand these to the LLM host unread once TLS is up."""
    before = shared.upstream.connections
    connection = shared.tls("llm.test:443", "llm.test")
    connection.settimeout(0.4)
    connection.sendall(first)
    drain(connection)
    connection.close()
    assert shared.upstream.connections == before


def test_an_odd_start_of_a_real_request_is_still_read(shared: Rig) -> None:
    connection = shared.tls("llm.test:443", "llm.test")
    rest = (
        b"ST /v1/split HTTP/1.1\r\nhost: llm.test\r\nconnection: close\r\ncontent-length: 7\r\n\r\n"
    )
    connection.sendall(b"PO")
    connection.sendall(rest + b"PLANTED")
    assert b" 200 " in drain(connection)
    assert shared.upstream.received[-1].body == b"[CUT]"


def test_plain_http_inside_a_tunnel_to_an_llm_host_is_read(shared: Rig) -> None:
    connection = shared.tunnel("llm.test:80")
    connection.sendall(
        b"POST /v1/clear HTTP/1.1\r\nhost: llm.test\r\nconnection: close\r\n"
        b"content-length: 7\r\n\r\nPLANTED"
    )
    assert b" 200 " in drain(connection)
    assert shared.cleartext.received[-1].body == b"[CUT]"


@pytest.mark.parametrize(
    ("url", "host", "body"),
    [
        (b"http://llm.test/v1/abs", b"llm.test", b"[CUT]"),
        (b"http://plain.test/v1/abs", b"plain.test", b"PLANTED"),
    ],
)
def test_plain_requests_to_the_proxy(shared: Rig, url: bytes, host: bytes, body: bytes) -> None:
    """Read for an LLM host, passed on untouched for any other; proxy credentials stay here."""
    connection = shared.raw()
    connection.sendall(
        b"POST " + url + b" HTTP/1.1\r\nhost: " + host + b"\r\nconnection: close\r\n"
        b"proxy-authorization: Basic eHg=\r\ncontent-length: 7\r\n\r\nPLANTED"
    )
    assert b" 200 " in drain(connection).split(b"\r\n")[0]
    got = shared.cleartext.received[-1]
    assert got.body == body
    assert got.header("proxy-authorization") == ""


def test_an_absolute_url_for_another_host_than_it_says(shared: Rig) -> None:
    connection = shared.raw()
    connection.sendall(
        b"POST http://plain.test/v1/abs2 HTTP/1.1\r\nhost: llm.test\r\nconnection: close\r\n"
        b"content-length: 7\r\n\r\nPLANTED"
    )
    assert b" 400 " in drain(connection).split(b"\r\n")[0]
    assert not _reached(shared, b"/v1/abs2")


def test_a_tunnel_to_an_address_is_read_by_its_sni(shared: Rig) -> None:
    """A client that resolved the name itself is read all the same."""
    connection = shared.tls(f"127.0.0.1:{shared.upstream.port}", "llm.test")
    connection.sendall(
        b"POST /v1/address HTTP/1.1\r\nhost: llm.test\r\nconnection: close\r\n"
        b"content-length: 7\r\n\r\nPLANTED"
    )
    assert b" 200 " in drain(connection)
    assert shared.upstream.received[-1].body == b"[CUT]"
    assert shared.firewall.seen[-1].host == "llm.test"


def test_a_tunnel_to_a_public_address_needs_a_name(shared: Rig) -> None:
    """Else an LLM host would be reached unread by whoever knows its address."""
    before = shared.upstream.connections
    for hello in (hello_for(None), with_ech(hello_for("cloudflare-ech.com"))):
        connection = shared.tunnel("8.8.8.8:443")
        connection.sendall(hello)
        assert drain(connection) == b""
    assert shared.upstream.connections == before
    connection = shared.tunnel("8.8.8.8:443")
    connection.sendall(with_ech(hello_for("plain.test")))
    assert connection.recv(1)  # the server's own answer
    connection.close()


def test_a_websocket_is_refused_by_name(shared: Rig) -> None:
    connection = shared.tls("llm.test:443", "llm.test")
    connection.sendall(
        b"GET /v1/realtime HTTP/1.1\r\nhost: llm.test\r\nupgrade: websocket\r\n"
        b"connection: upgrade\r\nsec-websocket-version: 13\r\n"
        b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    connection.settimeout(2)
    assert b" 426 " in drain(connection).split(b"\r\n")[0]
    assert shared.trail.committed[-1]["reason"] == "uninspectable:websocket"
    assert not _reached(shared, b"/v1/realtime")


def test_a_dead_host_behind_a_tunnel_is_told(shared: Rig) -> None:
    connection = shared.raw()
    connection.sendall(b"CONNECT nowhere.test:1 HTTP/1.1\r\nhost: nowhere.test:1\r\n\r\n")
    assert b" 502 " in drain(connection).split(b"\r\n")[0]
