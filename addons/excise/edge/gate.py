"""Which connections are read: those to hosts of the catalogue, and none of the others."""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from mitmproxy import connection, http
from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy import layer, mode_specs
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import ClientTLSLayer, ServerTLSLayer, modes
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.proxy.tunnel import LayerStack

from excise.edge.discovery import Discovery
from excise.edge.doubt import CAREFUL, Doubts, is_address, is_public, why_not
from excise.edge.front import is_front
from excise.edge.layer import ExciseLayer, Run
from excise.edge.layers import PeekTunnel, RefusedLayer
from excise.edge.load import Load
from excise.edge.ports import Hosts
from excise.edge.settings import Network
from excise.edge.sniff import Look, Speech, look

log = logging.getLogger("excise.edge")
_REMEMBERED: Final = 4096


def normal(host: str) -> str:
    """A host as the catalogue spells it: lower case, no port, no brackets, no closing dot."""
    host = host.strip().lower()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    return host.rstrip(".")


def is_own(address: str) -> bool:
    """Whether an address is one of this machine's: the way to it begins there. Sends nothing."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))
        except OSError:
            return False
        return bool(probe.getsockname()[0] == address)


class Gate:
    """Chooses the layer for every connection: read, relay unread, or close."""

    goes_first = True

    def __init__(
        self,
        hosts: Hosts,
        *,
        run: Run | None,
        clients: Sequence[Network] = (),
        denied: Sequence[str] = (),
        doubts: Doubts = CAREFUL,
        load: Load | None = None,
        also: Sequence[str] = (),
        http2: Sequence[str] = (),
        discovery: Discovery | None = None,
    ) -> None:
        self.hosts = hosts
        self.clients = tuple(clients)
        self.denied = tuple(denied)
        self.also = tuple(also)
        self.http2 = tuple(http2)
        self.discovery = discovery
        self.doubts = doubts
        self._room = load or Load()
        self.counts: Counter[str] = Counter()
        self.run = run
        # Told host, client address and a closed word of each connection that came to nothing.
        self.refused: Callable[[str, str, str], None] = lambda host, address, why: None
        self.port = 0  # where the proxy listens; 0 while it does not
        self._known: dict[tuple[str, int, tuple[str, ...]], tuple[str, str]] = {}

    # -- hooks ---------------------------------------------------------------------------------

    def client_connected(self, client: connection.Client) -> None:
        """Refuse clients outside the allowed networks; this machine's own are always in."""
        name, *rest = client.peername
        address = ipaddress.ip_address(name.partition("%")[0])
        if mapped := getattr(address, "ipv4_mapped", None):
            # A socket of both families: the client is the same as on one of its own.
            address = mapped
            client.peername = (str(mapped), rest[0])
        if not self._room.enter(local=address.is_loopback):
            self.counts["client-shed"] += 1
            client.error = "too many connections"
            return
        if self._came_directly(client):
            self.counts["refused-not-handed-over"] += 1
            client.error = "not handed over by the rules of a gateway"
            return
        if address.is_loopback or any(address in network for network in self.clients):
            return
        if is_own(str(address)):  # handed over by a gateway, or calling by another name
            return
        self.counts["client-refused"] += 1
        client.error = "not in the allowed client networks"

    def _came_directly(self, client: connection.Client) -> bool:
        """Whether a client calls a transparent proxy itself: relaying that would call it again."""
        if not isinstance(client.proxy_mode, mode_specs.TransparentMode):
            return False
        host, port, *_ = client.sockname
        return bool(port == self.port) and is_own(host.partition("%")[0])

    def client_disconnected(self, client: connection.Client) -> None:
        """There is room for another one."""
        self._room.leave()
        if self.discovery is not None:
            self.discovery.close(client)

    def next_layer(self, asked: layer.NextLayer) -> None:
        """Decide what a connection is, as soon as its first bytes show it."""
        context = asked.context
        first = context.layers[0]
        if (
            isinstance(first, modes.HttpProxy | modes.HttpUpstreamProxy)
            and len(context.layers) == 1
        ):
            asked.layer = self._explicit(context, asked.data_client())
        elif isinstance(first, modes.ReverseProxy) and len(context.layers) == 1:
            asked.layer = self._reverse(context, asked.data_client())
        elif context.client.tls and isinstance(context.layers[-1], ClientTLSLayer):
            asked.layer = self._http(context, HTTPMode.transparent)
        else:
            asked.layer = self._tunnelled(context, asked.data_client())

    def tls_failed_client(self, data: Any) -> None:
        """Count clients that would not take our certificate: pinned, or without the CA."""
        if is_front(data.context):
            self.counts["proxy-tls-failed"] += 1
            self.refused("", _peer(data.context.client), "proxy-tls")
            log.warning("TLS to the proxy itself failed: its certificate, or the client's")
            return
        self.counts["tls-failed-client"] += 1
        client, server = data.context.client, data.context.server
        host = normal(client.sni or (server.address or ("", 0))[0])
        self.refused(host, _peer(client), "certificate-refused")
        log.warning(
            "a client refused the certificate for %s; is the CA trusted there?",
            host,
        )

    # -- judging -------------------------------------------------------------------------------

    def named(self, host: str, port: int) -> str:
        """How the catalogue names this host, or "" where it is no LLM host."""
        name = normal(host)
        if self.hosts.find(name) is not None:
            return name
        with_port = f"{name}:{port}"  # a model server on this machine is known by its port
        return with_port if self.hosts.find(with_port) is not None else ""

    def is_denied(self, host: str) -> bool:
        """Whether the operator has not approved this LLM host. `*.name` is all below a name."""
        return _fits(host, self.denied)

    def reads(self, host: str, path: str) -> bool:
        """Whether a request to this LLM host, as the catalogue names it, is LLM traffic."""
        entry = self.hosts.find(host)
        return entry is not None and entry.reads(path)

    def is_looked_at(self, host: str) -> bool:
        """Whether a host is decrypted to see what it is, and passed on all the same."""
        return _fits(host, self.also)

    def speaks_http2(self, host: str) -> bool:
        """Whether HTTP/2 is spoken with a host where its client does."""
        return _fits(host, self.http2)

    def is_opaque(self, host: str, port: int) -> bool:
        """Whether a destination can be relayed without knowing more: a name, and no LLM host."""
        return (
            not is_address(normal(host))
            and not self.named(host, port)
            and not self.is_looked_at(host)
        )

    def speaker(self, destination: str, port: int, names: tuple[str, ...]) -> tuple[str, str]:
        """Whom a request is for, given where its connection goes and every name it gives itself.

        Returns (host, trouble): host "" where no LLM host is involved; trouble is a closed word
        where an LLM host is and the names disagree.
        """
        key = (destination, port, names)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[key] = self._judge(*key)
        return known

    def forget(self) -> None:
        """Judge every destination anew: the catalogue may be another one."""
        self._known.clear()

    def _judge(self, destination: str, port: int, names: tuple[str, ...]) -> tuple[str, str]:
        wanted = {normal(name) for name in names if name}
        target = normal(destination)
        # An address is no name: a client that resolved the host itself goes by what it says.
        if not (is_address(target) and wanted):
            wanted.add(target)
        read = sorted(filter(None, (self.named(name, port) for name in wanted)))
        if not read:
            return "", ""
        return read[0], "host-mismatch" if len(wanted) > 1 else ""

    # -- what is passed on ---------------------------------------------------------------------

    def let_ask(self, flow: http.HTTPFlow) -> None:
        """A request to a host outside the catalogue goes on as it comes."""
        flow.request.stream = True
        if self.discovery is not None:
            self.discovery.ask(flow)

    def let_answer(self, flow: http.HTTPFlow) -> None:
        """So does its answer."""
        if flow.response is not None:
            flow.response.stream = True
        if self.discovery is not None:
            self.discovery.answer(flow)

    # -- layers --------------------------------------------------------------------------------

    def _http(self, context: Context, mode: HTTPMode) -> layer.Layer:
        return ExciseLayer(context, mode, self.run, self.is_opaque)

    def _explicit(self, context: Context, data: bytes) -> layer.Layer:
        stack = LayerStack()
        upstream = isinstance(context.layers[0], modes.HttpUpstreamProxy)
        if starts_like_tls_record(data):
            stack /= ClientTLSLayer(context)
        stack /= self._http(context, HTTPMode.upstream if upstream else HTTPMode.regular)
        return stack[0]

    def _reverse(self, context: Context, data: bytes) -> layer.Layer:
        spec = context.client.proxy_mode
        stack = LayerStack()
        if isinstance(spec, mode_specs.ReverseMode) and spec.scheme == "https":
            stack /= ServerTLSLayer(context)
        if starts_like_tls_record(data):
            stack /= ClientTLSLayer(context)
        stack /= self._http(context, HTTPMode.transparent)
        return stack[0]

    def _tunnelled(self, context: Context, data: bytes) -> layer.Layer | None:
        """Inside a CONNECT, or on a transparently redirected connection."""
        host, port, *_ = context.server.address or ("", 0)
        if self.is_opaque(host, port):
            return self._unread(context, port)
        seen = look(data)
        if seen.speech is Speech.UNDECIDED:
            return None
        if seen.speech is Speech.BROKEN:
            return self._refused(context, "broken", seen)
        named, trouble = self.speaker(host, port, self._names(seen))
        if trouble:
            return self._refused(context, trouble, seen)
        if not named:
            if trouble := self._doubt(seen, host):
                return self._refused(context, trouble, seen)
            self._aim(context, seen, port)
            names = (host, *self._names(seen))
            if seen.speech is Speech.OTHER or not any(map(self.is_looked_at, names)):
                return self._unread(context, port)
        if seen.speech is Speech.TLS:
            tls = ServerTLSLayer(context)
            tls.child_layer = ClientTLSLayer(context)
            return tls
        # Whatever else it begins with: an LLM host speaks HTTP, so nothing passes as raw bytes.
        return self._http(context, HTTPMode.transparent)

    @staticmethod
    def _names(seen: Look) -> tuple[str, ...]:
        return tuple(seen.name.split(", ")) if seen.name else ()

    def _unread(self, context: Context, port: int) -> layer.Layer:
        self.counts["tunnel"] += 1

        destination = (context.server.address or ("",))[0]

        def harmless(seen: Look) -> bool:
            if any(self.named(name, port) for name in self._names(seen)):
                trouble = "host-mismatch"
            else:
                trouble = self._doubt(seen, destination)
            if trouble:
                self._tell_refused(context, trouble, seen)
            return not trouble

        return PeekTunnel(context, harmless, self.discovery)

    def _doubt(self, seen: Look, destination: str) -> str:
        names = [normal(name) for name in self._names(seen)]
        return why_not(self.doubts, seen, names, normal(destination))

    def _aim(self, context: Context, seen: Look, port: int) -> None:
        """Relay what was handed over to whom it names, where that is wished for."""
        names = {normal(name) for name in self._names(seen)}
        host = (context.server.address or ("",))[0]
        if (
            self.doubts.tunnel_to == "name"
            and isinstance(context.layers[0], modes.TransparentProxy)
            and is_public(host)
            and len(names) == 1
            and not is_address(min(names))
        ):
            context.server.address = (min(names), port)

    def _refused(self, context: Context, why: str, seen: Look) -> layer.Layer:
        self._tell_refused(context, why, seen)
        return RefusedLayer(context)

    def _tell_refused(self, context: Context, why: str, seen: Look) -> None:
        self.counts[f"refused-{why}"] += 1
        log.warning("refused a connection: %s", why)
        host, port, *_ = context.server.address or ("", 0)
        shown = [normal(host), *(normal(name) for name in self._names(seen))]
        known = [name for name in shown if self.named(name, port)]
        self.refused([*known, *shown[::-1]][0], _peer(context.client), why)


def _fits(host: str, names: Sequence[str]) -> bool:
    if not names:
        return False
    name = normal(host)
    return any(name.endswith(each[1:]) if each.startswith("*.") else name == each for each in names)


def _peer(client: connection.Client) -> str:
    return str(client.peername[0]) if client.peername else ""
