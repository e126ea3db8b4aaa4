"""The product as users run it: `excise up` in a process of its own, real clients, real TLS, and
a stand-in for the models behind it."""

from __future__ import annotations

import shutil
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anthropic
import openai

from excise.cli.demo_clients import Clients, trust_of
from excise.cli.demo_stage import ProxyProcess
from excise.rules.fillers import fill
from excise.standin.received import Received
from excise.standin.server import StandIn

# A launcher that takes the product's place and makes its detector raise on demand.
CRASHING = (str(Path(__file__).with_name("crashing.py")),)
CRASH_WORD = "zebra-that-crashes"


def key(seed: str) -> str:
    """An AWS access key id that no other seed gives."""
    return fill("AKIA{base32:16}", seed)


def pem(seed: str) -> str:
    """A private key."""
    return fill("{pem:RSA PRIVATE KEY}", seed)


@dataclass
class Stage:
    """What a test talks to. `attempts` counts the requests that official clients made."""

    standin: StandIn
    proxy: ProxyProcess
    attempts: list[str] = field(default_factory=list)

    @property
    def trust(self) -> ssl.SSLContext:
        return trust_of(self.proxy.ca, self.standin.ca)

    @property
    def plain(self) -> Clients:
        return Clients(
            port=self.proxy.port, trust=self.trust, openai_key="none", anthropic_key="none"
        )

    def _note(self, request: Any) -> None:
        self.attempts.append(str(request.url))

    async def _note_later(self, request: Any) -> None:
        self.attempts.append(str(request.url))

    def openai(self) -> openai.OpenAI:
        web = openai.DefaultHttpxClient(
            proxy=self.proxy.url,
            verify=self.trust,
            trust_env=False,
            event_hooks={"request": [self._note]},
        )
        return openai.OpenAI(api_key="none", http_client=web, timeout=20)

    def openai_async(self) -> openai.AsyncOpenAI:
        web = openai.DefaultAsyncHttpxClient(
            proxy=self.proxy.url,
            verify=self.trust,
            trust_env=False,
            event_hooks={"request": [self._note_later]},
        )
        return openai.AsyncOpenAI(api_key="none", http_client=web, timeout=20)

    def anthropic(self) -> anthropic.Anthropic:
        web = anthropic.DefaultHttpxClient(
            proxy=self.proxy.url,
            verify=self.trust,
            trust_env=False,
            event_hooks={"request": [self._note]},
        )
        return anthropic.Anthropic(api_key="none", http_client=web, timeout=20)

    def settle(self) -> None:
        """Wait until the trail has been quiet for a while."""
        before = -1
        while before != (now := len(self.proxy.lines())):
            before = now
            time.sleep(0.3)

    @contextmanager
    def exchange(self, lines: int = 2) -> Iterator[Traffic]:
        """What came of the requests made inside the block, audit lines included."""
        known = {line.get("id") for line in self.proxy.lines()} - {None}
        asked, written = len(self.standin.received), len(self.proxy.lines())
        tried, traffic = len(self.attempts), Traffic()
        yield traffic
        deadline = time.monotonic() + 5
        while True:
            # The exchange before may still be having its last line written.
            fresh = [x for x in self.proxy.lines(written) if x.get("id") not in known]
            # A request that was refused has no answer, and so no second line.
            refused = lines == 2 and any(
                x.get("direction") == "request" and x.get("action") == "block" for x in fresh
            )
            if refused or len(fresh) >= lines or time.monotonic() > deadline:
                break
            time.sleep(0.01)
        traffic.lines = fresh
        traffic.received = list(self.standin.received)[asked:]
        traffic.attempts = len(self.attempts) - tried


@dataclass
class Traffic:
    """What upstream received, what the trail says, how often the client asked."""

    received: list[Received] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    attempts: int = 0

    def actions(self) -> list[str]:
        return [line["action"] for line in self.lines if "action" in line]


@contextmanager
def start(
    folder: Path, options: Sequence[str] = (), program: Sequence[str] = ("-m", "excise")
) -> Iterator[Stage]:
    """A stand-in and a proxy in front of it."""
    with StandIn(folder / "standin") as standin:
        proxy = ProxyProcess(folder / "proxy", standin, options, program=program)
        with warmed(proxy):
            yield Stage(standin, proxy)


@contextmanager
def warmed(proxy: ProxyProcess) -> Iterator[ProxyProcess]:
    """The proxy, given what an earlier one compiled, which halves the time it needs to start."""
    for path in _COMPILED:
        proxy.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, proxy.state / "cache")
    with proxy:
        if not _COMPILED:
            _COMPILED.append(proxy.state / "cache")
        yield proxy


# The first proxy of this process leaves its folder to the later ones.
_COMPILED: list[Path] = []
