"""What both sides of a connection are shown in TLS: a name → its certificate, and which HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mitmproxy import tls
from mitmproxy.addons import tlsconfig
from mitmproxy.certs import CertStoreEntry
from mitmproxy.proxy.context import Context

from excise.edge.front import Front, is_front

_HTTP2: Final = b"h2"


class Leaves(tlsconfig.TlsConfig):
    """As the host makes them, but for the name that was asked for alone.

    The host adds the address of the server, which is no name of an LLM host where traffic was
    redirected: a CA that is limited to those may not vouch for it. TLS to the proxy itself has
    certificates of its own, and HTTP/2 is spoken with the hosts that are named for it alone.
    """

    def __init__(
        self,
        front: Front | None = None,
        speaks_http2: Callable[[str], bool] = lambda host: False,
    ) -> None:
        self._front = front
        self._speaks_http2 = speaks_http2

    def tls_start_client(self, tls_start: tls.TlsData) -> None:
        """Offer HTTP/2 where it will be spoken with upstream as well."""
        if self._front is not None and is_front(tls_start.context):
            tls_start.ssl_conn = self._front.connection()
            return
        super().tls_start_client(tls_start)
        if tls_start.ssl_conn is not None and self._speaks_http2(tls_start.conn.sni or ""):
            tls_start.ssl_conn.get_app_data()["http2"] = True

    def tls_start_server(self, tls_start: tls.TlsData) -> None:
        """Speak with upstream what is spoken with the client."""
        client = tls_start.context.client
        if client.alpn == _HTTP2 and not tls_start.conn.alpn_offers:
            tls_start.conn.alpn_offers = (_HTTP2,)
        super().tls_start_server(tls_start)

    def get_cert(self, conn_context: Context) -> CertStoreEntry:
        """Of the SNI; without one of every address that the client may mean."""
        if not conn_context.client.sni:
            return super().get_cert(conn_context)
        name = tlsconfig._ip_or_dns_name(conn_context.client.sni)
        return self.certstore.get_cert(str(name.value), [name], None, None)
