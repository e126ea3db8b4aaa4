"""`excise audit review` lists what waits and keeps what somebody says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from excise.cli.main import main


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    ruling = {"rule": "pii.email", "entity": "pii.email", "score": 0.9, "count": 1}
    path.write_text(json.dumps({"v": 1, "id": "x1", "time": "2026-01-01T00:00:00.000Z",
                                "rulings": [ruling]}) + "\n")  # fmt: skip
    return path


def test_what_waits_is_listed_until_it_is_judged(
    trail: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["audit", "review", "--audit", str(trail), "--state-dir", str(tmp_path)]
    assert main(common) == 0
    assert "pii.email" in capsys.readouterr().out
    judged = ["x1", "--rule", "pii.email", "--verdict", "true", "--by", "anna"]
    assert main([*common, *judged]) == 0
    assert "1 of 1 judged are right" in capsys.readouterr().out
    assert main(common) == 0
    assert "pii.email" not in capsys.readouterr().out
    assert main([*common, "x1"]) == 2
