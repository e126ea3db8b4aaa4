"""Whom traffic is for: by every name it shows, spelt any way."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from edge.fakes import FakeHosts
from mitmproxy import options
from mitmproxy.proxy import layer, mode_specs
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import ServerTLSLayer, modes
from mitmproxy.proxy.layers.http import HTTPMode, HttpStream
from mitmproxy.test import tflow

from excise.edge.doubt import Doubts
from excise.edge.gate import Gate, is_own, normal
from excise.edge.layer import ExciseLayer
from excise.edge.layers import PeekTunnel, RefusedLayer
from excise.edge.settings import parse_networks
from excise.edge.sniff import look


@pytest.fixture
def gate() -> Gate:
    return Gate(FakeHosts(), run=None, clients=parse_networks(["192.0.2.0/24"]))


@pytest.mark.parametrize(
    ("host", "want"),
    [("Grpc.llm.test.", True), ("llm.test", False), ("other.test", True), ("", False)],
)
def test_http2_is_for_the_hosts_that_are_named(host: str, want: bool) -> None:
    made = Gate(FakeHosts(), run=None, http2=["*.llm.test", "other.test"])
    assert made.speaks_http2(host) is want
    assert Gate(FakeHosts(), run=None).speaks_http2(host) is False


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("LLM.Test", "llm.test"),
        ("llm.test.", "llm.test"),
        ("llm.test:443", "llm.test"),
        (" llm.test ", "llm.test"),
        ("[::1]:443", "::1"),
        ("::1", "::1"),
        ("", ""),
    ],
)
def test_hosts_are_compared_in_one_spelling(text: str, want: str) -> None:
    assert normal(text) == want


@pytest.mark.parametrize(
    ("destination", "names", "want"),
    [
        ("llm.test", (), ("llm.test", "")),
        ("llm.test", ("LLM.test:443",), ("llm.test", "")),
        ("192.0.2.1", ("llm.test", "llm.test"), ("llm.test", "")),
        ("plain.test", ("plain.test",), ("", "")),
        ("plain.test", ("other.test",), ("", "")),
        ("192.0.2.1", (), ("", "")),
        ("plain.test", ("llm.test",), ("llm.test", "host-mismatch")),
        ("llm.test", ("plain.test",), ("llm.test", "host-mismatch")),
        ("llm.test", ("llm.b.test",), ("llm.b.test", "host-mismatch")),
        ("192.0.2.1", ("llm.test", "plain.test"), ("llm.test", "host-mismatch")),
        ("192.0.2.1", ("llm.test", "192.0.2.1"), ("llm.test", "host-mismatch")),
        ("127.0.0.9", ("127.0.0.9:1143",), ("127.0.0.9:1143", "")),
        ("127.0.0.9", (), ("127.0.0.9:1143", "")),
    ],
)
def test_names_that_disagree_about_an_llm_host_are_trouble(
    gate: Gate, destination: str, names: tuple[str, ...], want: tuple[str, str]
) -> None:
    port = 1143 if destination == "127.0.0.9" else 443
    assert gate.speaker(destination, port, names) == want
    assert gate.speaker(destination, port, names) == want  # from memory


def test_what_is_remembered_is_bounded(gate: Gate) -> None:
    for number in range(5000):
        gate.speaker(f"h{number}.test", 443, ())
    assert len(gate._known) <= 4096


@pytest.mark.parametrize(
    ("host", "want"),
    [("plain.test", True), ("llm.test", False), ("192.0.2.1", False), ("127.0.0.9", False)],
)
def test_only_a_harmless_name_is_relayed_unseen(gate: Gate, host: str, want: bool) -> None:
    assert gate.is_opaque(host, 1143) is want


@pytest.mark.parametrize(
    ("peer", "refused"),
    [
        ("127.0.0.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("192.0.2.7", False),
        ("::ffff:192.0.2.7", False),
        ("198.51.100.1", True),
        ("fe80::1%eth0", True),
    ],
)
def test_clients_from_elsewhere_are_refused(gate: Gate, peer: str, refused: bool) -> None:
    client = tflow.tclient_conn()
    client.peername = (peer, 1)
    client.error = None
    gate.client_connected(client)
    assert bool(client.error) is refused
    assert client.peername == (peer.removeprefix("::ffff:"), 1)


@pytest.mark.parametrize(
    ("mode", "place", "refused"),
    [
        ("transparent", ("127.0.0.1", 8080), True),
        ("transparent", ("::1", 8080), True),
        ("transparent", ("127.0.0.1", 443), False),
        ("transparent", ("198.51.100.1", 8080), False),
        ("regular", ("127.0.0.1", 8080), False),
    ],
)
def test_a_transparent_proxy_is_not_called_directly(
    gate: Gate, mode: str, place: tuple[str, int], refused: bool
) -> None:
    """Where it was meant to go would be the proxy itself, again and again."""
    gate.port = 8080
    client = tflow.tclient_conn()
    client.peername, client.sockname, client.error = ("127.0.0.1", 1), place, None
    client.proxy_mode = mode_specs.ProxyMode.parse(mode)
    gate.client_connected(client)
    assert bool(client.error) is refused
    assert gate.counts["refused-not-handed-over"] == refused


@pytest.mark.parametrize(
    ("address", "want"), [("127.0.0.1", True), ("127.0.0.9", False), ("198.51.100.1", False),
                          ("fe80::1", False)],
)  # fmt: skip
def test_this_machines_addresses_are_known(address: str, want: bool) -> None:
    assert is_own(address) is want


def _asked(host: str, data: bytes, *, tls: bool = False) -> layer.NextLayer:
    opts = options.Options()
    context = Context(tflow.tclient_conn(), opts)
    context.client.timestamp_tls_setup = context.client.tls_version = None
    context.client.tls = tls
    context.server.address = (host, 443)
    context.layers = [modes.HttpProxy(context), ExciseLayer(context, HTTPMode.regular, None, bool)]  # type: ignore[arg-type]
    asked = layer.NextLayer(context)
    asked.data_client = lambda: data  # type: ignore[method-assign]
    return asked


@pytest.mark.parametrize(
    ("host", "data", "want"),
    [
        ("plain.test", b"", PeekTunnel),
        ("llm.test", b"", None),
        ("192.0.2.1", b"", None),
        ("192.0.2.1", b"\x00\x01\x02", PeekTunnel),
        ("192.0.2.1", b"GET / HTTP/1.1\r\nhost: llm.test\r\n\r\n", ExciseLayer),
        ("llm.test", b"GET / HTTP/1.1\r\n\r\n", ExciseLayer),
        ("llm.test", b"\x00\x01\x02", ExciseLayer),
        ("llm.test", b"GET / HTTP/1.1\r\nhost: x.test\r\n\r\n", RefusedLayer),
        ("llm.test", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", RefusedLayer),
    ],
)
def test_the_layer_inside_a_tunnel(
    gate: Gate, host: str, data: bytes, want: type[layer.Layer] | None
) -> None:
    asked = _asked(host, data)
    gate.next_layer(asked)
    assert type(asked.layer) is (want or type(None))


def test_a_failed_handshake_is_counted(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    client = tflow.tclient_conn()
    client.sni = "llm.test"
    told: list[tuple[str, ...]] = []
    gate.refused = lambda *what: told.append(what)
    server = SimpleNamespace(address=("other.test", 443))
    proxy = object.__new__(modes.HttpProxy)
    inside = [proxy, object.__new__(HttpStream)]
    for layers in (inside, [proxy]):
        context = SimpleNamespace(client=client, server=server, layers=layers)
        gate.tls_failed_client(SimpleNamespace(context=context))
    assert gate.counts == {"tls-failed-client": 1, "proxy-tls-failed": 1}
    assert told == [
        ("llm.test", "127.0.0.1", "certificate-refused"),
        ("", "127.0.0.1", "proxy-tls"),
    ]
    assert "llm.test" in caplog.text


def test_tls_for_an_llm_host_is_ended_here(gate: Gate) -> None:
    from edge.test_sniff import HELLO

    asked = _asked("llm.test", HELLO)
    gate.next_layer(asked)
    assert isinstance(asked.layer, ServerTLSLayer)


@pytest.mark.parametrize(
    ("host", "wanted"),
    [("api.x.test", True), ("API.X.test.", True), ("b.api.x.test", False), ("x.y.test", True),
     ("y.test", False), ("", False)],
)  # fmt: skip
def test_a_host_that_is_not_approved_is_known_however_it_is_spelt(host: str, wanted: bool) -> None:
    gate = Gate(FakeHosts(), run=None, denied=("api.x.test", "*.y.test"))
    assert gate.is_denied(host) is wanted


@pytest.mark.parametrize(
    ("doubts", "host", "data", "want"),
    [
        (Doubts(), "8.8.8.8", "nameless", RefusedLayer),
        (Doubts(unknown_sni="tunnel"), "8.8.8.8", "nameless", PeekTunnel),
        (Doubts(), "10.0.0.1", "nameless", PeekTunnel),
        (Doubts(), "8.8.8.8", "front", RefusedLayer),
        (Doubts(ech="tunnel"), "8.8.8.8", "front", PeekTunnel),
        (Doubts(ech="refuse"), "8.8.8.8", "greased", RefusedLayer),
        (Doubts(), "8.8.8.8", "greased", PeekTunnel),
        (Doubts(ech="refuse"), "8.8.8.8", "read", ServerTLSLayer),
    ],
)
def test_what_hides_its_name_is_relayed_only_where_that_is_wished_for(
    doubts: Doubts, host: str, data: str, want: type[layer.Layer]
) -> None:
    from edge.test_sniff import HELLO, hello_for, with_ech

    hello = {
        "nameless": hello_for(None),
        "front": with_ech(hello_for("cloudflare-ech.com")),
        "greased": with_ech(hello_for("plain.test")),
        "read": with_ech(HELLO),
    }[data]
    gate = Gate(FakeHosts(), run=None, doubts=doubts)
    told: list[tuple[str, ...]] = []
    gate.refused = lambda *what: told.append(what)
    asked = _asked(host, hello)
    gate.next_layer(asked)
    assert type(asked.layer) is want
    refused = [kind for kind in gate.counts if kind.startswith("refused-")]
    assert [f"refused-{why}" for _, _, why in told] == refused
    assert len(refused) == (want is RefusedLayer)


@pytest.mark.parametrize(
    ("host", "shown", "want"),
    [
        ("llm.test", "plain.test", ("llm.test", "127.0.0.1", "host-mismatch")),
        ("192.0.2.1", "llm.test\r\nhost: x.test", ("llm.test", "127.0.0.1", "host-mismatch")),
    ],
)
def test_a_refused_connection_is_told_by_the_llm_host_it_was_for(
    gate: Gate, host: str, shown: str, want: tuple[str, ...]
) -> None:
    told: list[tuple[str, ...]] = []
    gate.refused = lambda *what: told.append(what)
    gate.next_layer(_asked(host, f"GET / HTTP/1.1\r\nhost: {shown}\r\n\r\n".encode()))
    assert told == [want]


@pytest.mark.parametrize(("choice", "refused"), [("tunnel", False), ("refuse", True)])
def test_another_name_inside_a_tunnel_than_was_asked_for(choice: str, refused: bool) -> None:
    from edge.test_sniff import hello_for

    gate = Gate(FakeHosts(), run=None, doubts=Doubts(sni_mismatch=choice))
    for name, wanted in (("other.test", refused), ("plain.test", False), (None, False)):
        asked = _asked("plain.test", b"")
        gate.next_layer(asked)
        assert isinstance(asked.layer, PeekTunnel)
        assert asked.layer._allowed(look(hello_for(name))) is not wanted


@pytest.mark.parametrize(
    ("choice", "mode", "host", "want"),
    [
        ("name", modes.TransparentProxy, "8.8.8.8", "plain.test"),
        ("address", modes.TransparentProxy, "8.8.8.8", "8.8.8.8"),
        ("name", modes.TransparentProxy, "10.0.0.1", "10.0.0.1"),
        ("name", modes.HttpProxy, "8.8.8.8", "8.8.8.8"),
    ],
)
def test_a_false_name_leads_to_its_own_host(
    choice: str, mode: type[layer.Layer], host: str, want: str
) -> None:
    """Where the name decides, a harmless one shown at an LLM host's address leads elsewhere."""
    from edge.test_sniff import hello_for

    asked = _asked(host, hello_for("plain.test"))
    asked.context.layers[0] = mode(asked.context)
    Gate(FakeHosts(), run=None, doubts=Doubts(tunnel_to=choice)).next_layer(asked)
    assert isinstance(asked.layer, PeekTunnel)
    assert asked.context.server.address == (want, 443)


def test_hosts_to_be_looked_at_are_decrypted_and_no_others() -> None:
    from edge.test_sniff import hello_for

    gate = Gate(FakeHosts(), run=None, also=("*.plain.test",))
    assert gate.is_looked_at("A.plain.test") and not gate.is_looked_at("plain.test")
    assert gate.is_opaque("plain.test", 443) and not gate.is_opaque("a.plain.test", 443)
    context = Context(tflow.tclient_conn(), options.Options())
    context.server.address = ("a.plain.test", 443)
    assert isinstance(gate._tunnelled(context, hello_for("a.plain.test")), ServerTLSLayer)
