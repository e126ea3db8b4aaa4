"""Where in its conversation a request stands, and which sources its retrieved texts name.

Read off the segments, so that every dialect that tells its parts is covered. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from excise.model import Part, Segment

# Lists of turns in the dialects' bodies.
_TURNS: Final = frozenset({"messages", "input", "contents", "chat_history"})
# Fields in which a document, chunk or search result says where it is from: Cohere's `documents`,
# Anthropic's `search_result` and `document` blocks, and common fields of retrieval frameworks.
_SOURCES: Final = frozenset({"id", "source", "uri", "url", "doc_id", "document_id", "chunk_id"})
MAX_SOURCES: Final = 16


class Trajectory(NamedTuple):
    """`step` counts the turns, `tool_turns` those that hold a tool's result; `sources` are raw, the
    trail gets their fingerprints."""

    step: int = 0
    tool_turns: int = 0
    sources: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Trajectory step {self.step}, {self.tool_turns} tool turns>"


def read_trajectory(segments: Iterable[Segment]) -> Trajectory:
    """The trajectory that the segments of one request tell."""
    step = 0
    tools: set[int] = set()
    sources: dict[str, None] = {}
    for segment in segments:
        path, part = segment.path, segment.part
        if len(path) < 2:
            continue
        number = path[1]
        if type(number) is int and path[0] in _TURNS:
            if number >= step:
                step = number + 1
            if part is Part.TOOL_RESULT:
                tools.add(number)
        if part is Part.DOCUMENT and path[-1] in _SOURCES and len(sources) < MAX_SOURCES:
            sources[segment.text] = None
    return Trajectory(step, len(tools), tuple(sources))
