"""`excise audit review` lists what waits and keeps what somebody says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from excise.audit.review import FILE, read_reviews
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
    assert "pii.email: 0 of 1 judged are false positives (0%, 0% to 79%)" in capsys.readouterr().out
    assert main(common) == 0
    told = capsys.readouterr().out
    assert "x1" not in told and "0 of 1 judged" in told
    (review,) = read_reviews(tmp_path / FILE)
    assert review.seen == {"entity": "pii.email", "score": 0.9}
    assert main([*common, "x1"]) == 2
    assert main([*common, "x2", *judged[1:]]) == 2
    assert "EXC-CFG-001" in capsys.readouterr().err
