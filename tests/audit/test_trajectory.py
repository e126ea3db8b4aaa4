"""Turns, tool turns and named sources are counted alike in every dialect that has them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from excise.audit.trajectory import MAX_SOURCES, Trajectory, read_trajectory
from excise.codecs import DIALECTS
from excise.model import Direction, Part, Role, Segment
from excise.pipeline.reading import DEFAULT_LIMITS, read_message


def said(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


TOOL = {"type": "tool_result", "tool_use_id": "t", "content": "r"}
FOUND = {"type": "search_result", "source": "https://docs.example/a", "title": "T",
         "content": [{"type": "text", "text": "body"}]}  # fmt: skip
CASES: dict[str, tuple[str, Any, Trajectory]] = {
    "openai": (
        "openai-chat",
        {"messages": [said("user", "a"), said("tool", "x", tool_call_id="t"), said("user", "b")]},
        Trajectory(3, 1),
    ),
    "anthropic": (
        "anthropic-messages",
        {"messages": [said("user", "a"), said("assistant", "b"), said("user", [TOOL, FOUND])]},
        Trajectory(3, 1, ("https://docs.example/a",)),
    ),
    "cohere": (
        "cohere-chat",
        {"messages": [said("user", "a")],
         "documents": [{"id": "doc-1", "data": {"text": "x"}}, {"id": "doc-2", "data": {}}]},
        Trajectory(1, 0, ("doc-1", "doc-2")),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_dialects_tell_it(name: str) -> None:
    dialect, body, wanted = CASES[name]
    raw = json.dumps({"model": "m", **body}).encode()
    message = read_message(
        DIALECTS[dialect], Direction.REQUEST, raw, "", DEFAULT_LIMITS, "application/json"
    )
    assert read_trajectory(message.segments) == wanted


def test_sources_are_bounded_and_not_shown() -> None:
    segments = [
        Segment(f"planted{n}", Role.USER, Part.DOCUMENT, n, ("documents", n, "id"))
        for n in range(99)
    ]
    found = read_trajectory(segments)
    assert len(found.sources) == MAX_SOURCES
    assert "planted" not in repr(found)
    assert read_trajectory([]) == Trajectory()
