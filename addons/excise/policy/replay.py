"""Lines of the trail → what they were decided on, so that another policy can be asked again.

A line holds no text, so a finding comes back with its entity, rule, score and place, and nothing
of what it matched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from excise.model import (
    Decision,
    Direction,
    Finding,
    Kind,
    Part,
    Principal,
    Role,
    Segment,
    Severity,
    Span,
)
from excise.policy.build import Policy
from excise.policy.decide import decide
from excise.policy.fields import FIELDS
from excise.policy.situation import Situation, Turn

Record = Mapping[str, Any]
# What no line tells, and what is known only as far as something was found.
_UNTOLD: Final = frozenset({"tools", *(name for name in FIELDS if name.startswith("session."))})
_IN_PART: Final = frozenset(
    {"roles", "parts", "topics", "topic", "injection.score"}
    | {"unsafe", "unsafe.scores", "unsafe.categories"}
)
_UNREAD = "uninspectable:"
_STAGES: Final = ("request", "response", "stream")
Recorded = tuple[list[tuple[Segment, Sequence[Finding]]], Situation, tuple[str, ...]]
"""What was found, in which situation, and why anything could not be read."""


def is_replayable(record: Record) -> bool:
    """Whether a line tells of a decision."""
    return record.get("stage") in (*_STAGES, "shadow") and "direction" in record


def recall(record: Record) -> Recorded:
    """What a line was decided on, as far as it says so."""
    found: list[tuple[Segment, Sequence[Finding]]] = []
    seen = set()
    for entry in record.get("rulings", ()):
        # What was ruled on in both modes is still one finding.
        key = (entry["rule"], entry["entity"], entry.get("fingerprint"), entry.get("path"))
        if key not in seen:
            seen.add(key)
            found.append(_finding(entry))
    who = record.get("principal", {})
    situation = Situation(
        direction=Direction(record["direction"]),
        principal=Principal(
            id=who.get("id", ""), source=who.get("source", ""), group=who.get("group", "")
        ),
        stage=record["stage"] if record["stage"] in _STAGES else record["direction"],
        client=record.get("client", {}).get("address", ""),
        app=record.get("client", {}).get("user_agent", "").partition("/")[0].lower(),
        provider=record.get("provider", ""),
        host=record.get("host", ""),
        path=record.get("path", "").partition("?")[0],
        model=record.get("model", ""),
        stream=record.get("stream", False),
        size=record.get("bytes", {}).get("in", 0),
        tokens=record.get("usage", {}).get("input", 0),
        turns=record.get("conversation", {}).get("step", 0),
        roles=frozenset(segment.role for segment, _ in found),
        parts=frozenset(segment.part for segment, _ in found),
        turn=Turn("messages", 1),
        moment=datetime.fromisoformat(record["time"]),
    )
    reasons = record.get("reasons", ())
    unread = tuple(r.removeprefix(_UNREAD) for r in reasons if r.startswith(_UNREAD))
    return found, situation, unread


class Gaps(NamedTuple):
    """Fields that expressions of a policy read and that a replay leaves empty, or knows only as
    far as something was found."""

    untold: tuple[str, ...]
    in_part: tuple[str, ...]


def gaps(policy: Policy) -> Gaps:
    """What a replay does not know of what a policy reads."""
    return Gaps(*(tuple(sorted(policy.reads & each)) for each in (_UNTOLD, _IN_PART)))


def replay(policy: Policy, record: Record) -> Decision:
    """What a policy would have decided on a line of the trail."""
    found, situation, unread = recall(record)
    return decide(policy, found, situation, unread=unread, missing=record.get("missing", ()))


def _finding(entry: Record) -> tuple[Segment, list[Finding]]:
    path = ("messages", 0 if entry.get("older") else 1)
    role, part = Role(entry.get("role", Role.USER)), Part(entry.get("part", Part.PROMPT))
    finding = Finding(
        entry["entity"],
        entry["rule"],
        Span(0, 0),
        entry.get("score", 1.0),
        Severity(entry["severity"]),
        Kind(entry["kind"]),
        entry.get("detector", "pattern"),
    )
    return Segment("", role, part, 0, path), [finding] * entry["count"]
