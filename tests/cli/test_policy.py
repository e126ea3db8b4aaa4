"""`excise policy` lists, lints and tests what is shipped and what an operator writes."""

from pathlib import Path

import pytest

from excise.cli.main import main

PACK = """\
pack: own
version: 1
engine: 1
title: Own rules
defaults: {kind: secret, severity: high, where: {direction: [request]}}
"""
RULE = """\
rules:
  - id: own.badge
    entity: secret.badge
    title: Badge number of the imaginary company
    match: {regex: '\\bBDG-[0-9]{8}\\b'}
    why: A badge opens doors.
    remedy: Ask for a new badge.
    references: [https://example.org/badge]
    examples:
      - {name: in a sentence, text: "my badge is <<BDG-{digit:8}>> now"}
      - {name: alone, text: "<<BDG-{digit:8}>>"}
      - {name: a digit short, text: "BDG-{digit:7}", expect: none}
      - {name: another prefix, text: "BGD-{digit:8}", expect: none}
"""
PROFILE = """\
profile: own
title: Own
level: 2
packs: [{pack: own}]
uninspectable: {otherwise: alert}
on-fault: block
"""


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """A folder with a pack and a profile of one's own."""
    for name, text in (
        ("packs/own/pack.yaml", PACK),
        ("packs/own/badges.yaml", RULE),
        ("profiles/own.yaml", PROFILE),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def run(policies: Path, verb: str) -> int:
    """`excise policy VERB` with the profile `own`."""
    return main(["policy", verb, "--profile", "own", "--policies", str(policies)])


def test_an_operators_pack_is_listed_linted_and_tested(
    policies: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the same code as the shipped ones."""
    assert [run(policies, verb) for verb in ("list", "lint", "test")] == [0, 0, 0]
    out = capsys.readouterr().out
    assert "own.badge" in out
    assert "4 examples of 1 rules, 0 failed" in out


def test_an_example_that_does_not_hold_fails(
    policies: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the rule, the example and the place."""
    path = policies / "packs/own/badges.yaml"
    path.write_text(RULE.replace("BGD-{digit:8}", "BDG-{digit:8}"))
    assert run(policies, "test") == 1
    assert "another prefix" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "old", "new", "code"),
    [
        ("packs/own/badges.yaml", "kind", "kind", ""),
        ("packs/own/badges.yaml", "why:", "wy:", "EXC-POL-00"),
        ("packs/own/pack.yaml", "secret", "sekret", "EXC-POL-006"),
        ("profiles/own.yaml", "pack: own", "pack: none", "EXC-POL-010"),
    ],
)
def test_lint_names_the_mistake(
    policies: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    old: str,
    new: str,
    code: str,
) -> None:
    """With its code, on one line, and status 2."""
    path = policies / name
    path.write_text(path.read_text().replace(old, new, 1))
    assert run(policies, "lint") == (2 if code else 0)
    assert code in capsys.readouterr().err
