"""What the edge uses of mitmproxy's inside. A failure here means: read the change before a bump."""

from __future__ import annotations

import dataclasses
import inspect
from importlib.metadata import version

import pytest
from mitmproxy import addonmanager, certs, hooks
from mitmproxy.addons import proxyserver, tlsconfig
from mitmproxy.proxy import commands, layer, mode_servers, server, server_hooks, tunnel
from mitmproxy.proxy.layers import http as mhttp
from mitmproxy.proxy.layers import tcp, tls
from mitmproxy.proxy.layers.http import _hooks, _http1, _http2, _upstream_proxy
from wsproto.connection import Connection
from wsproto.extensions import PerMessageDeflate


def test_the_version_is_the_one_that_was_read() -> None:
    assert version("mitmproxy").startswith("12.2.")


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (mhttp.HttpStream.__init__, ["self", "context", "stream_id"]),
        (mhttp.HttpStream._handle_event, ["self", "event"]),
        (mhttp.HttpStream.handle_connect_regular, ["self"]),
        (mhttp.HttpStream.handle_connect_finish, ["self"]),
        (mhttp.HttpStream.check_body_size, ["self", "request"]),
        (mhttp.HttpStream.state_consume_request_body, ["self", "event"]),
        (mhttp.HttpStream.state_consume_response_body, ["self", "event"]),
        (mhttp.HttpStream.state_stream_response_body, ["self", "event"]),
        (mhttp.HttpStream.start_response_stream, ["self"]),
        (tls.TLSLayer.receive_data, ["self", "data"]),
        (mhttp.HttpStream.send_response, ["self", "already_streamed"]),
        (mhttp.HttpStream.handle_protocol_error, ["self", "event"]),
        (mhttp.HttpStream.flow_done, ["self"]),
        (mhttp.HttpStream.passthrough, ["self", "event"]),
        (PerMessageDeflate.frame_inbound_payload_data, ["self", "proto", "data"]),
        (PerMessageDeflate.frame_inbound_complete, ["self", "proto", "fin"]),
        (mhttp.HttpLayer.__init__, ["self", "context", "mode"]),
        (mhttp.HttpLayer._handle_event, ["self", "event"]),
        (mhttp.HttpLayer.make_stream, ["self", "stream_id"]),
        (mhttp.HttpLayer.event_to_child, ["self", "child", "event"]),
        (_http1.Http1Server.read_headers, ["self", "event"]),
        (_http1.Http1Server.send, ["self", "event"]),
        (_http1.Http1Client.send, ["self", "event"]),
        (_http1.make_body_reader, ["expected_size"]),
        (_http1.make_error_response, ["status_code", "message"]),
        (layer.NextLayer.__init__, ["self", "context", "ask_on_start"]),
        (tcp.TCPLayer.__init__, ["self", "context", "ignore"]),
        (tls.parse_client_hello, ["data"]),
        (addonmanager.AddonManager.handle_lifecycle, ["self", "event"]),
        (addonmanager.AddonManager.trigger_event, ["self", "event"]),
        (addonmanager.AddonManager.trigger, ["self", "event"]),
        (addonmanager.traverse, ["chain"]),
        (proxyserver.Proxyserver.setup_servers, ["self"]),
        (tlsconfig.TlsConfig.get_cert, ["self", "conn_context"]),
        (tlsconfig._ip_or_dns_name, ["val"]),
        (tlsconfig.TlsConfig.tls_start_client, ["self", "tls_start"]),
        (tlsconfig.TlsConfig.tls_start_server, ["self", "tls_start"]),
        (_http2.format_error, ["status_code", "message"]),
        (
            certs.CertStore.get_cert,
            ["self", "commonname", "sans", "organization", "crl_url"],
        ),
        (proxyserver.Proxyserver.listen_addrs, ["self"]),
        (proxyserver.Servers.update, ["self", "modes"]),
        (mode_servers.ServerInstance.__init__, ["self", "mode", "manager"]),
        (_upstream_proxy.HttpUpstreamProxy.make, ["ctx", "send_connect"]),
    ],
)
def test_signatures(function: object, names: list[str]) -> None:
    assert list(inspect.signature(function).parameters) == names  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cls", "marks"),
    [
        (mhttp.HttpStream, ["self.flow.response.stream", "state_errored", "_paused_event_queue"]),
        (mhttp.HttpStream, ["self._handle_event = self.passthrough", "self.flow.websocket ="]),
        (PerMessageDeflate, ["self._inbound_compressed", "self._decompressor.decompress("]),
        (Connection, ["self._state = ConnectionState.REMOTE_CLOSING", "except ParseFailed as exc"]),
        (mhttp.HttpLayer, ["self.connections.setdefault", "self.streams[", "self.context.server"]),
        (mhttp.HttpClient, ["Http1Client(self.context)"]),
        (_http1.Http1Connection, ["self.body_reader", "make_body_reader", "passthrough"]),
        (layer.Layer, ["command.blocking is True", "self._paused"]),
        (layer.NextLayer, ["self._handle = self.layer.handle_event"]),
        (tunnel.TunnelLayer, ["child_layer", "yield from self.receive_data(event.data)"]),
        (mhttp.HttpStream, ["self.server_state = self.state_stream_response_body"]),
        (server.ConnectionHandler, ["self.layer.handle_event(event)"]),
        (tls.TLSLayer, ["self.tls.bio_write(data)", "events.DataReceived(self.conn, bytes("]),
        (mode_servers.AsyncioServerInstance, ["asyncio.start_server(self.handle_stream"]),
        (server.LiveConnectionHandler, ['peername=writer.get_extra_info("peername")']),
        (server.ConnectionHandler, ["self.transports", "ConnectionIO(", "handler.cancel"]),
        (server.ConnectionHandler, ["self.timeout_watchdog = TimeoutWatchdog("]),
        (mhttp.HttpStream, ["self.request_body_buf = ReceiveBuffer()", "self.response_body_buf"]),
        (_http1.Http1Connection, ["self.state = self.read_headers", "self.conn"]),
        (server.TimeoutWatchdog, ["self.last_activity = time.time()"]),
        (mode_servers.AsyncioServerInstance, ["await asyncio.start_server(self.handle_stream"]),
        (tlsconfig.TlsConfig, ["confdir", "ssl_verify_upstream_trusted_ca"]),
        (tlsconfig.TlsConfig, ["http2=ctx.options.http2", "if not server.alpn_offers:"]),
        (_upstream_proxy.HttpUpstreamProxy, ["alpn_offers = tls.HTTP1_ALPNS"]),
        (tls.TLSLayer, ["self.conn.certificate_list.append", "TlsEstablishedClientHook("]),
        (server.ConnectionHandler, ["self.transports", "writer"]),
    ],
)
def test_inside_names(cls: type, marks: list[str]) -> None:
    """Attributes that are used or relied on still occur where they did."""
    source = inspect.getsource(inspect.getmodule(cls) if cls is _http1.Http1Connection else cls)  # type: ignore[arg-type]
    assert [mark for mark in marks if mark not in source] == []


@pytest.mark.parametrize(
    ("hook", "argument"),
    [
        (_hooks.HttpRequestHeadersHook, "flow"),
        (_hooks.HttpRequestHook, "flow"),
        (_hooks.HttpResponseHeadersHook, "flow"),
        (_hooks.HttpResponseHook, "flow"),
        (_hooks.HttpErrorHook, "flow"),
        (_hooks.HttpConnectHook, "flow"),
        (layer.NextLayerHook, "data"),
        (server_hooks.ServerConnectHook, "data"),
        (server_hooks.ClientConnectedHook, "client"),
        (tls.TlsClienthelloHook, "data"),
    ],
)
def test_hooks_have_the_argument_that_is_refused(hook: type, argument: str) -> None:
    """The dispatcher refuses by the first argument."""
    assert [field.name for field in dataclasses.fields(hook)] == [argument]
    assert issubclass(hook, commands.StartHook)
    assert hook in hooks.all_hooks.values()


def test_the_host_still_forwards_what_raises() -> None:
    """The reason for a dispatcher of our own. When this fails, read what they do now."""
    assert "safecall" in inspect.getsource(addonmanager.AddonManager.trigger_event)
