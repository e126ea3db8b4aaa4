"""`excise prove`: planted values through the real clients of this machine, and what upstream got.

A proxy of its own stands between them and a stand-in for the models, so nothing is sent anywhere.
A client is given planted values only after it was seen to come to a proxy.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from excise.cli.demo_scenes import chat_body
from excise.cli.demo_stage import ProxyProcess
from excise.cli.options import settings_of
from excise.cli.runtimes import CLIENTS, Client
from excise.cli.tryout import (
    Probe,
    Sight,
    make_probe,
    post,
    see_led,
    see_trusting,
    version_of,
    without_settings,
)
from excise.config import Settings
from excise.errors import ConfigError
from excise.rules.fillers import fill
from excise.standin.received import Received
from excise.standin.server import StandIn
from excise.state.bundle import ensure_bundle
from excise.state.truststore import ensure_truststore

URL: Final = "https://api.openai.com/v1/chat/completions"
AT_ONCE: Final = 4


class Verdict(StrEnum):
    """What came of a client."""

    PROVEN = "proven"  # upstream received placeholders, the client its own values
    LED = "comes to the proxy"  # and takes the CA; it posts nothing
    IGNORES = "ignores the proxy"  # it was given nothing
    DISTRUSTS = "refuses the CA"  # nothing left
    LEAKED = "LEAKED"
    FAILED = "failed"


STYLES: Final = {
    Verdict.PROVEN: "green",
    Verdict.LED: "green",
    Verdict.IGNORES: "yellow",
    Verdict.DISTRUSTS: "yellow",
    Verdict.LEAKED: "bold red",
    Verdict.FAILED: "bold red",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One client: what it says of its version, what it was given, what upstream received."""

    client: str
    version: str
    led: bool
    trusted: bool
    verdict: Verdict
    sent: str = ""
    received: str = ""
    mend: str = ""


def add_parser(subparsers: Any) -> None:
    """`excise prove` and its options."""
    parser = subparsers.add_parser("prove", help="planted values through the clients found here")
    add = parser.add_argument
    add("--client", action="append", default=[], metavar="WORD",
        help="only clients with this in their name; repeatable")  # fmt: skip
    add("--profile", metavar="NAME|FILE", help="default balanced")
    add("--policies", type=Path, metavar="DIR", help="packs and profiles of your own")
    add("--json", action="store_true", help="for programs")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Try every client; 1 where a planted value got out, or a client got no answer."""
    settings = settings_of(args)
    wanted = [each for each in CLIENTS if is_wanted(each, args.client)]
    if not wanted:
        names = ", ".join(each.name for each in CLIENTS if each.words)
        raise ConfigError("EXC-CFG-001", f"--client names none of: {names}.")
    console = Console(stderr=True, quiet=args.json)
    with (
        tempfile.TemporaryDirectory(prefix="excise-prove-") as name,
        console.status("a proxy, a stand-in for the models, and the clients of this machine …"),
    ):
        proofs = prove(Path(name), settings, wanted, os.environ)
    if args.json:
        print(json.dumps([asdict(proof) for proof in proofs]))
    else:
        _show(proofs, wanted)
    return int(any(proof.verdict in (Verdict.LEAKED, Verdict.FAILED) for proof in proofs))


def is_wanted(client: Client, words: Sequence[str]) -> bool:
    """Whether it can be asked here, and is meant by these words; all are where there are none."""
    named = not words or any(word.lower() in client.name.lower() for word in words)
    return named and bool(client.words)


def prove(
    folder: Path, settings: Settings, clients: Sequence[Client], world: Mapping[str, str]
) -> list[Proof]:
    """Start both servers below `folder` and have each client that is here ask. Raises
    `ConfigError` where the proxy does not start."""
    options = ["--profile", settings.profile]
    if settings.policies is not None:
        options += ["--policies", str(settings.policies)]
    with (
        StandIn(folder / "upstream") as standin,
        ProxyProcess(folder / "proxy", standin, options) as proxy,
    ):
        return prove_through(proxy, standin, clients, world)


def prove_through(
    proxy: ProxyProcess, standin: StandIn, clients: Sequence[Client], world: Mapping[str, str]
) -> list[Proof]:
    """The same with servers that run; a client that is not here has no proof."""
    bare = _environment(world)
    # The files that `excise run` names are made once, before several ask for them.
    _prepare(proxy)
    probe = make_probe(proxy.folder / "probe")

    def ask(number: int) -> Proof | None:
        client = clients[number]
        version = version_of(client, bare)
        home = proxy.folder / f"client-{number}"
        asks = _Asks(client, number, version, home, bare, probe)
        return asks.prove(proxy, standin) if version else None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [proof for proof in pool.map(ask, range(len(clients))) if proof]


@dataclass(frozen=True, slots=True)
class _Asks:
    """A client with values that no other client has."""

    client: Client
    number: int
    version: str
    home: Path
    world: Mapping[str, str]
    probe: Probe

    def prove(self, proxy: ProxyProcess, standin: StandIn) -> Proof:
        sight = self._look()
        if not (sight.led and sight.trusted):
            return self._proof(sight, Verdict.DISTRUSTS if sight.led else Verdict.IGNORES)
        if not self.client.posts:
            return self._proof(sight, Verdict.LED)
        values = make_values(self.client.name)
        mark = f"[{self.number}] my key is"
        prompt = f"{mark} {values[0]}, write to {values[1]}"
        done = post(self.client, self.world, URL, chat_body(prompt), self.home, _under(proxy))
        got = [each for each in standin.received if mark in text_of(each)]
        verdict = judge(values, got, done.stdout if done else "")
        return self._proof(sight, verdict, prompt, text_of(got[0]) if got else "")

    def _look(self) -> Sight:
        sight = see_led(self.client, self.probe, self.world, self.home)
        if sight.led:
            return sight
        # What goes past the proxy may be asked about the CA all the same.
        settled = {**self.world, **self.probe.variables("http://127.0.0.1:9")}
        return Sight(False, see_trusting(self.client, self.probe.files, settled, self.home))

    def _proof(self, sight: Sight, verdict: Verdict, sent: str = "", received: str = "") -> Proof:
        past = verdict in (Verdict.IGNORES, Verdict.DISTRUSTS)
        return Proof(
            client=self.client.name,
            version=self.version,
            led=sight.led,
            trusted=sight.trusted,
            verdict=verdict,
            sent=sent,
            received=received,
            mend=self.client.mend if past else "",
        )


def make_values(seed: str) -> tuple[str, str]:
    """An AWS key id and an address, other ones for each seed."""
    key = fill("AKIA{base32:16}", f"prove {seed}")
    return key, f"{fill('{alnum:10}', f'prove {seed}').lower()}@example.com"


def judge(values: Sequence[str], received: Sequence[Received], answer: str) -> Verdict:
    """From what upstream received of a client's request, and what the client was told."""
    if any(request.holds(value) for request in received for value in values):
        return Verdict.LEAKED
    if len(received) == 1 and all(value in answer for value in values):
        return Verdict.PROVEN
    return Verdict.FAILED


def text_of(request: Received) -> str:
    """The prompt of a chat request, "" where it is none."""
    body = request.json()
    try:
        return str(body["messages"][0]["content"])
    except (LookupError, TypeError):
        return ""


def _prepare(proxy: ProxyProcess) -> None:
    bundle = ensure_bundle(proxy.state / "bundle.pem", proxy.ca, {})
    ensure_truststore(proxy.state / "truststore.p12", bundle)


def _environment(world: Mapping[str, str]) -> dict[str, str]:
    """That of whoever asks, without any setting of ours, and with this package to be found."""
    bare = without_settings({k: v for k, v in world.items() if not k.startswith("EXCISE_")})
    package = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [package, bare.get("PYTHONPATH", "")]))
    return {**bare, "PYTHONPATH": path}


def _under(proxy: ProxyProcess) -> list[str]:
    """`excise run --` for this proxy."""
    return [
        *(sys.executable, "-m", "excise", "run", "--listen", f"127.0.0.1:{proxy.port}"),
        *("--state-dir", str(proxy.state), "--ca-dir", str(proxy.ca.parent), "--"),
    ]


def _show(proofs: Sequence[Proof], wanted: Sequence[Client]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("client", "version", "", "upstream received", "mend"):
        table.add_column(column, overflow="fold")
    for each in proofs:
        table.add_row(
            Text(each.client),
            Text(each.version),
            Text(each.verdict, style=STYLES[each.verdict]),
            Text(each.received or "nothing"),
            Text(each.mend),
        )
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    console.print(table)
    seen = {proof.client for proof in proofs}
    absent = [each.name for each in wanted if each.name not in seen]
    if absent:
        console.print(f"Not here: {', '.join(absent)}.")
    leaks = sum(proof.verdict is Verdict.LEAKED for proof in proofs)
    console.print(f"leaks: {leaks}", style="bold")
