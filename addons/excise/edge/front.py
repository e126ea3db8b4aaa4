"""TLS that clients speak to the proxy itself: a certificate of its own, and theirs asked for.

Inside of it they CONNECT as without it. mitmproxy would show a leaf of the interception CA there,
which may be limited to LLM hosts, and would ask for a client's certificate on every connection or
on none, those inside tunnels included, and check none.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Final

from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import modes
from mitmproxy.proxy.layers.http import HttpStream
from OpenSSL import SSL, crypto

from excise.errors import ConfigError
from excise.state.certificates import read_lists, stamp_of

log = logging.getLogger("excise.edge")

_HTTP1: Final = b"http/1.1"  # mitmproxy takes no CONNECT over HTTP/2
_SESSION: Final = b"excise"


class Front:
    """Makes the proxy's side of such connections; its files are read anew when they change."""

    def __init__(self, certificate: Path, ca: Path | None = None, crl: Path | None = None) -> None:
        """`certificate` holds the proxy's own chain and key; `ca` vouches for clients, of which
        `crl` lists the revoked ones. Raises `ConfigError`."""
        self._files = (certificate, ca, crl)
        self._stamps = self._now()
        self._context = make_context(*self._files)

    def connection(self) -> SSL.Connection:
        """The proxy's side of a new connection."""
        stamps = self._now()
        if stamps != self._stamps:
            self._stamps = stamps
            try:
                self._context = make_context(*self._files)
            except ConfigError as fault:
                log.error("the proxy's last good certificates stay: %s", fault.code)
        made = SSL.Connection(self._context)
        made.set_accept_state()
        return made

    def _now(self) -> tuple[tuple[int, int, int], ...]:
        return tuple(map(stamp_of, self._files))


def make_context(certificate: Path, ca: Path | None, crl: Path | None) -> SSL.Context:
    """What both sides have to hold to. Raises `ConfigError`."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    # A resumed session would not be checked again, against lists that may have changed.
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_COMPRESSION)
    context.set_session_id(_SESSION)
    context.set_alpn_select_callback(_choose)
    try:
        context.use_certificate_chain_file(str(certificate))
        context.use_privatekey_file(str(certificate))
        context.check_privatekey()
    except SSL.Error:
        raise ConfigError(
            "EXC-CFG-001",
            "proxy-certificate must hold a certificate, its chain and its key in PEM form.",
            at=str(certificate),
        ) from None
    if ca is not None:
        _ask(context, ca, crl)
    return context


def _ask(context: SSL.Context, ca: Path, crl: Path | None) -> None:
    try:
        context.load_verify_locations(str(ca))
        context.load_client_ca(str(ca).encode())
    except SSL.Error:
        raise ConfigError(
            "EXC-CFG-001", "client-ca holds no certificate in PEM form.", at=str(ca)
        ) from None
    # Who shows none may still have a password; who shows one, shows a good one.
    context.set_verify(SSL.VERIFY_PEER)
    if crl is not None:
        store = context.get_cert_store()
        assert store is not None
        for each in read_lists(crl):
            store.add_crl(each)
        store.set_flags(crypto.X509StoreFlags.CRL_CHECK)


def _choose(connection: SSL.Connection, offered: list[bytes]) -> Any:
    return _HTTP1 if _HTTP1 in offered else SSL.NO_OVERLAPPING_PROTOCOLS


def is_front(context: Context) -> bool:
    """Whether TLS of a client's is with the proxy itself: in a tunnel there is a CONNECT before."""
    first, *others = context.layers
    return isinstance(first, modes.HttpProxy | modes.HttpUpstreamProxy) and not any(
        isinstance(each, HttpStream) for each in others
    )
