"""What a client has of a streamed response, and the events that bring it to a clean end.

Shapes: OpenAI API reference, responses-streaming. An item or part must be opened before anything
is put into it, and closed before the response is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from excise.codecs.framing.ssejson import build_event
from excise.codecs.json.close import complete_json
from excise.codecs.refusal import set_apart

_RESPONSE: Final[dict[str, Any]] = {
    "id": "resp_0",
    "object": "response",
    "created_at": 0,
    "status": "in_progress",
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "metadata": {},
    "model": "",
    "output": [],
    "parallel_tool_calls": True,
    "temperature": None,
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
    "usage": None,
}
# The kind of a call's deltas → the member of its item that they spell out, and whether it is JSON.
_CALLS: Final = {
    "response.function_call_arguments": ("arguments", True),
    "response.mcp_call_arguments": ("arguments", True),
    "response.custom_tool_call_input": ("input", False),
    "response.code_interpreter_call_code": ("code", False),
}
_CALL_KINDS: Final = {
    "function_call": "response.function_call_arguments",
    "mcp_call": "response.mcp_call_arguments",
    "custom_tool_call": "response.custom_tool_call_input",
    "code_interpreter_call": "response.code_interpreter_call_code",
}
_TEXT: Final = "response.output_text"
_REFUSAL: Final = "response.refusal"
_REASONING: Final = "response.reasoning_text"
_SUMMARY: Final = "response.reasoning_summary_text"
_PART_TYPES: Final = {
    _TEXT: "output_text",
    _REFUSAL: "refusal",
    _REASONING: "reasoning_text",
    _SUMMARY: "summary_text",
}
_TEXT_MEMBER: Final = {_REFUSAL: "refusal"}  # of every other kind it is `text`


@dataclass(slots=True)
class _Item:
    """One item of the output, as the client was given it."""

    value: dict[str, Any]
    closed: bool = False
    spelled: dict[tuple[int, str], list[str]] = field(default_factory=dict)
    # (part, kind): texts whose `done` was given, and parts whose `done` was given
    done: set[tuple[int, str]] = field(default_factory=set)
    parts: dict[tuple[int, str], dict[str, Any]] = field(default_factory=dict)


class Ending:
    """Follows what is sent; `write` ends it."""

    def __init__(self) -> None:
        self.sequence = 0
        self._response: dict[str, Any] | None = None
        self._items: dict[int, _Item] = {}
        self._events: list[bytes] = []

    # -- following ---------------------------------------------------------------------------

    def spell(self, item: int, part: int, kind: str, text: str) -> None:
        """A delta was given."""
        if item in self._items:
            self._items[item].spelled.setdefault((part, kind), []).append(text)

    def note(self, kind: str, item: int, part: int, event: dict[str, Any]) -> None:
        """Any other event was given, with this JSON value."""
        if kind == "response.output_item.added":
            self._items[item] = _Item(_object(event.get("item")))
        elif kind == "response.output_item.done":
            self._items[item] = _Item(_object(event.get("item")), closed=True)
        elif "response" in event and type(event["response"]) is dict:
            self._response = event["response"]
        elif item in self._items and kind.endswith(".done"):
            self._done(self._items[item], kind.removesuffix(".done"), part, event)
        elif item in self._items and kind.endswith("_part.added"):
            value = _object(event.get("part"))
            self._items[item].parts[part, _kind_of(value)] = value

    def _done(self, item: _Item, stem: str, part: int, event: dict[str, Any]) -> None:
        if stem.endswith("_part"):
            value = _object(event.get("part"))
            item.parts[part, _kind_of(value)] = value
            item.done.add((part, "part"))
            return
        member = _CALLS[stem][0] if stem in _CALLS else _TEXT_MEMBER.get(stem, "text")
        if type(event.get(member)) is str:
            item.spelled[part, stem] = [event[member]]
            item.done.add((part, stem))

    # -- ending ------------------------------------------------------------------------------

    def write(self, notice: str) -> bytes:
        """The events that end the response."""
        self._events = []
        if self._response is None:
            self._response = dict(_RESPONSE)
            self._put("response.created", response=self._response)
        texts = (
            kind == _TEXT and any(pieces)
            for each in self._items.values()
            for (_, kind), pieces in each.spelled.items()
        )
        notice = set_apart(notice, any(texts))
        shown = False
        for index, item in self._items.items():
            if not item.closed:
                shown = self._close_item(index, item, "" if shown else notice) or shown
        if not shown:
            self._add_message(max(self._items, default=-1) + 1, notice)
        output = [self._items[index].value for index in sorted(self._items)]
        final = {**self._response, "status": "completed", "output": output}
        self._put("response.completed", response=final)
        return b"".join(self._events)

    def _put(self, kind: str, **members: Any) -> None:
        payload = {"type": kind, "sequence_number": self.sequence, **members}
        self._events.append(build_event(payload, name=True))
        self.sequence += 1

    def _close_item(self, index: int, item: _Item, notice: str) -> bool:
        """Whether the notice found its place in this item."""
        kind = str(item.value.get("type"))
        if kind == "message":
            self._close_message(index, item, notice)
        elif kind == "reasoning":
            self._close_reasoning(index, item)
        elif kind in _CALL_KINDS:
            self._close_call(index, item, _CALL_KINDS[kind])
        item.closed = True
        if "status" in item.value:
            item.value["status"] = "completed"
        self._put("response.output_item.done", output_index=index, item=item.value)
        return kind == "message" and bool(notice)

    def _add_message(self, index: int, notice: str) -> None:
        item = _Item(
            {
                "id": f"msg_{index}",
                "type": "message",
                "status": "in_progress",
                "role": "assistant",
                "content": [],
            }
        )
        self._items[index] = item
        # A copy: the item itself is filled while it is closed.
        self._put("response.output_item.added", output_index=index, item=dict(item.value))
        self._close_item(index, item, notice)

    def _close_message(self, index: int, item: _Item, notice: str) -> None:
        rest = notice
        for part, kind in sorted(item.parts):
            if (part, "part") in item.done:
                continue
            takes = kind == _TEXT and (part, kind) not in item.done
            self._close_part(index, item, part, kind, rest if takes else "")
            rest = "" if takes else rest
        if rest:
            part = max((part for part, _ in item.parts), default=-1) + 1
            fresh = {"type": "output_text", "text": "", "annotations": []}
            item.parts[part, _TEXT] = fresh
            self._put("response.content_part.added", **_at(index, item, part), part=dict(fresh))
            self._close_part(index, item, part, _TEXT, rest)
        item.value["content"] = [item.parts[key] for key in sorted(item.parts)]

    def _close_part(self, index: int, item: _Item, part: int, kind: str, more: str) -> None:
        at = _at(index, item, part)
        member = _TEXT_MEMBER.get(kind, "text")
        text = "".join(item.spelled.get((part, kind), ()))
        extra: dict[str, Any] = {"logprobs": []} if kind == _TEXT else {}
        if more:
            self._put(f"{kind}.delta", **at, delta=more, **extra)
            text += more
        if (part, kind) not in item.done:
            self._put(f"{kind}.done", **at, **{member: text}, **extra)
        value = {**item.parts[part, kind], member: text}
        item.parts[part, kind] = value
        self._put("response.content_part.done", **at, part=value)

    def _close_reasoning(self, index: int, item: _Item) -> None:
        for part, kind in sorted(item.parts):
            if (part, "part") in item.done:
                continue
            if kind != _SUMMARY:
                self._close_part(index, item, part, kind, "")
                continue
            at = {"item_id": item.value.get("id", ""), "output_index": index, "summary_index": part}
            text = "".join(item.spelled.get((part, kind), ()))
            if (part, kind) not in item.done:
                self._put(f"{kind}.done", **at, text=text)
            value = {"type": "summary_text", "text": text}
            item.parts[part, kind] = value
            self._put("response.reasoning_summary_part.done", **at, part=value)
        keys = sorted(item.parts)
        item.value["summary"] = [item.parts[key] for key in keys if key[1] == _SUMMARY]
        content = [item.parts[key] for key in keys if key[1] != _SUMMARY]
        if content:
            item.value["content"] = content

    def _close_call(self, index: int, item: _Item, kind: str) -> None:
        member, is_json = _CALLS[kind]
        text = "".join(item.spelled.get((0, kind), ())) or item.value.get(member)
        text = text if type(text) is str else ""
        if (0, kind) not in item.done:
            at = {"item_id": item.value.get("id", ""), "output_index": index}
            suffix = complete_json(text) if is_json else ""
            if suffix:
                self._put(f"{kind}.delta", **at, delta=suffix)
            text += suffix
            name = {"name": item.value["name"]} if "name" in item.value else {}
            self._put(f"{kind}.done", **at, **{member: text}, **name)
        item.value[member] = text


def _object(value: Any) -> dict[str, Any]:
    """A value where it is an object; what upstream sends in its place has nothing to close."""
    return value if type(value) is dict else {}


def _kind_of(part: dict[str, Any]) -> str:
    """The kind of the deltas that spell a part out."""
    kind = part.get("type")
    return next((stem for stem, name in _PART_TYPES.items() if name == kind), _TEXT)


def _at(index: int, item: _Item, part: int) -> dict[str, Any]:
    return {
        "item_id": item.value.get("id", ""),
        "output_index": index,
        "content_index": part,
    }
