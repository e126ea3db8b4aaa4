"""What a refused client is told: a reference and advice, never the rule and never the value."""

from __future__ import annotations

from typing import Final

from excise.model import Action, Decision, Direction, Kind, Refusal, RefusalClass, Ruling

TOPICS: Final = "topic"  # the first word of entities that are topics

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
    RefusalClass.OFF: "Your organisation has switched LLM traffic off for now.",
    RefusalClass.AWAY: (
        "This message was stopped because your organisation's LLM firewall cannot reach what it "
        "has to ask first. Try again in a while."
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
    RefusalClass.OFF: 403,
    RefusalClass.AWAY: 400,
}


def build_refusal(
    cls: RefusalClass,
    reference: str,
    *,
    message: str = "",
    classic: bool = False,
    fault_status: int = 400,
    retry_after: int = 0,
) -> Refusal:
    """The refusal of one class. Without a `message` it says what is said by default, with the
    reference in it. A limit is 429 always: what else would tell a client to come back?"""
    status = CLASSIC[cls] if classic or cls is RefusalClass.LIMIT else 400
    if cls in (RefusalClass.FAULT, RefusalClass.AWAY):
        status = fault_status
    return Refusal(
        cls=cls,
        reference=reference,
        message=message or f"{MESSAGES[cls]} Reference: {reference}.",
        status=status,
        retry_after=retry_after,
    )


def class_of(decision: Decision, direction: Direction) -> RefusalClass:
    """Which class a refusing decision belongs to."""
    if decision.action is Action.LIMIT:
        return RefusalClass.LIMIT
    if direction is Direction.RESPONSE and (decision.rulings or decision.clauses):
        return RefusalClass.LEAK
    worst = [ruling for ruling in decision.rulings if ruling.action is decision.action]
    if not worst and any(r.action is Action.REDACT for r in decision.rulings):
        return RefusalClass.POLICY  # a signed body could be read, but what is in it not cut out
    if not worst:
        unread = any(reason.startswith("uninspectable:") for reason in decision.reasons)
        return RefusalClass.UNINSPECTABLE if unread else RefusalClass.POLICY
    if all(ruling.finding.kind is Kind.INSTRUCTION for ruling in worst):
        return RefusalClass.ATTACK
    if all(map(topic_of, worst)):
        return RefusalClass.TOPIC
    return RefusalClass.POLICY


def topic_of(ruling: Ruling) -> str:
    """The name of the topic that was found, or ""."""
    stem, _, name = ruling.finding.entity.partition(".")
    return name if stem == TOPICS else ""


def topics_in(decision: Decision) -> tuple[str, ...]:
    """The topics over which a message is refused, each once."""
    found = (topic_of(r) for r in decision.rulings if r.action is decision.action)
    return tuple(dict.fromkeys(filter(None, found)))
