"""What the demonstration plays on: the stand-in model, and a real `excise up` in front of it."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from excise.audit.fields import BOOKKEEPING
from excise.errors import ConfigError
from excise.standin.server import StandIn

START_SECONDS: Final = 90.0
STOP_SECONDS: Final = 20.0


class ProxyProcess:
    """`excise up` as a process of its own, on a free port, with every file below `folder`.

    Its output goes to files there, since that has to be searched too.
    """

    def __init__(
        self,
        folder: Path,
        standin: StandIn,
        options: Sequence[str] = (),
        *,
        program: Sequence[str] = ("-m", "excise"),
    ) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.trail = folder / "audit" / "audit.jsonl"
        self.ca = folder / "ca" / "mitmproxy-ca-cert.pem"
        self.output = folder / "stdout.txt"
        self.errors = folder / "stderr.txt"
        self.port = 0
        self._words = [
            *(sys.executable, "-O", *program, "up", "--listen", "127.0.0.1:0"),
            *("--state-dir", str(self.state), "--ca-dir", str(self.ca.parent)),
            *("--audit", str(self.trail), "--upstream-ca", str(standin.ca)),
            *("--resolve", f"*=127.0.0.1:{standin.port}", *options),
        ]

    def __enter__(self) -> Self:
        self.start()
        deadline = time.monotonic() + START_SECONDS
        while not (line := self._ready_line()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                said = self.errors.read_text("utf-8").strip().splitlines() or ["no word"]
                raise ConfigError("EXC-CFG-006", f"the proxy did not start: {said[-1]}")
            time.sleep(0.02)
        self.port = int(line.rpartition(":")[2])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process without waiting until it serves."""
        # The user's own settings would change what is shown.
        kept = {k: v for k, v in os.environ.items() if not k.startswith("EXCISE_")}
        home = self.folder / "config"
        home.mkdir(parents=True, exist_ok=True)
        package = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, [package, kept.get("PYTHONPATH", "")]))
        with self.output.open("wb") as out, self.errors.open("wb") as err:
            self.process = subprocess.Popen(
                self._words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**kept, "XDG_CONFIG_HOME": str(home), "PYTHONPATH": path},
            )

    def stop(self) -> int:
        """Ask it to stop, wait until it has; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def _ready_line(self) -> str:
        text = self.output.read_text("utf-8")
        return next((line for line in text.split("\n")[:-1] if line.startswith("ready ")), "")

    @property
    def url(self) -> str:
        """What a client's proxy setting says."""
        return f"http://127.0.0.1:{self.port}"

    def trust(self, *others: Path) -> ssl.SSLContext:
        """Client TLS that trusts the proxy's CA, and `others`."""
        context = ssl.create_default_context(cafile=str(self.ca))
        for other in others:
            context.load_verify_locations(str(other))
        return context

    def lines(self, start: int = 0) -> list[dict[str, Any]]:
        """The whole lines of the audit trail from `start` on, but for those about the trail."""
        with suppress(FileNotFoundError):
            text = self.trail.read_text("utf-8")
            lines = [json.loads(line) for line in text.split("\n")[:-1]]
            return [line for line in lines if line.get("stage") not in BOOKKEEPING][start:]
        return []

    def await_lines(self, start: int, count: int, seconds: float = 5.0) -> list[dict[str, Any]]:
        """Lines from `start` on, once there are `count` of them or the time is up."""
        deadline = time.monotonic() + seconds
        while len(lines := self.lines(start)) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return lines

    def find_leaks(self, values: Sequence[str]) -> list[str]:
        """Files of the proxy's, its output included, in which one of the values stands."""
        wanted = [value.encode() for value in values]
        files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return [
            path.relative_to(self.folder).as_posix()
            for path in files
            if any(value in data for data in [path.read_bytes()] for value in wanted)
        ]
