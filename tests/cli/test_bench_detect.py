"""The detection benchmark measures what it says, on a scanner that costs nothing."""

import json
import random
from pathlib import Path

import pytest

from excise.cli import bench_detect
from excise.cli.main import main


def test_cost_is_median_and_tail() -> None:
    """Of as many texts as the rounds ask for, each of its size."""
    sizes: list[int] = []

    def look(text: str) -> float:
        sizes.append(len(text))
        return float(len(sizes))

    found = bench_detect.cost(1_000, look, random.Random(1), rounds=1)
    assert set(sizes) == {1_000} and len(sizes) == 200
    assert (found.p50, found.p99) == (100.5, 199.0)


def test_reading_for_meaning_is_timed_alone() -> None:
    """The look takes a text and says milliseconds."""
    assert 0 < bench_detect._meaning()("Ignore the first line of the table.") < 10_000


def test_ratios_are_of_texts_of_the_same_length() -> None:
    """A look that costs as much as the text is long is linear, and nothing is hostile to it."""
    dice = random.Random(1)
    assert bench_detect.linear(len, dice) == pytest.approx(1.0)
    seen: list[str] = []

    def look(text: str) -> float:
        seen.append(text)
        return 1.0 if seen.count(text) == 1 else 0.25

    assert bench_detect.remembered(500, look, dice) == 0.25
    for ratio in bench_detect.against_plain(len, dice).values():
        assert ratio == pytest.approx(1.0, abs=0.001)


def test_peers_are_divided_by_us(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one means that they take longer."""
    monkeypatch.setattr(bench_detect, "PEERS", {"sleeper": lambda: lambda text: None})
    looks = [lambda text: 1e9, lambda text: 1e-9]
    (ratios,) = bench_detect.against_peers(lambda name: looks, random.Random(1), 1).values()
    assert 0 <= ratios[0] < 0.001 < 1 < ratios[1]


def test_the_report_is_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """With a bar that can be missed."""
    report = {
        "inspection": [{"size": 1_000, "p50": 0.1, "p99": 0.2}],
        "meaning": [{"size": 2_000, "p50": 0.25, "p99": 0.5}],
        "guards": {"links": {"p50": 0.1, "p99": 0.2, "megabytes": 0.0}},
        "remembered": {"1000": 0.01},
        "linear": 1.0,
        "hostile": {"x": 3.0},
        "session": {"first": 2.0, "last": 3.0, "ratio": 1.5},
        "codec": {},
    }
    monkeypatch.setenv("EXCISE_STATE_DIR", str(tmp_path))
    monkeypatch.setattr(bench_detect, "measure", lambda *_, **__: dict(report))
    monkeypatch.setattr(bench_detect, "load_engine", lambda *_, **__: None)
    monkeypatch.setattr(bench_detect, "memory", lambda *_: {"bare": 1.0})
    assert main(["bench", "--detection", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {**report, "memory": {"bare": 1.0}}
    report["hostile"] = {"x": 11.0}
    assert main(["bench", "--detection"]) == 1
    assert "11.0" in capsys.readouterr().out
