"""Counts say what the lines say."""

from __future__ import annotations

import json
from pathlib import Path

from excise.audit.stats import read_stats

REQUEST = {
    "stage": "request", "time": "a", "direction": "request", "action": "redact",
    "would": "block", "host": "h", "model": "m", "principal": {"id": "ann"}, "reasons": ["why"],
    "rulings": [{"rule": "r", "entity": "e", "count": 3}, {"rule": "r", "entity": "f", "count": 1}],
    "timings": {"total": 2.0}, "missing": ["deep"],
}  # fmt: skip
SHADOW = {
    "stage": "shadow",
    "time": "aa",
    "direction": "request",
    "would": "alert",
    "host": "h",
    "principal": {"id": "ann"},
    "rulings": [{"rule": "s", "entity": "g", "count": 1}],
    "timings": {"detect": 900.0},
}
FAULT = {"stage": "fault", "time": "b", "fault": {"kind": "ValueError"}}
GAP = {"stage": "gap", "time": "c", "lost": 4}


def test_stats_count_what_the_lines_say(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in (REQUEST, SHADOW, FAULT, GAP)))
    stats = read_stats(path)
    assert (stats.records, stats.first, stats.last, stats.lost) == (4, "a", "c", 4)
    assert stats.stages == {"request": 1, "shadow": 1, "fault": 1, "gap": 1}
    assert stats.actions == {"redact": 1} and stats.would == {"block": 1, "alert": 1}
    assert stats.rules == {"r": 4, "s": 1} and stats.entities == {"e": 3, "f": 1, "g": 1}
    assert stats.principals == {"ann": 1} and stats.hosts == {"h": 1} and stats.models == {"m": 1}
    assert stats.faults == {"ValueError": 1} and stats.reasons == {"why": 1}
    assert stats.missing == {"deep": 1}
    assert (stats.p50, stats.p99) == (2.0, 2.0)


def test_an_empty_trail_counts_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.touch()
    stats = read_stats(path)
    assert (stats.records, stats.first, stats.p50) == (0, "", None)
