"""What the certificates vouch for that clients are shown, and with whom HTTP/2 is spoken."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from mitmproxy import tls
from mitmproxy.addons import tlsconfig
from mitmproxy.certs import CertStore
from mitmproxy.proxy.context import Context
from mitmproxy.test import taddons, tflow

from excise.edge.leaves import Leaves

NAMED = "api.x.ai"


def names_shown(folder: Path, sni: str | None) -> list[str]:
    """To a client of 192.0.2.1 that was on its way to 192.0.2.9."""
    leaves = Leaves()
    with taddons.context(leaves) as context:
        context.options.upstream_cert = False
        leaves.certstore = CertStore.from_store(folder, "mitmproxy", 2048)
        met: Any = SimpleNamespace(
            client=SimpleNamespace(sni=sni, sockname=("192.0.2.1", 443)),
            server=SimpleNamespace(certificate_list=[], address=("192.0.2.9", 443)),
        )
        leaf = leaves.get_cert(met).cert.to_cryptography()
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in names]


@pytest.mark.parametrize(
    ("sni", "shown"),
    [
        ("api.openai.com", ["api.openai.com"]),
        ("192.0.2.7", ["192.0.2.7"]),
        (None, ["192.0.2.1", "192.0.2.9"]),
    ],
)
def test_a_leaf_names_what_was_asked_for(tmp_path: Path, sni: str | None, shown: list[str]) -> None:
    assert names_shown(tmp_path, sni) == shown


@pytest.mark.parametrize(
    ("sni", "offered", "want"),
    [
        (NAMED, [b"h2", b"http/1.1"], b"h2"),
        (NAMED, [b"http/1.1"], b"http/1.1"),
        ("api.openai.com", [b"h2", b"http/1.1"], b"http/1.1"),
        ("192.0.2.7", [b"h2", b"http/1.1"], b"http/1.1"),
    ],
)
def test_http2_is_spoken_where_both_want_it(
    tmp_path: Path, sni: str | None, offered: list[bytes], want: bytes
) -> None:
    leaves = Leaves(speaks_http2=lambda host: host == NAMED)
    with taddons.context(leaves) as context:
        context.options.update(upstream_cert=False, http2=False)
        leaves.certstore = CertStore.from_store(tmp_path, "mitmproxy", 2048)
        started = _started(sni)
        leaves.tls_start_client(started)
    assert tlsconfig.alpn_select_callback(started.ssl_conn, offered) == want


@pytest.mark.parametrize(
    ("spoken", "told", "want"),
    [
        (b"h2", (), (b"h2",)),
        (b"http/1.1", (), (b"http/1.1",)),
        (b"h2", (b"http/1.1",), (b"http/1.1",)),  # to a parent proxy
    ],
)
def test_upstream_is_spoken_to_as_the_client_is(
    spoken: bytes, told: tuple[bytes, ...], want: tuple[bytes, ...]
) -> None:
    leaves = Leaves()
    with taddons.context(leaves) as context:
        context.options.update(http2=False)
        client = tflow.tclient_conn()
        client.alpn, client.alpn_offers = spoken, (b"h2", b"http/1.1")
        server = tflow.tserver_conn()
        server.sni, server.alpn_offers = NAMED, told
        started = tls.TlsData(server, Context(client, context.options))
        leaves.tls_start_server(started)
    assert tuple(server.alpn_offers) == want


def _started(sni: str | None) -> tls.TlsData:
    client = tflow.tclient_conn()
    client.sni, client.alpn = sni, None
    met: Any = SimpleNamespace(
        client=client,
        layers=[],
        server=SimpleNamespace(certificate_list=[], address=("192.0.2.9", 443), alpn=None),
    )
    return tls.TlsData(client, met)
