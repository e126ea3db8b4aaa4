"""Verdicts become cases with made-up texts; a policy that acts otherwise fails them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from excise.audit.review import FILE, Review, append_review
from excise.cli.main import main

PROFILE = """\
profile: mine
title: Mine
packs:
  - {pack: pci}
uninspectable: {otherwise: alert}
on-fault: block
"""
SEEN = {
    "entity": "payment.card", "kind": "personal", "severity": "high", "action": "redact",
    "mode": "enforce", "role": "user", "part": "prompt", "direction": "request", "score": 0.9,
}  # fmt: skip
LET_IT = """\
clauses:
  - {id: quiet, when: {rules: [pci.pan], groups: [lab]}, then: log}
"""


def test_cases_hold_until_the_policy_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile, cases = tmp_path / "mine.yaml", tmp_path / "cases.jsonl"
    profile.write_text(PROFILE)
    for name, verdict, group in (("a", True, "sales"), ("b", False, "lab")):
        seen = {**SEEN, "group": group}
        append_review(tmp_path / FILE, Review(name, "pci.pan", verdict, "", "anna", "2030", seen))
    given = ["audit", "cases", "--state-dir", str(tmp_path), "--profile", str(profile)]
    assert main([*given, "-o", str(cases)]) == 0
    assert cases.stat().st_mode & 0o077 == 0
    told = {case["right"]: case for case in map(json.loads, cases.read_text().splitlines())}
    assert any(letter.isdigit() for letter in told[True]["text"]) and told[False]["text"] == ""

    # what was wrong is still cut out; then a clause of its group lets it be
    assert main([*given, "--check", str(cases)]) == 1
    assert "pci.pan was wrong, and still redact is done" in capsys.readouterr().out
    profile.write_text(PROFILE + LET_IT)
    assert main([*given, "--check", str(cases)]) == 0
    assert "2 cases, 0 faults" in capsys.readouterr().out

    # a rule that was right may do no less, and must still find its kind of text
    profile.write_text(PROFILE + LET_IT.replace("groups: [lab]", 'groups: ["*"]'))
    cases.write_text(json.dumps({**told[True], "text": "no number here"}) + "\n")
    assert main([*given, "--check", str(cases)]) == 1
    said = capsys.readouterr().out
    assert "pci.pan was right, and now less is done about it" in said
    assert "no longer finds what it found" in said
    assert main([*given, "--check", str(tmp_path / "absent")]) == 2
