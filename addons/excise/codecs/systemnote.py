"""A sentence for the model, put into a request behind what its system prompt says already.

It is put in as late as the provider's cache allows: behind the operator's own instructions, in
front of the first turn. A session that says the same of each request keeps its prefix.

Shapes: the references of the providers, as in the modules of their dialects. What is no
conversation (embeddings, files, a prompt to be continued) has no place for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from excise.codecs.json.edit import escape_json

_DECODER: Final = json.JSONDecoder(parse_int=float)  # of any length
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_OPERATORS: Final = frozenset({"system", "developer"})

Json = dict[str, Any]


class _Place(NamedTuple):
    """Where a dialect holds what its operator says.

    `talk` is the member that makes a body a conversation, `keys` the spellings of the member that
    holds the prompt, `fresh` its value where there was none, `block` one more entry where it is a
    list. Where the prompt is the first of the turns, `keys` is `talk` and `turns` true. A request
    with one of the members `never` takes no system prompt, and one whose path `path` is not found
    in has none.
    """

    talk: str
    keys: tuple[str, ...]
    fresh: Callable[[str], Any]
    block: Callable[[str], Json]
    turns: bool = False
    never: frozenset[str] = frozenset()
    path: re.Pattern[str] = re.compile("")


class _Span(NamedTuple):
    """A value and where it stands in its text."""

    value: Any
    start: int
    end: int


def _typed(note: str) -> Json:
    return {"type": "text", "text": note}


def _bare(note: str) -> Json:
    return {"text": note}


_TURNS: Final = _Place(
    "messages",
    ("messages",),
    lambda note: {"role": "system", "content": note},
    _typed,
    turns=True,
)
_ANTHROPIC: Final = _Place("messages", ("system",), str, _typed)
_GEMINI: Final = _Place(
    "contents",
    ("systemInstruction", "system_instruction"),
    lambda note: {"parts": [_bare(note)]},
    _bare,
    never=frozenset({"cachedContent", "cached_content"}),
    path=re.compile(r":(?:generate|streamGenerate)Content\b"),
)

_PLACES: Final[Mapping[str, tuple[_Place, ...]]] = {
    "openai-chat": (_TURNS,),
    "openai-responses": (
        _Place(
            "input",
            ("instructions",),
            str,
            _typed,
            path=re.compile(r"/responses(?:/compact|/input_tokens)?/?(?:\?|$)"),
        ),
    ),
    "anthropic-messages": (_ANTHROPIC,),
    "gemini-content": (_GEMINI,),
    "gemini-stream": (_GEMINI,),
    "bedrock-converse": (
        _Place("messages", ("system",), lambda note: [_bare(note)], _bare),
    ),
    "bedrock-invoke": (_ANTHROPIC._replace(talk="anthropic_version"),),
    "cohere-chat": (_TURNS, _Place("message", ("preamble",), str, _typed)),
    "mistral-chat": (_TURNS,),
    # Beside the name of an agent, whose own instructions they would replace, they are refused.
    "mistral-conversations": (
        _Place("inputs", ("instructions",), str, _typed, never=frozenset({"agent_id"}),
               path=re.compile(r"/conversations(?:#stream)?/?(?:\?|$)")),
    ),
    "ollama-chat": (_TURNS, _Place("prompt", ("system",), str, _typed)),
}  # fmt: skip


def add_note(dialect: str, target: str, body: bytes, note: str) -> bytes | None:
    """`body`, which is valid JSON, with `note` at the end of its system prompt, once.

    None where a request of this dialect to this target has no place for it. Every byte outside of
    what is put in stays.
    """
    places = _PLACES.get(dialect, ())
    if not places:
        return None
    text = body.decode()
    root = _find(text, text.startswith("\ufeff"))
    wrapped = root.value.get("request") if isinstance(root.value, dict) else None
    if isinstance(wrapped, dict):  # Gemini's coding clients put the request into an envelope
        root = _members(text, root.start)["request"]
    if not isinstance(root.value, dict):
        return None
    for place in places:
        if place.talk in root.value and not place.never & root.value.keys():
            if not place.path.search(target):
                continue
            done = (_among_turns if place.turns else _beside)(text, root, place, note)
            return None if done is None else done.encode()
    return None


def _beside(text: str, root: _Span, place: _Place, note: str) -> str | None:
    """The prompt is a member of its own."""
    members = _members(text, root.start)
    key = next((key for key in place.keys if key in members), place.keys[0])
    if key not in members:
        member = f"{_json(key)}:{_json(place.fresh(note))}"
        return _put_first(text, root, member)
    return _behind(text, members[key], place, note)


def _among_turns(text: str, root: _Span, place: _Place, note: str) -> str | None:
    """The prompt is the first turn, where there is one."""
    turns = _members(text, root.start)[place.talk]
    if not isinstance(turns.value, list):
        return None
    first = turns.value[0] if turns.value else None
    if not isinstance(first, dict) or first.get("role") not in _OPERATORS:
        return _put_first(text, turns, _json(place.fresh(note)))
    said = _members(text, _skip(text, turns.start + 1)).get("content")
    return None if said is None else _behind(text, said, place, note)


def _behind(text: str, prompt: _Span, place: _Place, note: str) -> str | None:
    """`note` behind the words of a prompt: a text, a list of blocks, or an object with parts."""
    value, start, end = prompt
    if _holds(value, note):
        return text
    if value is None:
        return text[:start] + _json(place.fresh(note)) + text[end:]
    if isinstance(value, str):
        escaped = escape_json(f"\n\n{note}" if value else note).decode()
        return text[: end - 1] + escaped + text[end - 1 :]
    if isinstance(value, list):
        entry = ("," if value else "") + _json(place.block(note))
        return text[: end - 1] + entry + text[end - 1 :]
    parts = _members(text, start).get("parts") if isinstance(value, dict) else None
    if parts is None:
        return None
    if isinstance(parts.value, dict):  # proto3's JSON takes one value for a list of one
        entries = f"[{text[parts.start : parts.end]},{_json(place.block(note))}]"
        return text[: parts.start] + entries + text[parts.end :]
    return _behind(text, parts, place, note)


def _put_first(text: str, holder: _Span, entry: str) -> str:
    """`entry` as the first of an object or a list."""
    at = holder.start + 1
    return text[:at] + entry + ("," if holder.value else "") + text[at:]


def _members(text: str, start: int) -> dict[str, _Span]:
    """The members of the object that starts here, the last of each name."""
    return dict(_find_members(text, start))


def _find_members(text: str, start: int) -> Iterator[tuple[str, _Span]]:
    at = _skip(text, start + 1)
    while text[at] != "}":
        key = _find(text, at)
        member = _find(text, _skip(text, key.end) + 1)
        yield key.value, member
        at = _skip(text, member.end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _find(text: str, at: int) -> _Span:
    start = _skip(text, at)
    value, end = _DECODER.raw_decode(text, start)
    return _Span(value, start, end)


def _skip(text: str, at: int) -> int:
    """Where the white space that may stand here ends."""
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _holds(value: Any, note: str) -> bool:
    if isinstance(value, str):
        return note in value
    if isinstance(value, dict):
        value = list(value.values())
    return isinstance(value, list) and any(_holds(each, note) for each in value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
