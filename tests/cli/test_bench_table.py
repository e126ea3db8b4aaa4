"""The table of loads: its figures, and what it says of them. The run itself is `excise bench`."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from excise.cli import bench_table
from excise.cli.bench_table import Figures, median_of


class Bench:
    """Loads that take as long as the name of the proxy is."""

    def __init__(self) -> None:
        self.proxies = [type("P", (), {"name": name})() for name in ("direct", "balanced")]
        self.tasks: list[dict[str, Any]] = []

    def load(self, proxy: Any, task: dict[str, Any]) -> tuple[list[float], float]:
        self.tasks.append(task)
        return [len(proxy.name) / 1000] * task["count"], task["count"] * 0.002


def test_every_proxy_has_every_load_in_turns() -> None:
    """The warm-up does not count; the rate is what so many clients get done."""
    bench = Bench()
    results = bench_table._measure(bench, 2, 30)  # type: ignore[arg-type]
    assert list(results) == [(s, n) for s in bench_table.SIZES for n in bench_table.LANES]
    assert len(bench.tasks) == 3 * len(results) * 2
    held = results[1_000, 16]["balanced"]
    assert len(held) == 2
    assert held[0].rate == pytest.approx(16 / 0.008)
    assert held[0].cpu == pytest.approx(2.0)
    assert {task["count"] for task in bench.tasks if task["size"] == 100_000} == {10, 16}


def test_the_median_is_taken_of_each_field() -> None:
    """Of rounds that differ."""
    rounds = [Figures(1, 9, 5, 1), Figures(2, 8, 6, 1), Figures(3, 7, 4, 1)]
    assert median_of(rounds) == Figures(2, 8, 5, 1)


def test_the_table_and_the_json_say_the_same() -> None:
    """And no proxy has no CPU of its own."""
    results = {(1_000, 1): {"direct": [Figures(500, 2, 3, 1)], "balanced": [Figures(100, 4, 5, 6)]}}
    out = io.StringIO()
    Console(file=out, width=120).print(bench_table._table(results))
    assert "4.00" in out.getvalue()
    assert "1.00" not in out.getvalue()
    assert bench_table._as_json(results)[1] == {
        "size": 1_000, "clients": 1, "proxy": "balanced",
        "rate": 100, "p50": 4, "p99": 5, "cpu": 6,
    }  # fmt: skip
