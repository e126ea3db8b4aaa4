"""A listener hears what stands after merging; a decision is the worst of what was said."""

from __future__ import annotations

from policy.samples import policy, situation

from excise.detectors.base import Findings
from excise.model import (
    Action,
    Direction,
    Finding,
    Kind,
    Mode,
    Part,
    Role,
    Segment,
    Severity,
    Span,
    Spoken,
)
from excise.pipeline.listening import Listener, decided
from excise.pipeline.stream import Step
from excise.policy.running import Progress

TEXT = Segment("write to a@b.org or [EMAIL_abcdefghij234567]", Role.ASSISTANT, Part.COMPLETION, 0)


def seen(*spans: tuple[int, int]) -> Findings:
    return tuple(
        Finding("pii.email", "pii.email", Span(*span), 1.0, Severity.HIGH, Kind.PERSONAL)
        for span in spans
    )


def test_what_overlaps_counts_once() -> None:
    made = policy("  - {id: two, if: 'count(\"pii.email\") > 1', then: block}\n")
    listener = Listener(made, situation(direction=Direction.RESPONSE), Progress)
    assert listener.begin().clauses == ()
    said = listener.hear(TEXT, seen((9, 16), (9, 14)))
    assert len(said.rulings) == 1 and listener.finish().clauses == ()
    assert dict(listener.risk)["lexical"] > 0


def test_the_worst_of_what_was_said_is_done() -> None:
    parts = [
        Step(clauses=(Spoken(clause="a", action=Action.ALERT, mode=Mode.ENFORCE),)),
        Step(clauses=(Spoken(clause="b", action=Action.BLOCK, mode=Mode.SHADOW),),
             failed=frozenset({"c"})),
    ]  # fmt: skip
    made = decided(parts, ("uninspectable:x",), Action.LOG, (("names", 1.0),))
    assert (made.action, made.would) == (Action.ALERT, Action.BLOCK)
    assert made.reasons == ("uninspectable:x", "expression:c")
    assert [each.clause for each in made.clauses] == ["a", "b"]
    assert decided([], (), Action.BLOCK, ()).action is Action.BLOCK
