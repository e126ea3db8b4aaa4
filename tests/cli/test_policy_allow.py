"""An exception is added to the operator's file, shown as a diff, and honoured by the next run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from excise.assemble import load_engine
from excise.cli.main import main
from excise.cli.policy_allow import with_exception
from excise.model import Action, Direction, Part, Principal, Role, Segment
from excise.pipeline.weigh import find
from excise.rules.fillers import fill
from excise.sensitive import fingerprint

PROFILE = """\
profile: small
title: One pack
level: 2
packs: [{pack: pci}]
uninspectable: {otherwise: alert}
on-fault: block
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policies" / "profiles").mkdir(parents=True)
    (tmp_path / "policies" / "profiles" / "small.yaml").write_text(PROFILE)
    return tmp_path


def places(folder: Path) -> list[str]:
    return ["--profile", "small", "--policies", str(folder / "policies"),
            "--state-dir", str(folder / "state")]  # fmt: skip


def test_a_value_that_was_found_is_allowed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = load_engine("small", state_dir=folder / "state", policies=folder / "policies")
    text = "card " + fill("{luhn:16}", "allow")
    segment = Segment(text, Role.USER, Part.PROMPT, 0)
    seen = find(engine.scanner, [segment], Direction.REQUEST).findings
    who = Principal(id="ann")
    assert engine.decide(seen, Direction.REQUEST, who).action is Action.REDACT
    finding = next(f for _, each in seen for f in each if f.entity == "pci.pan")
    value = text[finding.span.start : finding.span.end]
    argv = ["policy", "allow", fingerprint(engine.fingerprint_key, value),
            "--because", "The test card of the shop.", "--until", "2090-01-31"]  # fmt: skip
    assert main([*argv, *places(folder)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("--- ") and '+    because: "The test card of the shop."' in shown
    assert value not in shown
    again = load_engine("small", state_dir=folder / "state", policies=folder / "policies")
    decision = again.decide(seen, Direction.REQUEST, who)
    assert decision.action is Action.ALLOW
    assert decision.rulings[0].because == "The test card of the shop."
    assert again.policy.digest != engine.policy.digest
    assert main(["policy", "lint", *places(folder)]) == 0


def test_what_stood_there_before_stays(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "policies" / "exceptions.yaml"
    before = (
        "# ours\nexceptions:\n  # why\n  - {rules: [pci.pan], because: B., until: 2020-01-01}\n"
    )
    path.write_text(before)
    argv = ["policy", "allow", "--rule", "pci.iban", "--because", 'a "quoted": word #1',
            "--until", "2090-01-31"]  # fmt: skip
    assert main([*argv, *places(folder)]) == 0
    assert path.read_text().startswith(before)
    assert main(["policy", "lint", *places(folder)]) == 1
    out = capsys.readouterr().out
    assert re.search(r"exceptions\.yaml:4: this exception ended on 2020-01-01", out)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--because", "B.", "--until", "2020-01-31", "--rule", "pci.pan"], "past"),
        (["--because", "B.", "--until", "tomorrow", "--rule", "pci.pan"], "no day"),
        (["--because", "B.", "--until", "2090-01-31"], "excuse everything"),
        (["nonsense", "--because", "B.", "--until", "2090-01-31"], "16 hex digits"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["policy", "allow", *words, *places(folder)]) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("[EXC-") == 1
    assert not (folder / "policies" / "exceptions.yaml").exists()


def test_an_entry_is_plain_yaml() -> None:
    assert with_exception("", {"rules": ["a.b"], "because": "x"}).endswith(
        'exceptions:\n  - rules: ["a.b"]\n    because: "x"\n'
    )
