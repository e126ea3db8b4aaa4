"""`excise policy` lists, lints and tests what is shipped and what an operator writes."""

from pathlib import Path

import pytest

from excise.assemble import load_engine
from excise.cli.main import main
from excise.model import Part, Role, Segment
from excise.rules.fillers import fill
from excise.rules.load import load_pack

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


@pytest.mark.parametrize(("excuse", "status"), [("^BDG-x", 0), ("^BDG-", 1)])
def test_a_rule_is_tested_as_another_pack_leaves_it(
    policies: Path, capsys: pytest.CaptureFixture[str], excuse: str, status: int
) -> None:
    """An excuse that swallows what the rule is for is told, with the example."""
    home = policies / "packs/more"
    home.mkdir()
    (home / "pack.yaml").write_text(
        "pack: more\nversion: 1\nengine: 1\ntitle: Changes\n"
        "defaults: {kind: secret, severity: high}\n"
    )
    (home / "changes.yaml").write_text(
        "extend:\n  - rule: own.badge\n    because: Known here.\n"
        f"    unless: [{{value: '{excuse}', because: Known here.}}]\n"
    )
    profile = policies / "profiles/own.yaml"
    profile.write_text(PROFILE.replace("{pack: own}", "{pack: own}, {pack: more}"))
    assert run(policies, "test") == status
    told = capsys.readouterr().out
    assert ('own.badge: "alone": as extended: wanted 0-12, found nothing.' in told) is bool(status)


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


RECOGNIZERS = """\
recognizers:
  - CreditCardRecognizer
  - name: BadgeRecognizer
    supported_entity: BADGE_ID
    context: [badge]
    patterns:
      - {name: badge, regex: '(?<!\\w)BDG-\\d+', score: 0.5}
"""


def test_recognizers_of_presidio_become_a_pack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which loads, and which is not written over."""
    source, home = tmp_path / "registry.yaml", tmp_path / "packs" / "brought"
    source.write_text(RECOGNIZERS)
    words = ["policy", "import-presidio", str(source), "--to", str(home)]
    assert main(words) == 0
    assert "2 rules" in (out := capsys.readouterr().out) and "CreditCardRecognizer" in out
    files = {path.name: path.read_text() for path in home.iterdir()}
    assert [rule.id for rule in load_pack("brought", files).rules] == [
        "brought.badge-1",
        "brought.badge-1-context",
    ]
    assert main(words) == 2 and "exists" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "folder", "said"),
    [
        (RECOGNIZERS.replace("BDG-", "(BDG"), "brought", "registry.yaml:7: not a regular"),
        (RECOGNIZERS, "Not Kebab", "kebab case"),
        (None, "brought", "No such file"),
    ],
)
def test_what_cannot_be_brought_along_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, folder: str, said: str
) -> None:
    """With its file and line; nothing is written."""
    source, home = tmp_path / "registry.yaml", tmp_path / folder
    if text is not None:
        source.write_text(text)
    assert main(["policy", "import-presidio", str(source), "--to", str(home)]) == 2
    assert said in capsys.readouterr().err and not home.exists()


def test_what_a_real_baseline_accepts_is_no_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Made by detect-secrets itself; a value that is not in it is found as before."""
    from detect_secrets.core import baseline
    from detect_secrets.core.secrets_collection import SecretsCollection
    from detect_secrets.settings import default_settings

    accepted = fill("AKIA{base32:16}", "accepted")
    fresh = fill("AKIA{base32:16}", "fresh")
    source, state = tmp_path / "old.py", tmp_path / "state"
    source.write_text(f'KEY = "{accepted}"\n')
    with default_settings():
        found = SecretsCollection()
        found.scan_file(str(source))
        baseline.save_to_file(found, str(tmp_path / "kept"))
    text = tmp_path / "new.txt"
    text.write_text(f"first {accepted} then {fresh}\n")
    assert (
        main(["policy", "import-baseline", str(tmp_path / "kept"), "--state-dir", str(state)]) == 0
    )
    assert "1 values accepted" in capsys.readouterr().out
    kept = b"".join(each.read_bytes() for each in state.rglob("*") if each.is_file())
    assert accepted.encode() not in kept
    scanner = load_engine("balanced", state_dir=state).scanner
    (seen,) = scanner.scan([Segment(text.read_text(), Role.USER, Part.PROMPT, 0)])
    assert {text.read_text()[f.span.start : f.span.end] for f in seen} == {fresh}


@pytest.mark.parametrize(("text", "name"), [("[]", "b"), ("{", "b"), ('{"results": {}}', "../b")])
def test_what_is_no_baseline_is_refused(tmp_path: Path, text: str, name: str) -> None:
    """And a name that is none."""
    file = tmp_path / "kept"
    file.write_text(text)
    asked = ["policy", "import-baseline", str(file), "--name", name]
    assert main([*asked, "--state-dir", str(tmp_path / "state")]) == 2
