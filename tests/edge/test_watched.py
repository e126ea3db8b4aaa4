"""Metrics and health around the real parts."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from excise.config import Settings, load_settings
from excise.detectors.scanner import FullScanner, Scanned
from excise.edge.faults import Fault
from excise.edge.parts import build_firewall, build_parts, open_trail, read_engine
from excise.edge.watched import passes_trial, watched
from excise.model import Direction, Segment
from excise.state.memory import MemoryVault


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("watched")
    return load_settings({"state_dir": folder / "state"}, environ={"HOME": str(folder)})


def test_metrics_and_health_are_served_while_the_parts_are_used(config: Settings) -> None:
    engine = read_engine(config)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    asked = replace(
        config,
        metrics=f"127.0.0.1:{port}",
        audit=config.audit.with_name("m.jsonl"),
        judge="http://127.0.0.1:9/v1",  # nobody there: health does not turn on it
        judge_model="m",
    )
    with open_trail(asked, lambda text: None) as trail, watched(asked, engine, trail) as parts:
        parts.trail.offer(parts.fault_record(Fault("1" * 32, "request", "ValueError")))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        assert 'excise_faults_total{kind="ValueError"} 1.0' in text
        assert 'excise_ready{check="policy"} 1.0' in text
        assert 'excise_cache_total{cache="judge",result="hit"} 0.0' in text
        assert f'digest="{engine.policy.digest}"' in text
    with pytest.raises(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=1)


def test_a_detector_that_finds_nothing_fails_the_trial(config: Settings) -> None:
    engine = read_engine(config)
    with open_trail(config, lambda text: None) as trail:
        parts = build_parts(config, engine, trail)
    assert passes_trial(engine, parts.firewall())  # type: ignore[arg-type]
    blind = replace(engine, scanner=_Blind(engine.scanner))  # type: ignore[arg-type]
    wall = build_firewall(config, blind, MemoryVault(clock=lambda: 0.0))
    assert not passes_trial(blind, wall)


class _Blind:
    """A scanner that finds nothing."""

    def __init__(self, scanner: FullScanner) -> None:
        self._scanner = scanner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scanner, name)

    def inspect(
        self, segments: Sequence[Segment], direction: Direction | None, seconds: float = 0.0
    ) -> Scanned:
        return Scanned([() for _ in segments])
