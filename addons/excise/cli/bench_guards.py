"""What each guard of meaning, answers and calls costs alone: time for a text, and memory held.

Guards over an operator's data run over the small data by which their rules are proven.
"""

from __future__ import annotations

import random
import statistics
import time
import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from excise.cli.bench_text import mixed
from excise.detectors.base import Detector, Glance
from excise.detectors.build import SHIPPED
from excise.detectors.own.proof import PROOF
from excise.model import Part, Role, Segment

SIZE: Final = 2_000  # bytes of a text
_PROVEN: Final = (
    "system-prompt",
    "links",
    "tool-guard",
    "tool-pins",
    "packages",
    "facts",
    "canary",
)
_MODELS: Final = ("injection", "unsafe", "topics")
GUARDS: Final[Mapping[str, Callable[[], Detector]]] = {
    **{name: SHIPPED[name] for name in _MODELS},
    **{name: PROOF[name] for name in _PROVEN},
}
"""Those of a model share one reading of a text: the first of them pays for it."""


def guards(dice: random.Random, rounds: int) -> dict[str, dict[str, float]]:
    """Guard → milliseconds for a new text at p50 and p99, and megabytes that it holds."""
    return {name: _cost(make, dice, max(20, rounds * 20)) for name, make in GUARDS.items()}


def _cost(make: Callable[[], Detector], dice: random.Random, count: int) -> dict[str, float]:
    tracemalloc.start()
    try:
        guard = make()
        _look(guard, mixed(SIZE, dice))
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    times = sorted(_look(guard, mixed(SIZE, dice)) for _ in range(count))
    return {
        "p50": round(statistics.median(times), 4),
        "p99": round(times[len(times) * 99 // 100], 4),
        "megabytes": round(held / 1e6, 2),
    }


def _look(guard: Detector, text: str) -> float:
    glance = Glance(Segment(text, Role.ASSISTANT, Part.COMPLETION, 0))
    began = time.perf_counter()
    guard.find([glance])
    return (time.perf_counter() - began) * 1000


def show(report: Mapping[str, Mapping[str, Any]], console: Console) -> None:
    """A row each."""
    table = Table(title=f"Each guard alone, ms for {SIZE:,} bytes of new text")
    for column in ("guard", "p50", "p99", "MB held"):
        table.add_column(column, justify="left" if column == "guard" else "right")
    for name, each in report.items():
        table.add_row(name, *(str(each[key]) for key in ("p50", "p99", "megabytes")))
    console.print(table)
