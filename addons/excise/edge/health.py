"""Metrics, liveness and readiness on a port of their own.

`/metrics` is for Prometheus. `/healthz` answers 200 while the event loop that carries traffic
still turns; `/readyz` while every check holds: a policy is loaded and passes a trial message, the
trail can be written, the proxy serves and is not stopping. A failed check is named, in JSON, with
status 503.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Protocol

from excise.edge.metrics import Labels, Metrics
from excise.edge.ports import Pulse
from excise.edge.settings import Network, is_loopback
from excise.errors import ConfigError

Check = Callable[[], bool]


class Watch(Protocol):
    """What is asked on the port of metrics and health."""

    def render(self) -> bytes:
        """The text that Prometheus scrapes."""
        ...

    def alive(self) -> bool:
        """Whether traffic is carried on."""
        ...

    def ready(self) -> Mapping[str, bool]:
        """What each check says."""
        ...


_PATIENCE: Final = 2.0  # seconds that the event loop may take to answer
_TRIAL_SECONDS: Final = 15.0
_PLAIN: Final = "text/plain; version=0.0.4; charset=utf-8"


class Monitor:
    """The numbers and checks of one proxy. `checks` are asked by name at every `/readyz`."""

    def __init__(self, metrics: Metrics, checks: Mapping[str, Check]) -> None:
        self.metrics = metrics
        self._pulse: Pulse | None = None
        self._checks = {**checks, "serving": self._serves}
        metrics.read("excise_ready", lambda: {(n,): float(ok) for n, ok in self.ready().items()})

    def watch(self, pulse: Pulse) -> None:
        """Told once the proxy serves."""
        self._pulse = pulse
        read = self.metrics.read
        read("excise_connections", lambda: _labelled(pulse.connections))
        read("excise_hook_faults", lambda: _labelled(pulse.hook_faults))
        read("excise_active_exchanges", lambda: {(): float(pulse.active())})
        read("excise_open_sockets", lambda: {(): float(pulse.sockets())})
        read("excise_afterthoughts", lambda: _labelled(pulse.afterthoughts))
        read("excise_afterthoughts_waiting", lambda: {(): float(pulse.waiting())})

    def render(self) -> bytes:
        """The text that Prometheus scrapes."""
        return self.metrics.render()

    def alive(self) -> bool:
        """Whether the event loop turns; true before there is one."""
        if self._pulse is None or self._pulse.loop.is_closed():
            return self._pulse is None
        turn = asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._pulse.loop)
        try:
            turn.result(_PATIENCE)
        except (TimeoutError, CancelledError):
            turn.cancel()
            return False
        return True

    def ready(self) -> dict[str, bool]:
        """What each check says; one that raises does not hold."""
        return {name: _holds(check) for name, check in self._checks.items()}

    def _serves(self) -> bool:
        return self._pulse is not None and not self._pulse.stopping()


class Trial:
    """A check that is too dear for every question: its answer stands for a while."""

    def __init__(self, attempt: Check, clock: Callable[[], float] = time.monotonic) -> None:
        self._attempt = attempt
        self._clock = clock
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._held = False

    def __call__(self) -> bool:
        """What the last attempt said, made anew where that is too long ago."""
        with self._lock:
            if self._clock() >= self._until:
                self._held = _holds(self._attempt)
                self._until = self._clock() + _TRIAL_SECONDS
            return self._held


class HealthServer:
    """Serves one watch in threads of its own; `address` is what it listens on."""

    def __init__(
        self, host: str, port: int, monitor: Watch, clients: Sequence[Network] = ()
    ) -> None:
        """Raises `ConfigError` where it may not or cannot listen there."""
        if not is_loopback(host) and not clients:
            raise ConfigError(
                "EXC-CFG-002",
                f'--metrics "{host}" is reached from beyond this machine, and nothing says who '
                "may ask.",
                hint="Add --allow-clients with the networks of your Prometheus and your probes.",
            )
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        server = type("_Server", (_Server,), {"address_family": family})
        try:
            self._server = server((host, port), _Handler)
        except OSError as fault:
            raise ConfigError(
                "EXC-CFG-003",
                f"metrics cannot listen on {host}:{port} ({fault.strerror}).",
                hint="Name another with --metrics.",
            ) from None
        self._server.monitor, self._server.clients = monitor, tuple(clients)
        self.address: tuple[str, int] = self._server.server_address[:2]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="metrics", daemon=True
        )

    def __enter__(self) -> HealthServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    monitor: Watch
    clients: tuple[Network, ...]

    def verify_request(self, request: Any, client_address: Any) -> bool:
        address = ipaddress.ip_address(str(client_address[0]).partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        return address.is_loopback or any(address in network for network in self.clients)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nobody's concern."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10
    server_version = "excise"
    sys_version = ""

    def do_GET(self) -> None:
        monitor = self.server.monitor
        match self.path.partition("?")[0]:
            case "/metrics":
                self._answer(200, _PLAIN, monitor.render())
            case "/healthz":
                alive = monitor.alive()
                self._say(alive, {"loop": alive})
            case "/readyz":
                checks = monitor.ready()
                self._say(all(checks.values()), checks)
            case _:
                self._answer(404, "text/plain", b"/metrics, /healthz or /readyz\n")

    do_HEAD = do_GET

    def _say(self, fine: bool, checks: Mapping[str, bool]) -> None:
        body = json.dumps({"ok": fine, "checks": checks}).encode() + b"\n"
        self._answer(200 if fine else 503, "application/json", body)

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("cache-control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *_: Any) -> None:
        """Scrapes are not logged."""


def _labelled(counts: Counter[str]) -> dict[Labels, float]:
    return {(name,): float(count) for name, count in dict(counts).items()}


def _holds(check: Check) -> bool:
    try:
        return bool(check())
    except Exception:
        return False
