"""What a profile says of the judge, and what it cannot say."""

import pytest

from excise.errors import PolicyError
from excise.model import Direction, Part
from excise.policy.load import parse_profile
from excise.policy.schema import Grey, Judged

PROFILE = """
profile: p
title: t
level: 1
packs: []
uninspectable: {otherwise: alert}
on-fault: block
"""


def judged(said: str) -> Judged:
    return parse_profile(PROFILE + said, "p.yaml").judge


def test_unsaid_it_is_asked_about_prompts_whose_attack_score_is_grey() -> None:
    assert judged("") == judged("judge: {}") == Judged()
    assert Judged().grey == {"injection": Grey(0.2, 0.9)}
    assert Judged().directions == {Direction.REQUEST}


def test_all_that_can_be_said() -> None:
    made = judged(
        "judge: {directions: [response], parts: [completion], grey: {unsafe: [0.1, 0.5]},"
        " if: 'principal.group == \"interns\"'}"
    )
    assert made.directions == {Direction.RESPONSE} and made.parts == {Part.COMPLETION}
    assert made.grey == {"unsafe": Grey(0.1, 0.5)} and made.condition is not None


def test_who_extends_a_profile_keeps_its_judge() -> None:
    base = parse_profile(PROFILE + "judge: {grey: {}}", "p.yaml")
    over = "extends: p\nprofile: q\ntitle: t\n"
    assert parse_profile(over, "q.yaml", lambda *_: base).judge.grey == {}
    assert parse_profile(over + "judge: {}", "q.yaml", lambda *_: base).judge == Judged()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("judge: {grey: {injection: [0.9, 0.2]}}", "EXC-POL-006"),
        ("judge: {grey: {injection: [0.2]}}", "EXC-POL-006"),
        ("judge: {grey: {injection: 0.2}}", "EXC-POL-006"),
        ("judge: {grey: {injection: [0, true]}}", "EXC-POL-006"),
        ("judge: {grey: {mood: [0, 1]}}", "EXC-POL-003"),
        ("judge: {parts: [metadata]}", "EXC-POL-006"),
        ("judge: {when: x}", "EXC-POL-003"),
        ("judge: {if: 'finding.score > 0.5'}", "EXC-POL-015"),
    ],
)
def test_what_makes_no_sense_is_told(said: str, code: str) -> None:
    with pytest.raises(PolicyError) as told:
        judged(said)
    assert told.value.code == code
    assert "p.yaml:" in str(told.value)
