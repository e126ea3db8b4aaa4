"""A refusal tells a reference and advice, and nothing of what was found."""

import pytest

from excise.enforce.block import CLASSIC, MESSAGES, build_refusal, class_of
from excise.model import (
    Action,
    Decision,
    Direction,
    Finding,
    Kind,
    Mode,
    Part,
    RefusalClass,
    Role,
    Ruling,
    Segment,
    Severity,
    Span,
)


@pytest.mark.parametrize("cls", RefusalClass)
def test_every_class_has_words_and_a_reference(cls: RefusalClass) -> None:
    """One status for all but limits, and the reference stands in the message."""
    refusal = build_refusal(cls, "ref-1")
    assert refusal.status == (429 if cls is RefusalClass.LIMIT else 400)
    assert "ref-1" in refusal.message
    assert set(MESSAGES) == set(CLASSIC) == set(RefusalClass)


@pytest.mark.parametrize(
    ("cls", "status"),
    [
        (RefusalClass.ATTACK, 403),
        (RefusalClass.TOPIC, 400),
        (RefusalClass.LEAK, 500),
        (RefusalClass.LIMIT, 429),
    ],
)
def test_the_classic_mapping_is_one_setting_away(cls: RefusalClass, status: int) -> None:
    """403 attack, 400 topic, 500 leak in a response, 429 limit."""
    assert build_refusal(cls, "r", classic=True).status == status


@pytest.mark.parametrize("status", [400, 503])
def test_a_fault_has_its_own_status(status: int) -> None:
    """400 by default, 503 by setting, whatever the mapping."""
    assert build_refusal(RefusalClass.FAULT, "r", fault_status=status).status == status


def decision(
    *kinds: Kind, reasons: tuple[str, ...] = (), action: Action = Action.BLOCK
) -> Decision:
    """A blocked decision with one ruling of each kind, whatever the rulings themselves say."""
    segment = Segment("text", Role.USER, Part.PROMPT, 0)
    rulings = tuple(
        Ruling(
            segment=segment,
            finding=Finding("e", "p.r", Span(0, 1), 1.0, Severity.HIGH, kind),
            action=action,
            mode=Mode.ENFORCE,
            clause="",
        )
        for kind in kinds
    )
    return Decision(action=Action.BLOCK, would=Action.BLOCK, rulings=rulings, reasons=reasons)


@pytest.mark.parametrize(
    ("of", "direction", "cls"),
    [
        (decision(Kind.SECRET), Direction.REQUEST, RefusalClass.POLICY),
        (decision(Kind.INSTRUCTION), Direction.REQUEST, RefusalClass.ATTACK),
        (decision(Kind.SECRET), Direction.RESPONSE, RefusalClass.LEAK),
        (decision(reasons=("uninspectable:size",)), Direction.REQUEST, RefusalClass.UNINSPECTABLE),
        (decision(), Direction.REQUEST, RefusalClass.POLICY),
        # What could be read but not cut out: the advice is to take it out.
        (
            decision(Kind.SECRET, reasons=("uneditable:signed",), action=Action.REDACT),
            Direction.REQUEST,
            RefusalClass.POLICY,
        ),
    ],
)
def test_the_class_follows_from_what_decided(
    of: Decision, direction: Direction, cls: RefusalClass
) -> None:
    """Attack, leak, unreadable or plain policy."""
    assert class_of(of, direction) is cls
