"""Processes of a benchmark: proxies, a stand-in upstream and clients, and what they cost."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from excise.cli.bench_load import HOST
from excise.config import FRUGAL
from excise.errors import ConfigError
from excise.leaf import issue_leaf
from excise.state.ca import create_ca

_LOAD: Final = [sys.executable, "-O", "-m", "excise.cli.bench_load"]
START_SECONDS: Final = 180.0
QUIET_SECONDS: Final = 6.0  # more than `assemble.prepare` waits before it begins
_IDLE: Final = 0.02  # share of a core that is no work
# By itself mitmdump collects an event stream to its end, which no client of a model could use.
_STREAMING: Final = """
def responseheaders(flow):
    if flow.response.headers.get("content-type", "").startswith("text/event-stream"):
        flow.response.stream = True
"""


@dataclass
class Proxy:
    """A proxy under measurement."""

    name: str
    process: subprocess.Popen[str]
    port: int
    ca: Path
    ours: bool = False

    def cpu_seconds(self) -> float:
        """User and system time of the whole process tree so far."""
        return sum(_cpu(pid) for pid in tree(self.process.pid))


@dataclass
class Rig:
    """One upstream, the proxies in front of it, in a folder that is thrown away."""

    folder: Path
    upstream: int = 0
    upstream_ca: Path = Path()  # what a proxy must trust to reach it
    proxies: list[Proxy] = field(default_factory=list)
    _started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start_upstream(self, events: int) -> None:
        """The stand-in, in a process of its own, with a certificate of a CA of its own."""
        home = self.folder / "upstream"
        leaf = _leaf(home)
        words = [*_LOAD, "upstream", str(leaf), str(events)]
        self.upstream = self._await_ready(self.start(words))
        self.upstream_ca = home / "mitmproxy-ca-cert.pem"

    def start_standin(self) -> None:
        """The stand-in that speaks the dialects, WebSockets too, in the place of the other."""
        home = self.folder / "upstream"
        words = [sys.executable, "-O", "-m", "excise.standin", "--dir", str(home)]
        self.upstream = self._await_ready(self.start(words))
        self.upstream_ca = home / "standin-ca.pem"

    def add_direct(self) -> Proxy:
        """No proxy: what clients and upstream cost by themselves."""
        return self._add("direct", self._started[0], 0, self.upstream_ca)

    def start_plain(self) -> Proxy:
        """mitmdump as it comes, with event streams passed on as they arrive."""
        port, home = _free_port(), self.folder / "plain"
        script = self.folder / "stream.py"
        script.write_text(_STREAMING)
        words = [
            sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()",
            "--quiet", "--listen-host", "127.0.0.1", "--listen-port", str(port),
            "--set", f"confdir={home}", "-s", str(script),
            "--set", f"ssl_verify_upstream_trusted_ca={self.upstream_ca}",
        ]  # fmt: skip
        process = self.start(words)
        _await_port(port, process)
        return self._add("mitmdump", process, port, home / "mitmproxy-ca-cert.pem")

    def start_excise(self, name: str, command: Sequence[str], options: Sequence[str]) -> Proxy:
        """`command` with the options of `excise up` that a benchmark needs."""
        home = self.folder / name
        earlier = next((each.ca.parents[1] / "cache" for each in self.proxies if each.ours), None)
        if earlier is not None and earlier.is_dir():  # compiling it anew would take a while
            shutil.copytree(earlier, home / "cache")
        words = [
            *command, "--listen", "127.0.0.1:0", "--upstream-ca", str(self.upstream_ca),
            "--state-dir", str(home), "--ca-dir", str(home / "ca"),
            "--audit", str(home / "audit" / "audit.jsonl"), *options,
        ]  # fmt: skip
        process = self.start(words)
        port = self._await_ready(process)
        ca = home / "ca" / "mitmproxy-ca-cert.pem"
        return self._add(name, process, port, ca, ours=True)

    def settle(self, quiet: float = QUIET_SECONDS, patience: float = START_SECONDS) -> None:
        """Wait until no proxy has worked for `quiet` seconds, or `patience` is over: after its
        start Excise compiles, in quiet moments, what the first messages would wait for."""
        until, since, before = time.monotonic() + patience, time.monotonic(), 0.0
        while (now := time.monotonic()) < until and now - since < quiet:
            spent = sum(proxy.cpu_seconds() for proxy in self.proxies)
            if spent - before > _IDLE * quiet:
                since, before = now, spent
            time.sleep(quiet / 20)

    def load(self, proxy: Proxy, task: dict[str, Any]) -> tuple[list[float], float]:
        """Run a client against a proxy; its latencies in seconds, and the proxy's CPU seconds."""
        whole = {**task, "proxy": proxy.port, "upstream": self.upstream, "ca": str(proxy.ca)}
        client = self.start([*_LOAD, "client", json.dumps(whole)], stdin=subprocess.PIPE)
        if client.stdout is None or client.stdin is None:
            raise RuntimeError("the client has no pipes")
        if client.stdout.readline().strip() != "go":
            raise ConfigError("EXC-CFG-006", f"{proxy.name} does not carry the traffic.")
        before = proxy.cpu_seconds()
        client.stdin.write("\n")
        client.stdin.flush()
        latencies = json.loads(client.stdout.readline() or "null")
        spent = proxy.cpu_seconds() - before
        client.wait(30)
        self._started.remove(client)
        client.stdin.close()
        client.stdout.close()
        if latencies is None:
            raise ConfigError("EXC-CFG-006", f"{proxy.name} stopped carrying the traffic.")
        return latencies, spent

    def close(self) -> None:
        """End everything that was started here."""
        for process in reversed(self._started):
            process.send_signal(signal.SIGTERM)
        for process in self._started:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
            if process.stdout is not None:
                process.stdout.close()
        self._started.clear()

    def start(self, words: list[str], stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        """A process that `close` ends; what it says to standard error goes to a file."""
        environment = {
            **FRUGAL,  # with which `excise up` starts over, too
            **os.environ,
            "EXCISE_NO_REEXEC": "1",
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        }
        with (self.folder / "stderr.log").open("ab") as log:
            process = subprocess.Popen(
                words, env=environment, text=True,
                stdin=stdin, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        self._started.append(process)
        return process

    def _add(
        self, name: str, process: subprocess.Popen[str], port: int, ca: Path, *, ours: bool = False
    ) -> Proxy:
        proxy = Proxy(name, process, port, ca, ours)
        self.proxies.append(proxy)
        return proxy

    def _await_ready(self, process: subprocess.Popen[str]) -> int:
        lines: queue.Queue[str] = queue.Queue()
        out = process.stdout
        if out is None:
            raise RuntimeError("the process has no pipe")
        threading.Thread(target=lambda: lines.put(out.readline()), daemon=True).start()
        try:
            line = lines.get(timeout=START_SECONDS)
        except queue.Empty:
            line = ""
        if not line.startswith("ready "):
            said = (self.folder / "stderr.log").read_text(errors="replace").strip()
            raise ConfigError(
                "EXC-CFG-006", f"a process of the benchmark did not start: {said[-600:]}"
            )
        return int(line.split()[1].rpartition(":")[2])


def tree(root: int) -> list[int]:
    """A process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                shown = (entry / "stat").read_text()
            except OSError:
                continue
            parent = int(shown.rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(entry.name))
    found = [root]
    for pid in found:
        found.extend(parents.get(pid, ()))
    return found


def _cpu(pid: int) -> float:
    try:
        pieces = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(pieces[11]) + int(pieces[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _await_port(port: int, process: subprocess.Popen[str]) -> None:
    import socket

    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise ConfigError("EXC-CFG-006", "mitmdump did not start.")


def _leaf(home: Path) -> Path:
    """A certificate for the provider's name, from a CA made for this one run."""
    files = create_ca(home)
    raw = files.key_and_cert.read_bytes()
    ca_key = load_pem_private_key(raw, None)
    ca = x509.load_pem_x509_certificate(files.cert_pem.read_bytes())
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise TypeError("the CA is made with an elliptic curve key")
    path = home / "leaf.pem"
    path.write_bytes(issue_leaf(HOST, ca, ca_key, datetime.now(UTC)))
    return path
