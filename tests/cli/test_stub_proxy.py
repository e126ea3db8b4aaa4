"""The stub proxy notes who is asked for, and leads tunnels to one port."""

from __future__ import annotations

import socket

from excise.cli.stub_proxy import StubProxy, serve_proxy


def ask(proxy: StubProxy, head: bytes) -> socket.socket:
    port = int(proxy.url.rpartition(":")[2])
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    client.sendall(head + b"\r\nhost: x\r\n\r\n")
    return client


def read_head(client: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(1)
    return head


def test_a_tunnel_ends_at_the_port_and_is_noted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as target:
        target.settimeout(10)
        with serve_proxy(target.getsockname()[1]) as proxy:
            with ask(proxy, b"CONNECT far.invalid:443 HTTP/1.1") as client:
                assert b" 200 " in read_head(client)
                onward, _ = target.accept()
                with onward:
                    client.sendall(b"ping")
                    assert onward.recv(4) == b"ping"
                    onward.sendall(b"pong")
                    assert client.recv(4) == b"pong"
            assert proxy.asked == ["far.invalid:443"]


def test_anything_else_is_noted_and_refused() -> None:
    with serve_proxy(1) as proxy:
        with ask(proxy, b"GET http://far.invalid/ HTTP/1.1") as client:
            assert b" 502 " in read_head(client)
        assert proxy.asked == ["http://far.invalid/"]


def test_a_client_that_says_nothing_is_let_go() -> None:
    with serve_proxy(1) as proxy:
        port = int(proxy.url.rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
        assert proxy.asked == []
