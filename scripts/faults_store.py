"""The server that nodes share, for `scripts/faults`: started, hung, killed and started again."""

from __future__ import annotations

import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

PROGRAM: Final = shutil.which("redis-server") or shutil.which("valkey-server")
LIMITS: Final = "limits:\n  - {id: day, count: requests, at-most: 1000, within: 1d}\n"
_START_SECONDS: Final = 10.0


class Store:
    """Redis or Valkey on loopback, in a process of its own, with its files below `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Serve, with what was held before."""
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        words += ["--appendonly", "yes", "--save", ""]
        self._process = subprocess.Popen([str(PROGRAM), *words], stdout=subprocess.DEVNULL)
        until = time.monotonic() + _START_SECONDS
        while not self._answers():
            if time.monotonic() > until:
                raise SystemExit("redis-server does not start")
            time.sleep(0.05)

    def kill(self) -> None:
        """As a crash would."""
        self._process.kill()
        self._process.wait(10)

    def hang(self) -> None:
        """It takes connections and says nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """It answers again."""
        self._process.send_signal(signal.SIGCONT)

    def prepare(self, folder: Path) -> list[str]:
        """Have a proxy whose files are below `folder` count there; options of `excise up`."""
        policies = folder / "policies"
        policies.mkdir(parents=True)
        (policies / "limits.yaml").write_text(LIMITS)
        settings = folder / "config" / "excise" / "excise.yaml"
        settings.parent.mkdir(parents=True)
        told = f"redis: redis://127.0.0.1:{self.port}\nnodes-key: '{secrets.token_hex(32)}'\n"
        settings.write_text(told)
        return ["--policies", str(policies)]

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as wire:
                wire.sendall(b"PING\r\n")
                return wire.recv(16) == b"+PONG\r\n"
        except OSError:
            return False
