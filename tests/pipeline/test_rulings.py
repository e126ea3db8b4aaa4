"""What a ruling comes to where a part of the answer is out already."""

from __future__ import annotations

import pytest

from excise.model import (
    Action,
    Finding,
    Kind,
    Mode,
    Part,
    Role,
    Ruling,
    Segment,
    Severity,
    Span,
)
from excise.pipeline.rulings import is_cut_out, refuses, stops_a_call, too_late, unedited


def ruling(action: Action, mode: Mode = Mode.ENFORCE) -> Ruling:
    """A ruling on some secret in a completion."""
    found = Finding("secret.x", "test.x", Span(0, 1), 1.0, Severity.HIGH, Kind.SECRET)
    segment = Segment("x", Role.ASSISTANT, Part.COMPLETION, 0)
    return Ruling(segment=segment, finding=found, action=action, mode=mode, clause="")


@pytest.mark.parametrize(
    ("action", "cut", "ends", "stops"),
    [
        (Action.LOG, False, False, False),
        (Action.ALERT, False, False, False),
        (Action.REDACT, True, False, True),
        (Action.BLOCK, False, True, True),
    ],
)
def test_only_what_is_enforced_is_done(action: Action, cut: bool, ends: bool, stops: bool) -> None:
    real, shadow = ruling(action), ruling(action, Mode.SHADOW)
    assert (is_cut_out(real), refuses(real), stops_a_call(real)) == (cut, ends, stops)
    assert not (is_cut_out(shadow) or refuses(shadow) or stops_a_call(shadow))


@pytest.mark.parametrize("action", [Action.LOG, Action.REDACT, Action.BLOCK])
def test_what_cannot_be_cut_out_is_refused_or_told(action: Action) -> None:
    """Where it is out it ends the answer; where it is signed it is told. All else stands."""
    given = ruling(action)
    late, signed = too_late(given), unedited(given)
    if action is Action.REDACT:
        assert (late.action, signed.action, signed.clause) == (
            Action.BLOCK, Action.ALERT, "sealed",
        )  # fmt: skip
    else:
        assert late is given is signed
