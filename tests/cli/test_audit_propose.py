"""Proposals are diffs that the policy takes and that do what they say; nothing is written."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from policy.samples import policy

from excise.audit.proposals import Threshold, find_thresholds
from excise.audit.review import FILE, Review, append_review, read_reviews, wilson
from excise.cli.audit_propose import build_proposals, proposals_of, with_threshold
from excise.cli.main import main
from excise.config import Settings, load_settings
from excise.policy.replay import replay

PROFILE = """\
profile: mine
title: Mine
packs:
  - {pack: gdpr}
clauses:
  # kept
  - {id: c, when: {rules: [gdpr.vin]}, then: redact}
uninspectable: {otherwise: alert}
on-fault: block
"""
PRINT = "00ab00ab00ab00ab"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "mine.yaml").write_text(PROFILE)
    for number in range(18):
        low = number < 8
        seen = {"score": 0.6 if low else 0.95, "fingerprint": PRINT if number < 2 else f"{number}"}
        append_review(
            tmp_path / FILE, Review(f"x{number}", "gdpr.email", not low, "", "anna", "2030", seen)
        )
    given = {"state_dir": tmp_path, "profile": str(tmp_path / "mine.yaml")}
    return load_settings(given, environ={"HOME": str(tmp_path)})


def line(score: float) -> dict[str, object]:
    ruling = {"rule": "pii.email", "entity": "pii.email", "kind": "personal", "severity": "high",
              "score": score, "count": 1}  # fmt: skip
    return {"stage": "request", "direction": "request", "time": "2030-01-01T00:00:00.000Z",
            "principal": {"id": "p", "source": "s"}, "rulings": [ruling]}  # fmt: skip


def test_each_says_what_speaks_for_it_and_nothing_is_written(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(tmp_path.iterdir())
    args = ["--state-dir", str(tmp_path), "--profile", settings.profile]
    assert main(["audit", "propose", *args]) == 0
    told = capsys.readouterr().out
    assert "# Except one fingerprint from gdpr.email\n# 2 of 2 findings" in told
    assert f'+  - fingerprints: ["{PRINT}"]' in told
    assert "# Only log gdpr.email below a score of 0.9\n# 8 of 8 findings judged below" in told
    assert "+    if: finding.score < 0.9" in told
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "mine.yaml").read_text() == PROFILE
    assert [each["diff"] in told for each in proposals_of(settings)] == [True, True]


def test_a_diff_adds_and_touches_nothing_else(settings: Settings) -> None:
    except_one, threshold = build_proposals(settings, _reviews(settings), date(2030, 1, 1))
    assert '+    until: "2030-04-01"' in except_one.diff
    (found,) = find_thresholds(_reviews(settings))
    changed = with_threshold(PROFILE, found)
    head, _, rest = changed.partition("  - id: gdpr-email-below-0-9\n")
    assert head + rest.partition("then: log\n")[2] == PROFILE
    body = threshold.diff.splitlines()[3:]
    assert not [each for each in body if each.startswith("-")]
    added = [each[1:] for each in body if each.startswith("+")]
    assert "\n".join(added) in changed and len(added) == 4


def test_below_a_threshold_a_finding_is_logged_and_no_more() -> None:
    found = Threshold("pii.email", 0.9, 8, 8, wilson(8, 8), 0, 10)
    clauses = with_threshold("clauses:\n", found).partition("\n")[2]
    before, after = (policy(text) for text in ("", clauses))
    for score, action in ((0.6, "log"), (0.89, "log"), (0.9, None), (1.0, None)):
        wanted = action or replay(before, line(score)).action
        assert replay(after, line(score)).action == wanted != "allow"
        assert replay(before, line(score)).action != "log"


def test_a_profile_without_clauses_gets_its_first(settings: Settings) -> None:
    (found,) = find_thresholds(_reviews(settings))
    text = with_threshold("profile: p\n", found)
    assert text.startswith("profile: p\nclauses:\n  - id: gdpr-email-below-0-9\n")


def test_without_verdicts_there_is_nothing_to_propose(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "propose", "--state-dir", str(tmp_path)]) == 0
    assert "speak for no change" in capsys.readouterr().out


def _reviews(settings: Settings) -> list[Review]:
    return read_reviews(settings.state_dir / FILE)
