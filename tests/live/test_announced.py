"""A balancer in front: the client behind it is who counts, for networks and for the trail."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from certified import Office
from cryptography import x509
from edge.test_announced import block, line, shown
from live.rig import Rig, drain

from excise.edge.settings import parse_networks

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A proxy that believes balancers on this machine, and serves two networks."""
    options = {
        "balancers": parse_networks(["127.0.0.0/8"]),
        "allow_clients": parse_networks(["192.0.2.0/24", "2001:db8::/32"]),
        "balancer_names": True,
    }
    with Rig(tmp_path_factory.mktemp("behind"), options) as rig:
        yield rig


def _connect(rig: Rig, header: bytes) -> ssl.SSLSocket:
    bare = rig.raw()
    bare.sendall(header + b"CONNECT llm.test:443 HTTP/1.1\r\nhost: llm.test:443\r\n\r\n")
    head = b""
    while not head.endswith(b"\r\n\r\n") and (piece := bare.recv(1)):
        head += piece
    assert b" 200 " in head.split(b"\r\n")[0], head
    return rig.trust().wrap_socket(bare, server_hostname="llm.test")


@pytest.mark.parametrize("make", [line, block])
@pytest.mark.parametrize("address", ["192.0.2.77", "2001:db8::77"])
def test_the_client_is_known_by_its_own_address(behind: Rig, make: object, address: str) -> None:
    assert callable(make)
    connection = _connect(behind, make(address, 40_000))
    connection.sendall(
        b"POST /v1/echo HTTP/1.1\r\nhost: llm.test\r\nconnection: close\r\n"
        b"content-length: 7\r\n\r\nPLANTED"
    )
    assert b" 200 " in drain(connection).split(b"\r\n")[0]
    assert behind.upstream.received[-1].body == b"[CUT]"
    assert behind.firewall.seen[-1].address == address
    assert behind.vault.kept[-1][0] == f"address:{address}"


def test_the_client_is_known_by_the_certificate_that_the_balancer_checked(behind: Rig) -> None:
    connection = _connect(behind, block("192.0.2.77", 40_001, more=shown("Ada")))
    connection.sendall(
        b"POST /v1/echo HTTP/1.1\r\nhost: llm.test\r\nconnection: close\r\n"
        b"content-length: 1\r\n\r\nx"
    )
    assert b" 200 " in drain(connection).split(b"\r\n")[0]
    principal = behind.firewall.seen[-1].principal
    assert (principal.id, principal.source) == ("cert:ada", "balancer")


@pytest.mark.parametrize(
    "start",
    [
        line("198.51.100.7", 1),  # of no allowed network
        b"",  # a balancer that is believed has to say whose connection it is
        line("192.0.2.7", 1)[:-2] + b" x\r\n",
    ],
)
def test_others_and_connections_without_a_header_are_closed(behind: Rig, start: bytes) -> None:
    bare = behind.raw()
    bare.sendall(start + b"CONNECT llm.test:443 HTTP/1.1\r\nhost: llm.test:443\r\n\r\n")
    assert drain(bare) == b""


def test_a_header_of_somebody_else_is_no_header(tmp_path: Path) -> None:
    """Who is no balancer cannot give itself another address: to mitmproxy it is no HTTP."""
    with Rig(tmp_path) as rig, rig.raw() as bare:
        bare.sendall(line("192.0.2.7", 1) + b"CONNECT llm.test:443 HTTP/1.1\r\n\r\n")
        bare.shutdown(socket.SHUT_WR)
        assert b" 200 " not in drain(bare)
        assert rig.firewall.seen == []


HAPROXY = shutil.which("haproxy") or "/usr/sbin/haproxy"
SETTINGS = """\
defaults
  mode tcp
  timeout connect 3s
  timeout client 20s
  timeout server 20s
frontend clients
  bind 127.0.0.1:{port} ssl crt {own} ca-file {ca} verify required
  default_backend excise
backend excise
  server one 127.0.0.1:{proxy} send-proxy-v2-ssl-cn
"""


@pytest.mark.skipif(not Path(HAPROXY).exists(), reason="LEFT OUT: haproxy is not installed")
def test_haproxy_ends_tls_and_tells_whose_certificate_it_was(tmp_path: Path) -> None:
    """As the guide has it; without a certificate nobody comes as far as the proxy."""
    office = Office(tmp_path)
    own = office.issue(names=(x509.DNSName("localhost"),), serves=True)
    ada = office.issue("Ada")
    networks = parse_networks(["127.0.0.0/8"])
    with Rig(tmp_path, {"balancers": networks, "balancer_names": True, "auth": True}) as rig:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        told = SETTINGS.format(port=port, own=own, ca=office.ca, proxy=rig.port)
        (tmp_path / "haproxy.cfg").write_text(told)
        with subprocess.Popen([HAPROXY, "-q", "-f", str(tmp_path / "haproxy.cfg")]) as balancer:
            try:
                _await_port(port)
                assert _through(rig, port, office, ada) == 200
                assert rig.firewall.seen[-1].principal.id == "cert:ada"
                with pytest.raises(httpx.TransportError):
                    _through(rig, port, office, None)
            finally:
                balancer.terminate()


def _through(rig: Rig, port: int, office: Office, shown: Path | None) -> int:
    to_balancer = ssl.create_default_context(cafile=str(office.ca))
    if shown is not None:
        to_balancer.load_cert_chain(shown)
    proxy = httpx.Proxy(f"https://localhost:{port}", ssl_context=to_balancer)
    with httpx.Client(proxy=proxy, verify=rig.trust(), trust_env=False, timeout=10) as client:
        return client.post("https://llm.test/v1/echo", content=b"x").status_code


def _await_port(port: int) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.02)
        else:
            return
