"""`excise bench --detection`: what looking at a text costs, and what it costs others.

Every text is new to the scanner. Each figure comes from texts in turns within one run, so that a
busy neighbour hits all of them; ratios are medians of the turns' ratios.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table

from excise.assemble import Engine, load_engine, prepare, settle
from excise.cli import bench_guards
from excise.cli.bench_peers import JOBS, PEERS, OwnProcess, PeerMissing
from excise.cli.bench_session import LAST_TURN, TURNS, codec, last_turn
from excise.cli.bench_text import hostile, mixed
from excise.detectors.build import build_scanner
from excise.detectors.meaning.reading import Meaning
from excise.detectors.scanner import FullScanner
from excise.model import Direction, Part, Role, Segment

SIZES: Final = (1_000, 10_000, 100_000)
MEANING_SIZES: Final = (2_000, 50_000)
LARGE: Final = 3_500_000
HOSTILE: Final = 300_000
PEER_SIZE: Final = 10_000
BARS: Final[dict[int, tuple[float, float]]] = {  # bytes → milliseconds at p50 and p99
    1_000: (0.5, 1.5),
    10_000: (2.0, 5.0),
    100_000: (18.0, 30.0),
}
WORST: Final = 10.0


class Cost(NamedTuple):
    """Milliseconds for texts of one size."""

    size: int
    p50: float
    p99: float


def run(profile: str, *, rounds: int, peers: bool, as_json: bool) -> int:
    """Measure and print; exit status 1 where a hostile text or the last turn of a session costs
    more than its bar."""
    with tempfile.TemporaryDirectory(prefix="excise-bench-") as folder:
        engine = load_engine(profile, state_dir=Path(folder))
        settle()  # as `excise up` does
        report = measure(engine, rounds=rounds, peers=peers)
        report["memory"] = memory(profile, folder)
    if as_json:
        print(json.dumps(report, indent=2))
    else:
        show(report, Console())
    within = report["session"]["ratio"] <= LAST_TURN
    return 0 if within and all(each <= WORST for each in report["hostile"].values()) else 1


def measure(engine: Engine, *, rounds: int, peers: bool) -> dict[str, Any]:
    """All figures, as JSON can say them."""
    prepare(engine, lambda _: None)
    look = _looker(engine.scanner)
    dice = random.Random("detection")
    for _ in range(20):
        look(mixed(SIZES[1], dice))
    report: dict[str, Any] = {
        "inspection": [cost(size, look, dice, rounds)._asdict() for size in SIZES],
        "remembered": {str(size): remembered(size, look, dice) for size in SIZES},
        "linear": linear(look, dice),
        "session": last_turn(
            lambda segments: engine.scanner.inspect(segments, Direction.REQUEST), dice
        ),
        "codec": codec(dice),
        "meaning": [cost(size, _meaning(), dice, rounds)._asdict() for size in MEANING_SIZES],
        "guards": bench_guards.guards(dice, rounds),
        "hostile": {name: round(each, 2) for name, each in against_plain(look, dice).items()},
    }
    if peers:

        def looks(name: str) -> list[Callable[[str], float]]:
            return [look, _looker(_scanner_of(engine, JOBS[name]))]

        ratios = against_peers(looks, dice, rounds)
        report["peers"] = {name: round(whole, 1) for name, (whole, _) in ratios.items()}
        report["peers_job"] = {name: round(job, 1) for name, (_, job) in ratios.items()}
    return report


def _scanner_of(engine: Engine, packs: Sequence[str]) -> FullScanner:
    """The pattern rules of some packs alone."""
    rules = [each.rule for each in engine.scanner.pattern.rules]
    return build_scanner(rule for rule in rules if rule.id.partition(".")[0] in packs)


def _looker(scanner: FullScanner) -> Callable[[str], float]:
    def look(text: str) -> float:
        segment = Segment(text, Role.USER, Part.PROMPT, 0)
        began = time.perf_counter()
        scanner.inspect([segment], Direction.REQUEST)
        return (time.perf_counter() - began) * 1000

    return look


def _meaning() -> Callable[[str], float]:
    """Topics, injection and unsafe content alone; they are part of an inspection."""
    meaning = Meaning.shipped()

    def look(text: str) -> float:
        began = time.perf_counter()
        meaning.read(text, Part.PROMPT)
        return (time.perf_counter() - began) * 1000

    return look


def cost(size: int, look: Callable[[str], float], dice: random.Random, rounds: int) -> Cost:
    """Median and 99th percentile over new texts; more of the small ones."""
    count = max(20, rounds * 200_000 // size)
    times = sorted(look(mixed(size, dice)) for _ in range(min(count, 2000)))
    return Cost(size, round(statistics.median(times), 3), round(times[len(times) * 99 // 100], 3))


def remembered(size: int, look: Callable[[str], float], dice: random.Random) -> float:
    """Milliseconds for a text that was seen before."""
    texts = [mixed(size, dice) for _ in range(20)]
    for text in texts:
        look(text)
    return round(statistics.median(look(text) for text in texts), 4)


def linear(look: Callable[[str], float], dice: random.Random) -> float:
    """Time for each byte of a very large text, over that of a text of 100 KB."""
    ratios = [
        look(mixed(LARGE, dice)) / LARGE / (look(mixed(SIZES[2], dice)) / SIZES[2])
        for _ in range(3)
    ]
    return round(statistics.median(ratios), 2)


def against_plain(look: Callable[[str], float], dice: random.Random) -> dict[str, float]:
    """Time for a text made to be costly, over that of mixed text of the same length."""
    ratios = {}
    for name, text in hostile(HOSTILE).items():
        turns = [look(text[:-turn]) / look(mixed(HOSTILE, dice)) for turn in range(1, 4)]
        ratios[name] = statistics.median(turns)
    return ratios


def against_peers(
    looks: Callable[[str], Sequence[Callable[[str], float]]], dice: random.Random, rounds: int
) -> dict[str, list[float]]:
    """How many times longer each peer takes for the same texts than each of some looks; those that
    are not here are said to be so, and left out."""
    ratios = {}
    for name, make in PEERS.items():
        try:
            peer = make()
            peer(mixed(PEER_SIZE, dice))
        except PeerMissing as why:
            print(f"excise: {name} is {why}", file=sys.stderr)
            continue
        ours, turns = looks(name), []
        for _ in range(max(rounds, 3)):
            text = mixed(PEER_SIZE, dice)
            began = time.perf_counter()
            peer(text)
            took = (time.perf_counter() - began) * 1000
            turns.append([took / look(text) for look in ours])
        ratios[name] = [statistics.median(each) for each in zip(*turns, strict=True)]
        if isinstance(peer, OwnProcess):
            peer.close()
    return ratios


def memory(profile: str, folder: str) -> dict[str, float]:
    """Resident megabytes of a process of its own: bare, with the engine, after inspecting."""
    code = f"from excise.cli.bench_detect import _resident; _resident({profile!r}, {folder!r})"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=True
    )
    return dict(json.loads(told.stdout))


def _resident(profile: str, folder: str) -> None:
    figures = {"bare": _megabytes()}
    engine = load_engine(profile, state_dir=Path(folder))
    figures["engine"] = _megabytes()
    look, dice = _looker(engine.scanner), random.Random("memory")
    for size in (*SIZES, *SIZES):
        look(mixed(size, dice))
    figures["inspected"] = _megabytes()
    print(json.dumps(figures))


def _megabytes() -> float:
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return round(int(fields["VmRSS"].split()[0]) / 1024, 1)


def show(report: dict[str, Any], console: Console) -> None:
    """A table each."""
    table = Table(title="Inspection of new text, ms")
    for column in ("size", "p50", "bar", "p99", "bar"):
        table.add_column(column, justify="right")
    for each in report["inspection"]:
        p50, p99 = BARS[each["size"]]
        table.add_row(f"{each['size']:,}", str(each["p50"]), str(p50), str(each["p99"]), str(p99))
    console.print(table)
    again = ", ".join(
        f"{int(size):,} bytes {took} ms" for size, took in report["remembered"].items()
    )
    console.print(f"A text that was seen before: {again}.")
    console.print(f"{LARGE:,} bytes cost {report['linear']} times as much a byte as 100,000.")
    session, read = report["session"], report["codec"]
    console.print(
        f"Turn {TURNS} of a session costs {session['ratio']} times the first: "
        f"{session['last']} and {session['first']} ms."
    )
    sizes = ", ".join(f"{size:,} bytes {took} ms" for size, took in read.items())
    console.print(f"Reading a chat without looking at it: {sizes}.")
    bench_guards.show(report["guards"], console)
    for each in report["meaning"]:
        console.print(
            f"topics, injection and unsafe content of {each['size']:,} bytes: "
            f"{each['p50']} ms, p99 {each['p99']}"
        )
    _show_ratios(console, f"Costly texts x mixed text of {HOSTILE:,} bytes", report["hostile"])
    if "peers" in report:
        title = f"Peers x Excise, {PEER_SIZE:,} bytes"
        _show_ratios(console, f"{title}, all detectors", report["peers"])
        _show_ratios(console, f"{title}, the packs of the same job alone", report["peers_job"])
    console.print(
        "resident MB: " + ", ".join(f"{name} {each}" for name, each in report["memory"].items())
    )


def _show_ratios(console: Console, title: str, ratios: dict[str, float]) -> None:
    table = Table("", "times", title=title)
    for name, ratio in ratios.items():
        table.add_row(name, str(ratio))
    console.print(table)
