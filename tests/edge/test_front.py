"""TLS to the proxy itself: who is asked for a certificate, whose is taken, which files count."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from certified import Office
from cryptography import x509
from mitmproxy.proxy.layers import ClientTLSLayer, modes
from mitmproxy.proxy.layers.http import HttpLayer, HttpStream
from OpenSSL import SSL

from excise.edge.front import Front, is_front
from excise.errors import ConfigError


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The proxy's own certificate, of another CA."""
    names = (x509.DNSName("proxy.corp.example"),)
    return Office(tmp_path, "servers").issue("proxy", names=names, serves=True)


def shake(front: Front, shown: Path | None = None) -> SSL.Connection:
    """The proxy's side once both have spoken; raises `SSL.Error` where one of them would not."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_alpn_protos([b"h2", b"http/1.1"])
    if shown is not None:
        context.use_certificate_chain_file(str(shown))
        context.use_privatekey_file(str(shown))
    client, server = SSL.Connection(context), front.connection()
    client.set_connect_state()
    for _ in range(4):
        for here, there in ((client, server), (server, client)):
            with suppress(SSL.WantReadError):
                here.do_handshake()
            with suppress(SSL.WantReadError):
                while True:
                    there.bio_write(here.bio_read(65536))
    return server


def test_a_certificate_is_asked_for_and_need_not_be_shown(office: Office, own: Path) -> None:
    server = shake(Front(own, office.ca), office.issue("ada"))
    shown = server.get_peer_certificate(as_cryptography=True)
    assert shown is not None and shown.subject.rfc4514_string() == "CN=ada"
    assert server.get_alpn_proto_negotiated() == b"http/1.1"
    assert shake(Front(own, office.ca)).get_peer_certificate() is None


def test_nobody_is_asked_without_a_ca(office: Office, own: Path) -> None:
    assert shake(Front(own), office.issue("ada")).get_peer_certificate() is None


def test_what_is_shown_has_to_be_good(office: Office, own: Path, tmp_path: Path) -> None:
    gone = office.issue("gone")
    front = Front(own, office.ca, office.revoke(gone))
    others = (
        gone,
        office.issue("late", days=-1),
        office.issue("server", serves=True),
        Office(tmp_path, "strangers").issue("eve"),
    )
    for shown in others:
        with pytest.raises(SSL.Error, match="certificate"):
            shake(front, shown)
    assert shake(front, office.issue("ada")).get_peer_certificate() is not None


def test_files_are_read_anew_and_the_last_good_ones_stay(
    office: Office, own: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ada = office.issue("ada")
    listed = office.revoke()
    front = Front(own, office.ca, listed)
    shake(front, ada)
    office.revoke(ada)
    with pytest.raises(SSL.Error):
        shake(front, ada)
    listed.write_text("no list")
    os.utime(listed, (1, 1))
    with caplog.at_level(logging.ERROR), pytest.raises(SSL.Error):
        shake(front, ada)
    assert "last good" in caplog.text


@pytest.mark.parametrize("wrong", ["certificate", "ca", "crl"])
def test_files_that_do_not_do_are_refused(office: Office, own: Path, wrong: str) -> None:
    bad = own.with_name("bad.pem")
    bad.write_text("nothing")
    files = {"certificate": own, "ca": office.ca, "crl": office.revoke(), wrong: bad}
    with pytest.raises(ConfigError, match="EXC-CFG-001"):
        Front(**files)


@pytest.mark.parametrize(
    ("kinds", "want"),
    [
        ((modes.HttpProxy, ClientTLSLayer, HttpLayer), True),
        ((modes.HttpUpstreamProxy, ClientTLSLayer, HttpLayer), True),
        ((modes.HttpProxy, ClientTLSLayer, HttpLayer, HttpStream, ClientTLSLayer), False),
        ((modes.HttpProxy, HttpLayer, HttpStream, ClientTLSLayer), False),
        ((modes.TransparentProxy, ClientTLSLayer, HttpLayer), False),
    ],
)
def test_only_tls_in_front_of_every_connect_is_meant(kinds: tuple[type, ...], want: bool) -> None:
    context: Any = SimpleNamespace(layers=[object.__new__(kind) for kind in kinds])
    assert is_front(context) is want
