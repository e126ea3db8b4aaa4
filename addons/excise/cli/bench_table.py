"""`excise bench --load`: throughput and latency by size and number of clients, side by side.

No proxy at all, plain mitmdump, Excise that only observes, Excise as shipped, and the same with two
workers, in turns in one run; each figure is the median over the rounds. On a machine whose cores
are busy otherwise the columns compare with each other and with nothing else.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table

from excise.cli.bench_rig import Proxy, Rig

SIZES: Final = (1_000, 10_000, 100_000)
LANES: Final = (1, 16)
_UP: Final = (sys.executable, "-O", "-m", "excise", "up")
# Name of a column, and the options of `excise up`.
OURS: Final = (
    ("observe", ("--profile", "observe")),
    ("balanced", ()),
    ("balanced, 2 workers", ("--workers", "2")),
)


class Figures(NamedTuple):
    """One proxy under one load: requests a second, milliseconds."""

    rate: float
    p50: float
    p99: float
    cpu: float


Results = dict[tuple[int, int], dict[str, list[Figures]]]


def run(*, rounds: int, requests: int, as_json: bool) -> int:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="excise-bench-") as folder:
        rig = Rig(Path(folder))
        try:
            rig.start_upstream(1)
            rig.add_direct()
            rig.start_plain()
            for name, options in OURS:
                rig.start_excise(name, _UP, options)
            rig.settle()
            results = _measure(rig, rounds, requests)
        finally:
            rig.close()
    if as_json:
        print(json.dumps(_as_json(results), indent=2))
    else:
        Console().print(_table(results))
    return 0


def _measure(rig: Rig, rounds: int, requests: int) -> Results:
    results: Results = {}
    for round_ in range(-1, rounds):  # the first warms up and does not count
        for size in SIZES:
            for lanes in LANES:
                for proxy in rig.proxies:
                    count = max(lanes, requests if size < SIZES[-1] else requests // 3)
                    figures = _once(rig, proxy, size, lanes, count, f"{size} {lanes} {round_}")
                    if round_ >= 0:
                        held = results.setdefault((size, lanes), {})
                        held.setdefault(proxy.name, []).append(figures)
    return results


def _once(rig: Rig, proxy: Proxy, size: int, lanes: int, count: int, seed: str) -> Figures:
    task = {"kind": "request", "size": size, "fresh": False, "lanes": lanes}
    latencies, cpu = rig.load(proxy, {**task, "count": count, "seed": seed})
    ordered = sorted(latencies)
    return Figures(
        # Every client asks again at once, so this many are always under way (Little's law).
        rate=lanes / statistics.fmean(ordered),
        p50=statistics.median(ordered) * 1000,
        p99=ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000,
        cpu=cpu / count * 1000,
    )


def median_of(figures: list[Figures]) -> Figures:
    """Field by field."""
    return Figures(*(statistics.median(column) for column in zip(*figures, strict=True)))


def _as_json(results: Results) -> list[dict[str, Any]]:
    return [
        {"size": size, "clients": lanes, "proxy": name, **median_of(figures)._asdict()}
        for (size, lanes), by_proxy in results.items()
        for name, figures in by_proxy.items()
    ]


def _table(results: Results) -> Table:
    table = Table(title="Requests seen before in part, as chats send them; closed loop")
    for head in ("body", "clients", "proxy", "req/s", "p50 ms", "p99 ms", "CPU ms"):
        table.add_column(head, justify="left" if head == "proxy" else "right")
    for (size, lanes), by_proxy in results.items():
        for number, (name, figures) in enumerate(by_proxy.items()):
            told = median_of(figures)
            table.add_row(
                "" if number else f"{size // 1000} KB",
                "" if number else str(lanes),
                name,
                f"{told.rate:.0f}",
                f"{told.p50:.2f}",
                f"{told.p99:.2f}",
                f"{told.cpu:.2f}" if name != "direct" else "",
            )
        table.add_section()
    return table
