"""The benchmark's sums: medians, ratios, bars; nothing here is timed."""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from excise.cli import bench
from excise.cli.bench import Sample, Workload
from excise.errors import ConfigError

REQUEST = bench.WORKLOADS[0].name


def _results(*ratios: float, name: str = REQUEST) -> bench.Results:
    return {
        name: {
            "mitmdump": [Sample(2.0, 1.0, 2.0)] * len(ratios),
            "excise": [Sample(2.0 * ratio, 1.0, 2.0) for ratio in ratios],
        }
    }


@pytest.mark.parametrize(
    ("ratios", "name", "within"),
    [
        ((0.8, 0.8, 0.8), REQUEST, True),
        ((0.1, 0.7, 9.0), REQUEST, True),
        ((0.7, 0.9, 0.9), REQUEST, False),
        ((1.3,), "SSE event", True),
        ((1.4,), "SSE event", False),
    ],
)
def test_a_bar_is_held_by_the_median_ratio(
    ratios: tuple[float, ...], name: str, within: bool
) -> None:
    assert bench._within_bars(_results(*ratios, name=name)) is within


def test_json_holds_every_round() -> None:
    shown = bench._as_json(_results(0.5, 0.7, 0.6))
    assert shown[REQUEST]["excise"]["cpu_ratio"] == 0.6
    assert len(shown[REQUEST]["excise"]["rounds"]) == 3
    assert json.loads(json.dumps(shown)) == shown


def test_the_table_names_both_sides() -> None:
    out = Console(file=io.StringIO(), width=120)
    out.print(bench._table(_results(0.5)))
    text = out.file.getvalue()  # type: ignore[attr-defined]
    assert "mitmdump" in text
    assert "0.50" in text


class _Proxy:
    def __init__(self, name: str) -> None:
        self.name = name


class _Rig:
    """Answers with figures instead of measuring."""

    def __init__(self) -> None:
        self.proxies = [_Proxy("mitmdump"), _Proxy("excise")]
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def load(self, proxy: _Proxy, task: dict[str, Any]) -> tuple[list[float], float]:
        self.asked.append((proxy.name, task))
        return [0.001, 0.002, 0.003], 1.0


def test_proxies_take_turns_and_the_first_round_does_not_count() -> None:
    rig = _Rig()
    args = argparse.Namespace(rounds=2, requests=100)
    results = bench._measure(rig, args, list(bench.WORKLOADS[:2]))  # type: ignore[arg-type]
    assert [name for name, _ in rig.asked] == ["mitmdump", "excise"] * 6
    assert [len(samples) for samples in results[REQUEST].values()] == [2, 2]
    assert results[REQUEST]["excise"][0] == Sample(cpu=10.0, p50=2.0, p99=3.0)
    seeds = [task["seed"] for _, task in rig.asked]
    assert len(set(seeds)) == 6  # what is new stays new in every round, the same for both


def test_a_stream_is_counted_by_its_events() -> None:
    load = Workload("SSE event", "stream", lanes=4)
    sample = bench._once(_Rig(), _Proxy("x"), load, 1000, "s")  # type: ignore[arg-type]
    assert sample.cpu == pytest.approx(1000 / (30 * bench.EVENTS))


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("/a/excise/edge/layer.py", "excise/edge"),
        ("/a/mitmproxy/http.py", "mitmproxy"),
        ("/a/json/decoder.py", "standard library and others"),
        ("~", "built in"),
    ],
)
def test_a_profile_is_added_up_by_package(path: str, group: str) -> None:
    assert bench._group(path, "f") == group
    assert bench._group("~", "<method 'poll'>") == "built in: waiting"


@pytest.mark.parametrize("as_json", [True, False])
def test_a_profile_is_shown(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    stats = {("/a/excise/edge/layer.py", 3, "f"): (1, 10, 0.5, 0.5, {})}
    bench._print_profile(stats, 100, as_json=as_json)
    assert "excise/edge" in capsys.readouterr().out


def test_where_cpu_time_cannot_be_read_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda self: False)
    with pytest.raises(ConfigError, match="EXC-CFG-004"):
        bench.run(argparse.Namespace(only="", detection=False, policy=False, memory=False))


def test_the_options_are_what_run_reads() -> None:
    parser = argparse.ArgumentParser()
    bench.add_parser(parser.add_subparsers())
    args = parser.parse_args(["bench", "--rounds", "1", "--only", "SSE"])
    assert (args.rounds, args.requests, args.only, args.json) == (1, 500, "SSE", False)
    assert args.func is bench.run
