"""What a decision changes in a message: what stands for a value, what comes back, what is said
besides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from excise.codecs.json.span import JsonReading
from excise.codecs.systemnote import add_note
from excise.detectors.scanner import SPENT
from excise.enforce.redact import (
    Lookup,
    Placeholders,
    Redaction,
    is_placeholder,
    mask_of,
    restore_segment,
)
from excise.enforce.substitute import Substitutes
from excise.model import Action, Decision, Edit, Part, Ruling
from excise.pipeline.inside import is_inside
from excise.pipeline.outcome import Context
from excise.pipeline.reading import Message
from excise.pipeline.reply import clauses_for
from excise.pipeline.weigh import Found
from excise.pipeline.written import holds_json
from excise.policy.build import Policy
from excise.policy.schema import How

EDITING: Final = frozenset({Action.REDACT, Action.STEER})
"""Actions that send a message on changed."""


def stand_in(
    policy: Policy, placeholders: Placeholders, substitutes: Substitutes, ruling: Ruling, value: str
) -> str:
    """What stands for a value that a ruling cuts out: by default a placeholder."""
    clause = policy.clauses.get(ruling.clause)
    how = clause.how if clause else How.PLACEHOLDER
    entity = ruling.finding.entity
    if how is How.MASK:
        return mask_of(entity)
    if clause is not None and how is How.SUBSTITUTE:
        return substitutes.invent(entity, value, valid=clause.valid)
    return placeholders.name(ruling, value)


def restored_in(message: Message, lookup: Lookup, taken: Iterable[Edit]) -> list[Edit]:
    """The edits that put values back into an answer, beside those that take others out."""
    cut = {(edit.token, edit.span.start) for edit in taken}
    return [
        edit
        for segment in message.segments
        if "[" in segment.text and segment.token not in message.sealed
        for edit in restore_segment(segment, lookup, inside_json=holds_json(segment.text))
        if (edit.token, edit.span.start) not in cut
    ]


def is_steady(message: Message, found: Found, *, asks_vault: bool = False) -> bool:
    """Whether the same bytes would be judged the same again: everybody has answered, nothing was
    left out for want of room, and no tool stands in it, of which it is remembered how it was
    described. With `asks_vault` neither does anything that a vault may know by then."""
    if found.missing or message.missing or SPENT in found.anomalies:
        return False
    return not any(
        segment.part is Part.TOOL_DEFINITION or (asks_vault and "[" in segment.text)
        for segment in message.segments
    )


def hindrance(
    policy: Policy, decision: Decision, context: Context, message: Message, *, signs: bool
) -> str:
    """Why a message cannot be changed as decided, or ""; `signs` says that a signature would still
    hold, or is ours to make."""
    if decision.action not in EDITING:
        return ""
    if message.raw:
        return "uneditable:unread"
    if is_inside(decision):
        return "uneditable:document"
    if not signs:
        return "uneditable:signed"
    if decision.action is Action.STEER and not _may_amend(policy, decision, context, message):
        return "uneditable:steer"
    return ""


def _may_amend(policy: Policy, decision: Decision, context: Context, message: Message) -> bool:
    """Whether a request has a place for what its system prompt is told besides."""
    if not isinstance(message.reading, JsonReading):
        return False
    return _amended(context, _texts(policy, decision), message.reading.body) is not None


def changes(decision: Decision, redaction: Redaction, message: Message) -> bool:
    """Whether a message that goes on goes on as another."""
    steers = decision.action is Action.STEER
    return bool(redaction.edits) or message.plain is not None or steers


def telling(
    policy: Policy, decision: Decision, context: Context, redaction: Redaction
) -> Callable[[bytes], bytes] | None:
    """What puts the texts of clauses that steer, and the profile's note where there are
    placeholders, into the system prompt of a request; None where there is nothing to tell."""
    texts = _texts(policy, decision) if decision.action is Action.STEER else []
    note = policy.profile.note
    if note and any(map(is_placeholder, redaction.kept)):
        texts.append(note)
    return partial(_told, context, texts) if texts else None


def _told(context: Context, texts: Sequence[str], body: bytes) -> bytes:
    return _amended(context, texts, body) or body


def _amended(context: Context, texts: Sequence[str], body: bytes) -> bytes | None:
    amended: bytes | None = body
    for text in texts:
        if amended is not None:
            amended = add_note(context.dialect.name, context.exchange.target, amended, text)
    return amended


def _texts(policy: Policy, decision: Decision) -> list[str]:
    return [clause.text for clause in clauses_for(Action.STEER, decision, policy)]


def timings_of(clock: Sequence[float]) -> dict[str, float]:
    """Milliseconds between the marks of a clock that was read after each stage."""
    steps = {
        name: (after - before) * 1000
        for name, before, after in zip(
            ("read", "detect", "decide", "enforce"), clock, clock[1:], strict=False
        )
    }
    return {**steps, "total": (clock[-1] - clock[0]) * 1000}


def rank_of(action: Action) -> int:
    """How strict an action is."""
    return action.rank


def floor_of(policy: Policy, unread: Iterable[str], found: Found) -> Action:
    """What is done about a message whatever was found in it."""
    profile = policy.profile
    required = profile.require.intersection(found.missing)
    actions = [profile.uninspectable_by_reason.get(why, profile.uninspectable) for why in unread]
    return max([*actions, *([Action.BLOCK] if required else [])], key=rank_of, default=Action.ALLOW)
