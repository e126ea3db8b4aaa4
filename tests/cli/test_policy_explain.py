"""`excise policy explain` and `diff`, on texts and on a trail."""

import json
from pathlib import Path

import pytest
from cli.test_policy import PACK, PROFILE, RULE

from excise.cli.main import main

LINE = {
    "schema": 1, "time": "2030-01-02T03:04:05.678Z", "stage": "request", "id": "x1",
    "direction": "request", "principal": {"id": "ann", "group": "sales"}, "action": "redact",
    "would": "redact", "version": "0",
    "rulings": [
        {"rule": "own.badge", "entity": "secret.badge", "kind": "secret", "severity": "high",
         "action": "redact", "mode": "enforce", "score": 1.0, "count": 1}
    ],
}  # fmt: skip
STRICT = PROFILE + "clauses: [{id: stays, when: {entities: [secret.badge]}, then: block}]\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder of policies, and a trail of two lines."""
    for name, text in (
        ("packs/own/pack.yaml", PACK),
        ("packs/own/badges.yaml", RULE),
        ("profiles/own.yaml", PROFILE),
        ("profiles/strict-own.yaml", STRICT),
        ("audit.jsonl", f"{json.dumps(LINE)}\n{json.dumps({**LINE, 'id': 'x2'})}\n"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def run(home: Path, *words: str) -> int:
    audit = ["--audit", str(home / "audit.jsonl")] if "--plan" not in words else []
    return main(["policy", *words, "--policies", str(home), *audit])


def test_a_text_an_exchange_and_the_plan_are_explained(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the text itself is not repeated."""
    assert run(home, "explain", "badge BDG-" + "12345678", "--profile", "own") == 0
    out = capsys.readouterr().out
    assert "decision: redact" in out and "12345678" not in out
    assert run(home, "explain", "x1", "--profile", "strict-own") == 0
    out = capsys.readouterr().out
    assert "request: redact" in out and "ruling: block (enforce) by stays" in out
    assert run(home, "explain", "--plan", "--profile", "own") == 0
    assert "pattern: 1 rules" in capsys.readouterr().out


def test_a_diff_says_what_would_change(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1 where anything would."""
    assert run(home, "diff", "own", "strict-own") == 1
    out = capsys.readouterr().out
    assert "x1 request: redact/redact → block/block by stays" in out
    assert "2 × redact/redact → block/block" in out and "2 differ" in out
    assert run(home, "diff", "own", "own") == 0
    assert main(["policy", "diff", "own", "own", "--audit", str(home / "none")]) == 2


@pytest.mark.parametrize("name", [32 * "0", "0192f0c1-0000-7000-8000-000000000000"])
def test_an_id_that_the_trail_does_not_have_is_no_text(
    home: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """A mistyped id must not be explained as a harmless text."""
    assert run(home, "explain", name, "--profile", "own") == 2
    told = capsys.readouterr()
    assert "no line of the trail" in told.err and "decision" not in told.out
