"""A name that a client asks for → the certificate that is shown to it."""

from __future__ import annotations

from mitmproxy.addons import tlsconfig
from mitmproxy.certs import CertStoreEntry
from mitmproxy.proxy.context import Context


class Leaves(tlsconfig.TlsConfig):
    """As the host makes them, but for the name that was asked for alone.

    The host adds the address of the server, which is no name of an LLM host where traffic was
    redirected: a CA that is limited to those may not vouch for it.
    """

    def get_cert(self, conn_context: Context) -> CertStoreEntry:
        """Of the SNI; without one of every address that the client may mean."""
        if not conn_context.client.sni:
            return super().get_cert(conn_context)
        name = tlsconfig._ip_or_dns_name(conn_context.client.sni)
        return self.certstore.get_cert(str(name.value), [name], None, None)
