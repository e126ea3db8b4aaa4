"""What a refused client is told: a reference and advice, never the rule and never the value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from excise.model import Action, Decision, Direction, Kind, Refusal, RefusalClass

MESSAGES: Final[dict[RefusalClass, str]] = {
    RefusalClass.POLICY: (
        "This request was stopped by your organisation's LLM firewall because it holds content "
        "that may not leave. Take the confidential part out and send it again."
    ),
    RefusalClass.ATTACK: (
        "This request was stopped by your organisation's LLM firewall because it reads like an "
        "attempt to misuse the model."
    ),
    RefusalClass.TOPIC: (
        "This request was stopped by your organisation's LLM firewall because its subject is not "
        "allowed here."
    ),
    RefusalClass.LEAK: (
        "The answer was stopped by your organisation's LLM firewall because it held content that "
        "may not be shown."
    ),
    RefusalClass.LIMIT: "Your organisation's limit for LLM use is reached. Try again later.",
    RefusalClass.UNINSPECTABLE: (
        "This message was stopped by your organisation's LLM firewall because it cannot be read: "
        "send plain, well-formed content."
    ),
    RefusalClass.FAULT: (
        "This request was stopped because your organisation's LLM firewall could not check it."
    ),
}

# The classic mapping tells classes apart; the uniform 400 is what no client retries.
CLASSIC: Final[dict[RefusalClass, int]] = {
    RefusalClass.POLICY: 403,
    RefusalClass.ATTACK: 403,
    RefusalClass.TOPIC: 400,
    RefusalClass.LEAK: 500,
    RefusalClass.LIMIT: 429,
    RefusalClass.UNINSPECTABLE: 400,
    RefusalClass.FAULT: 400,
}


def build_refusal(
    cls: RefusalClass, reference: str, *, classic: bool = False, fault_status: int = 400
) -> Refusal:
    """The refusal of one class, with the reference id standing in its message."""
    status = CLASSIC[cls] if classic else 400
    if cls is RefusalClass.FAULT:
        status = fault_status
    message = f"{MESSAGES[cls]} Reference: {reference}."
    return Refusal(cls=cls, reference=reference, message=message, status=status)


def class_of(decision: Decision, direction: Direction) -> RefusalClass:
    """Which class a blocked decision belongs to."""
    if direction is Direction.RESPONSE and decision.rulings:
        return RefusalClass.LEAK
    worst = [ruling for ruling in decision.rulings if ruling.action is decision.action]
    if not worst and any(r.action is Action.REDACT for r in decision.rulings):
        return RefusalClass.POLICY  # a signed body could be read, but what is in it not cut out
    if not worst:
        return RefusalClass.UNINSPECTABLE if decision.reasons else RefusalClass.POLICY
    kinds: Sequence[Kind] = [ruling.finding.kind for ruling in worst]
    return RefusalClass.ATTACK if all(k is Kind.INSTRUCTION for k in kinds) else RefusalClass.POLICY
