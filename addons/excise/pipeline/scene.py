"""A message → the situation that policy sees. What no expression reads is not computed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from excise.model import Direction, Exchange, Part, Role, Segment
from excise.pipeline.outcome import Context
from excise.pipeline.usage import estimate_tokens
from excise.policy.situation import (
    NO_SIGNALS,
    NO_TURN,
    Signals,
    Situation,
    Turn,
)

# Lists of messages, by the name each dialect gives them, and those that hold only earlier ones
# (Cohere's v1 sends the newest message beside its history).
CHATS: Final = frozenset({"messages", "contents", "input", "inputs"})
PAST: Final = frozenset({"chat_history"})
_PRODUCT: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def build_situation(
    context: Context,
    direction: Direction,
    segments: Sequence[Segment],
    *,
    stage: str,
    found: bool,
    reads: frozenset[str],
    unix_time: float = 0.0,
    signals: Signals = NO_SIGNALS,
) -> Situation:
    """What policy may know of a message besides what was found in it.

    `reads` names the fields that some expression reads; `found` says that something was found,
    without which no turn need be told from another.
    """
    exchange = context.exchange
    asked = direction is Direction.REQUEST
    turn = find_turn(segments) if asked and found else NO_TURN
    return Situation(
        direction=direction,
        principal=exchange.principal,
        stage=stage,
        client=exchange.address,
        app=app_of(exchange) if "app" in reads else "",
        provider=context.host.provider,
        host=exchange.host,
        path=exchange.path,
        model=context.model,
        stream=context.stream,
        size=len(exchange.body) if asked else sum(len(each.text) for each in segments),
        tokens=estimate_tokens(segments, context.model) if "tokens" in reads else 0,
        turns=count_turns(segments) if "turns" in reads else 0,
        roles=frozenset(s.role for s in segments) if "roles" in reads else frozenset(),
        parts=frozenset(s.part for s in segments) if "parts" in reads else frozenset(),
        tools=tools_of(segments) if "tools" in reads else frozenset(),
        turn=turn,
        signals=signals,
        session=context.session,
        moment=datetime.fromtimestamp(unix_time, UTC),
    )


def signals_of(seen: Mapping[str, Mapping[str, float]]) -> Signals:
    """What classifiers say of a message, as expressions read it; `seen` as a scan gives it."""
    if not seen:
        return NO_SIGNALS
    return Signals(
        topics=seen.get("topics", {}),
        unsafe=seen.get("unsafe", {}),
        injection=max(seen.get("injection", {}).values(), default=0.0),
    )


def find_turn(segments: Sequence[Segment]) -> Turn:
    """Where the newest turn of a request begins: behind the last message of the model's that a
    user or a tool has answered."""
    newest = last = -1
    key = ""
    for segment in reversed(segments):
        path = segment.path
        if len(path) < 2 or path[0] not in CHATS or not isinstance(path[1], int):
            continue
        if not key:
            key = str(path[0])
        if path[0] != key:
            continue
        if segment.role is Role.ASSISTANT:
            if newest >= 0 and path[1] < newest:
                last = path[1]
                break
        elif segment.role is not Role.SYSTEM and newest < 0:
            newest = path[1]
    return Turn(key, last + 1, PAST)


def count_turns(segments: Sequence[Segment]) -> int:
    """How many messages a chat has."""
    return len({s.path[:2] for s in segments if len(s.path) > 1 and s.path[0] in CHATS | PAST})


def tools_of(segments: Sequence[Segment]) -> frozenset[str]:
    """Names of the tools that a request offers."""
    return frozenset(
        segment.text
        for segment in segments
        if segment.part in (Part.TOOL_DEFINITION, Part.METADATA)
        and segment.path[-1:] == ("name",)
        and segment.path[0] in ("tools", "toolConfig", "functions")
    )


def app_of(exchange: Exchange) -> str:
    """The first product of the user agent, in lower case (RFC 9110 §10.1.5)."""
    found = _PRODUCT.match(exchange.header("user-agent"))
    return found[0].lower() if found else ""
