"""JSON as the firewall reads it: every string with its address, and edits cut into the bytes.

The body is parsed once by the C parser, and walked once. Token *n* is the *n*-th addressable
token of the document: every string, object keys included, and every number of at least
`LONG_NUMBER` characters (card and phone numbers travel as numbers). Byte positions are looked for
only when something is edited: in valid JSON one regular expression finds the same tokens.
"""

# Joining tuples by + is twice as fast as unpacking, and every string of every body pays for it.
# ruff: noqa: RUF005
from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from excise.codecs.base import Label
from excise.codecs.facts import NO_FACTS, Facts
from excise.codecs.json.edit import splice_json
from excise.codecs.json.value import LONG_NUMBER, Pairs, parse_json, plain_value
from excise.codecs.labels import OPAQUE, SEALED, Labeler
from excise.codecs.media import Blob, find_blobs
from excise.codecs.wirewords import WIRE_WORDS
from excise.errors import Unreadable
from excise.model import Edit, Path, Place, Segment, Usage

MAX_DEPTH: Final = 200
MAX_VALUES: Final = 500_000
"""Members and items read of one body; more would hold up every other exchange. Embeddings, which
are passed over whole, do not count."""

_BLOB: Final = re.compile(r"[A-Za-z0-9+/_=-]{64,}")
_VECTOR: Final = 32
_EXTREME: Final = 64
_BODY: Final = Place.BODY
_new: Final = tuple.__new__  # a named tuple without the detour through its own constructor


class JsonReading(NamedTuple):
    """A JSON body as it was understood.

    `sealed` holds the tokens that must not be edited; `opaque` counts those of them that were
    not read as text. `documents` is more than one value only where several follow each other.
    """

    codec: str
    segments: tuple[Segment, ...]
    anomalies: tuple[str, ...] = ()
    model: str = ""
    stream: bool = False
    usage: Usage | None = None
    sealed: frozenset[int] = frozenset()
    opaque: int = 0
    body: bytes = b""
    documents: tuple[Any, ...] = ()
    unread: tuple[str, ...] = ()
    blobs: tuple[Blob, ...] = ()

    def __repr__(self) -> str:
        return f"<JsonReading {self.codec} {len(self.segments)} segments {len(self.body)} bytes>"

    @property
    def document(self) -> Any:
        """The (first) value as dicts, lists, strings and numbers, built anew at each call."""
        return plain_value(self.documents[0]) if self.documents else None

    def splice(self, edits: Iterable[Edit]) -> bytes:
        """The body with the edits made; every byte outside the edited spans is unchanged.

        Raises `ValueError` for edits that overlap, point outside of their text, or touch a
        sealed token.
        """
        return splice_json(self.body, edits, self.sealed)


def read_json(
    body: bytes,
    labeler: Labeler,
    root: Label,
    *,
    codec: str = "generic-json",
    facts: Callable[[Any], Facts] | None = None,
    many: bool = False,
) -> JsonReading:
    """Read one JSON document, or with `many` one or more separated by white space.

    Raises `Unreadable`: `charset`, `depth`, `malformed`, or `size` for too many texts.
    """
    documents, bom = parse_json(body, many)
    walk = _Walk(labeler)
    n = 0
    walk.visit(len(documents))
    for index, document in enumerate(documents):
        path: Path = (index,) if len(documents) > 1 else ()
        n = walk.enter(document, root, n, path)
    known = facts(documents[0]) if facts else NO_FACTS
    if bom:
        walk.anomalies.add("bom")
    if "duplicate-key" in walk.anomalies:
        walk.unread.add("ambiguous")
    blobs = tuple(find_blobs(walk.segments))
    walk.unread.update(blob.reason for blob in blobs)
    return JsonReading(
        codec,
        tuple(walk.segments),
        tuple(sorted(walk.anomalies)) if walk.anomalies else (),
        known.model,
        known.stream,
        known.usage,
        frozenset(walk.sealed),
        walk.opaque,
        body,
        documents,
        tuple(sorted(walk.unread)) if walk.unread else (),
        blobs,
    )


class _Walk:
    """One pass over a parsed document in document order; every method returns the next token."""

    __slots__ = (
        "anomalies",
        "entries",
        "members",
        "opaque",
        "sealed",
        "segments",
        "unread",
        "visited",
    )

    def __init__(self, labeler: Labeler) -> None:
        self.members = labeler.members
        self.entries = labeler.entries
        self.segments: list[Segment] = []
        self.anomalies: set[str] = set()
        self.unread: set[str] = set()
        self.sealed: list[int] = []
        self.opaque = 0
        self.visited = 0

    def enter(self, document: Any, root: Label, n: int, path: Path) -> int:
        """Read a whole document, which may be a bare string or number."""
        kind = type(document)
        if kind is tuple:
            return self.object(document, root, n, path, 1)
        if kind is list:
            return self.array(document, root, "", n, path, 1)
        if kind is str:
            return self.text(document, root, "", n, path)
        if kind is bytes:
            return self.number(document, root, "", n, path)
        return n

    def object(self, pairs: Pairs, label: Label, n: int, path: Path, depth: int) -> int:
        if depth > MAX_DEPTH:
            raise Unreadable("depth")
        self.visit(len(pairs))
        members = dict(pairs)
        if len(members) < len(pairs):
            self.anomalies.add("duplicate-key")
        enter = self.entries.get(label[3])
        if enter:
            label = enter(label, members)
        role, part, _, _ = label
        known, other = self.members(label)
        add = self.segments.append
        for key, value in pairs:
            if key not in WIRE_WORDS and key:
                add(_new(Segment, (key, role, part, n, path + (key,), "", _BODY)))
            n += 1
            child = known.get(key, other)
            kind = type(value)
            if kind is str:
                if value:
                    c_role, c_part, plain, state = child
                    if state in _GUARDED:
                        self.guarded(value, child, key, n, path + (key,))
                    else:
                        name = "" if plain else key
                        add(_new(Segment, (value, c_role, c_part, n, path + (key,), name, _BODY)))
                n += 1
            elif kind is tuple:
                n = self.object(value, child, n, path + (key,), depth + 1)
            elif kind is list:
                n = self.array(value, child, key, n, path + (key,), depth + 1)
            elif kind is bytes and len(value) >= LONG_NUMBER:
                n = self.number(value, child, key, n, path + (key,))
        return n

    def array(
        self, items: list[Any], label: Label, key: str, n: int, path: Path, depth: int
    ) -> int:
        if depth > MAX_DEPTH:
            raise Unreadable("depth")
        # Numbers where text belongs are text that a tokenizer has encoded.
        if label[2] and any(type(item) is bytes for item in items):
            self.unread.add("token-ids")
        if len(items) >= _VECTOR and type(items[0]) is bytes and _is_vector(items):
            return n + sum(len(item) >= LONG_NUMBER for item in items)
        self.visit(len(items))
        for index, item in enumerate(items):
            kind = type(item)
            if kind is tuple:
                n = self.object(item, label, n, path + (index,), depth + 1)
            elif kind is str:
                n = self.text(item, label, key, n, path + (index,))
            elif kind is list:
                n = self.array(item, label, key, n, path + (index,), depth + 1)
            elif kind is bytes and len(item) >= LONG_NUMBER:
                n = self.number(item, label, key, n, path + (index,))
        return n

    def visit(self, count: int) -> None:
        self.visited += count
        if self.visited > MAX_VALUES:
            raise Unreadable("size")

    def text(self, value: str, label: Label, key: str, n: int, path: Path) -> int:
        if label[3] in _GUARDED:
            self.guarded(value, label, key, n, path)
        elif value:
            self.add(value, label, key, n, path)
        return n + 1

    def number(self, spelling: bytes, label: Label, key: str, n: int, path: Path) -> int:
        if len(spelling) < LONG_NUMBER:
            return n
        if len(spelling) > _EXTREME:
            self.anomalies.add("number-extreme")
        if label[3] in _GUARDED:
            self.sealed.append(n)
        self.add(spelling.decode(), label, key, n, path)
        return n + 1

    def guarded(self, value: str, label: Label, key: str, n: int, path: Path) -> None:
        """A text that must not be edited. What stands in a blob's field and is none is read:
        otherwise the field would be a way past the firewall."""
        self.sealed.append(n)
        if label[3] == OPAQUE and _BLOB.fullmatch(value):
            self.opaque += 1
        elif value:
            self.add(value, label, key, n, path)

    def add(self, value: str, label: Label, key: str, n: int, path: Path) -> None:
        name = "" if label[2] else key
        self.segments.append(_new(Segment, (value, label[0], label[1], n, path, name, _BODY)))


_GUARDED: Final = frozenset({SEALED, OPAQUE})


def _is_vector(items: list[Any]) -> bool:
    """Whether a list is an embedding: fractions only, none with digits enough before the point to
    be anybody's number. Its thousands of items are not texts."""
    return all(
        type(item) is bytes and (len(item) < LONG_NUMBER or item.find(b".", 0, 5) >= 0)
        for item in items
    )
