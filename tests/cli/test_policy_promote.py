"""`excise policy promote` shows what a rule did and changes a profile of the operator's."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from excise.assemble import load_engine
from excise.audit.review import FILE, Review, append_review
from excise.cli.main import main
from excise.model import Direction, Part, Principal, Role, Segment
from excise.resources import policies_dir
from excise.rules.fillers import fill

PROFILE = """\
profile: mine
title: Mine
packs:
  - {pack: pci}
  - {pack: topics, mode: shadow}
uninspectable: {otherwise: alert}
on-fault: block
clauses:
  - {id: c, when: {packs: [pci]}, then: block, mode: shadow}
"""


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(PROFILE)
    ruling = {"rule": "topics.politics", "entity": "topic.politics", "score": 0.9, "count": 1}
    (tmp_path / "audit.jsonl").write_text(
        "".join(
            json.dumps({"v": 1, "id": f"x{n}", "time": "2026-01-01T00:00:00.000Z",
                        "principal": {"id": "p"}, "rulings": [ruling] if n < 3 else []}) + "\n"
            for n in range(10)
        )
    )  # fmt: skip
    append_review(tmp_path / FILE, Review("x1", "topics.politics", True, "", "a", "2026"))
    return path


def promote(profile: Path, *more: str) -> int:
    home = profile.parent
    return main(["policy", "promote", *more, "--profile", str(profile), "--state-dir", str(home),
                 "--audit", str(home / "audit.jsonl")])  # fmt: skip


def test_hits_verdicts_and_the_diff_are_shown_and_nothing_is_written(
    profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert promote(profile, "topics.politics") == 0
    told = capsys.readouterr().out
    assert "3 findings in 3 of 10 exchanges (30.00%" in told and "1 right, 0 wrong" in told
    assert "+  - {pack: topics, mode: shadow, enforce: [topics.politics]}" in told
    assert profile.read_text() == PROFILE


def test_with_write_the_file_changes_once(
    profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert promote(profile, "topics.politics", "--write") == 0
    assert "enforce: [topics.politics]" in profile.read_text()
    assert promote(profile, "c", "--percent", "20", "--write") == 0
    assert "mode: enforce, percent: 20}" in profile.read_text()


def test_a_rule_goes_to_some_first_and_then_to_all(profile: Path) -> None:
    """Whoever is not among them is only noted."""
    profile.write_text(PROFILE.replace("{pack: pci}", "{pack: pci, mode: shadow}"))

    def enforced() -> dict[str, int]:
        engine = load_engine(str(profile), state_dir=profile.parent)
        text = fill("card {pan:visa:4 4 4 4} here", "promote")
        segment = Segment(text, Role.USER, Part.PROMPT, 0)
        found = [(segment, engine.scanner.scan([segment])[0])]
        assert found[0][1]
        return Counter(
            engine.decide(found, Direction.REQUEST, Principal(id=f"user:{n}")).action
            for n in range(200)
        )

    assert enforced() == {"allow": 200}
    assert promote(profile, "pci.pan-grouped", "--percent", "30", "--write") == 0
    some = enforced()
    assert set(some) == {"log", "redact"} and 20 < some["redact"] < 100
    assert promote(profile, "pci-pan-grouped", "--percent", "100", "--write") == 0
    assert enforced() == {"redact": 200}


def test_verdicts_against_a_rule_hold_it_back(
    profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(4):
        wrong = Review(f"y{number}", "topics.politics", False, "", "a", "2026")
        append_review(profile.parent / FILE, wrong)
    assert promote(profile, "topics.politics", "--write") == 1
    told = capsys.readouterr().out
    assert "1 right, 4 wrong; of all hits 38% to 96% are false positives" in told
    assert profile.read_text() == PROFILE
    assert promote(profile, "topics.politics", "--write", "--despite-reviews") == 0
    assert "enforce: [topics.politics]" in profile.read_text()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (["absent.rule"], "EXC-POL-010"),
        (["pci.absent"], "EXC-POL-010"),
        (["topics.politics", "--percent", "20"], "EXC-POL-010"),  # above the level
        (["c", "--percent", "150"], "EXC-CFG-001"),
    ],
)
def test_what_cannot_be_promoted_is_said(
    profile: Path, more: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert promote(profile, *more) == 2
    assert code in capsys.readouterr().err


def test_a_shipped_profile_is_copied_not_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped = policies_dir() / "profiles" / "observe.yaml"
    before = shipped.read_text()
    base = ["policy", "promote", "topics.politics", "--profile", "observe", "--write",
            "--state-dir", str(tmp_path)]  # fmt: skip
    assert main(base) == 2
    assert main([*base, "--policies", str(tmp_path)]) == 0
    assert (tmp_path / "profiles" / "observe.yaml").read_text() != before
    assert shipped.read_text() == before
