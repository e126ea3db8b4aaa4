"""A real HTTP server takes batches, can check whose they are, and is heeded when it says no."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from excise.audit.sinks.feeder import SinkFault
from excise.audit.sinks.target import parse_target
from excise.audit.sinks.webhook import Webhook, sign
from excise.errors import ConfigError


class Receiver(ThreadingHTTPServer):
    """Keeps posts and answers as it is told."""

    daemon_threads = True
    status = 204
    retry_after = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.posts: list[tuple[str, dict[str, str], bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.posts.append((self.path, headers, body))
        self.send_response(self.server.status)
        if self.server.retry_after:
            self.send_header("retry-after", self.server.retry_after)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *_: Any) -> None: ...


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def hook(receiver: Receiver, options: str = "", path: str = "/in?a=b") -> Webhook:
    port = receiver.server_address[1]
    return Webhook(
        parse_target(f"webhook+http://127.0.0.1:{port}{path}#{options}"), clock=lambda: 1e9
    )


def test_a_batch_is_one_signed_post(receiver: Receiver, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"0123456789abcdef\n")
    secret.chmod(0o600)
    hook(receiver, f"secret-file={secret}").send([b'{"seq":1}', b'{"seq":2}'])
    path, headers, body = receiver.posts[0]
    assert (path, json.loads(body)) == ("/in?a=b", [{"seq": 1}, {"seq": 2}])
    assert headers["x-excise-timestamp"] == "1000000000"
    assert headers["x-excise-signature"] == sign(b"0123456789abcdef", "1000000000", body)
    assert sign(b"0123456789abcdef", "1000000001", body) != headers["x-excise-signature"]


@pytest.mark.parametrize(
    ("status", "lasting"), [(503, False), (429, False), (400, True), (302, True), (401, True)]
)
def test_a_refusal_is_for_now_or_for_good(receiver: Receiver, status: int, lasting: bool) -> None:
    receiver.status, receiver.retry_after = status, "7"
    with pytest.raises(SinkFault, match=f"status {status}") as fault:
        hook(receiver).send([b"{}"])
    assert (fault.value.lasting, fault.value.after) == (lasting, 7.0)
    assert len(receiver.posts) == 1
    assert "x-excise-signature" not in receiver.posts[0][1]


@pytest.mark.parametrize(
    ("mode", "text", "code"),
    [(0o644, b"0123456789abcdef", "EXC-STA-001"), (0o600, b"short", "EXC-CFG-001")],
)
def test_a_secret_is_long_and_the_owners(
    receiver: Receiver, tmp_path: Path, mode: int, text: bytes, code: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(text)
    secret.chmod(mode)
    with pytest.raises(ConfigError, match=code):
        hook(receiver, f"secret-file={secret}")
    with pytest.raises(ConfigError, match="EXC-CFG-003"):
        hook(receiver, f"secret-file={tmp_path / 'absent'}")
