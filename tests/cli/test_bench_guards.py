"""Each guard is timed alone, and what it holds is told."""

import random

from rich.console import Console

from excise.cli import bench_guards


def test_every_guard_has_a_row() -> None:
    report = bench_guards.guards(random.Random(1), 0)
    assert set(report) == set(bench_guards.GUARDS)
    assert all(0 < each["p50"] <= each["p99"] for each in report.values())
    console = Console(record=True, width=100)
    bench_guards.show(report, console)
    text = console.export_text()
    assert all(name in text for name in bench_guards.GUARDS)
