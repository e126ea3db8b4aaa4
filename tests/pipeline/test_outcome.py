"""Outcomes show nothing of the bodies they carry."""

from types import SimpleNamespace

from excise.model import Action, Decision
from excise.pipeline.outcome import RequestOutcome, ResponseOutcome

ALLOW = Decision(action=Action.ALLOW, would=Action.ALLOW)


def test_no_outcome_shows_a_body_or_a_value() -> None:
    """Neither the body nor the table of placeholders."""
    request = RequestOutcome(
        context=SimpleNamespace(),  # type: ignore[arg-type]
        decision=ALLOW,
        record={},
        reply=None,
        target="/",
        headers=(),
        body=b"hidden",
        changed=False,
        kept={"[KEY_0123abcde]": "hidden"},
    )
    response = ResponseOutcome(decision=ALLOW, record={}, reply=None, body=b"hidden", changed=False)
    assert "hidden" not in repr(request) + repr(response)
