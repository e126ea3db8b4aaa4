"""Findings that must go → placeholders, and placeholders that come back → values.

A placeholder is `[LABEL_xxxxxxxxx]`: the entity's last words and nine characters (45 bits) of an
HMAC-SHA-256 (RFC 2104) of entity and value, in Crockford's base 32 alphabet in lower case. Only
letters, digits, an underscore and brackets, so that neither JSON escaping nor a tokenizer alters
it; keyed, so that it tells nothing of the value; the same value always gives the same one, so
that the provider's prompt cache holds.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from excise.model import Action, Edit, Mode, Place, Ruling, Segment, Severity, Span

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
DIGITS: Final = 9
PLACEHOLDER: Final = re.compile(rf"\[[A-Z][A-Z0-9_]{{1,40}}_[{ALPHABET}]{{{DIGITS}}}\]")
# What may still become a placeholder when more text follows.
UNFINISHED: Final = re.compile(r"\[(?:[A-Z][A-Z0-9_]{0,41}[0-9a-z]{0,9})?$")
LONGEST: Final = 1 + 41 + 1 + DIGITS + 1

_MASK: Final = re.compile(r"\[[A-Z][A-Z0-9_]{1,40}\]")

Lookup = Callable[[str], str | None]

Name = Callable[[Ruling, str], str]
"""(the ruling that names the stretch, its value) → what stands in its place."""


class Placeholders:
    """Mints placeholders under one key; holds no value."""

    def __init__(self, key: bytes) -> None:
        self._mac = hmac.new(key, digestmod=hashlib.sha256)

    def mint(self, entity: str, value: str) -> str:
        """The placeholder of `value`; the same on every call, in every process with this key."""
        mac = self._mac.copy()
        mac.update(entity.encode() + b"\0" + value.encode("utf-8", "surrogatepass"))
        number = int.from_bytes(mac.digest()[:8], "big")
        digits = "".join(ALPHABET[number >> shift & 31] for shift in range(0, 5 * DIGITS, 5))
        return f"[{label_of(entity)}_{digits}]"

    def name(self, ruling: Ruling, value: str) -> str:
        """The placeholder that stands for what a ruling cuts out."""
        return self.mint(ruling.finding.entity, value)


def label_of(entity: str) -> str:
    """`secret.aws-access-key-id` → `AWS_ACCESS_KEY_ID`; `code.c++` → `CODE_C`."""
    tail = entity.partition(".")[2] or entity
    label = re.sub(r"[^A-Z0-9]+", "_", tail.upper()).strip("_")[:40]
    return label if len(label) > 1 else label_of(entity.replace(".", "-"))


class Redaction(NamedTuple):
    """Edits to make, and what each placeholder stands for."""

    edits: tuple[Edit, ...]
    kept: dict[str, str]

    def __repr__(self) -> str:
        return f"<Redaction {len(self.edits)} edits>"


_SEVERITIES: Final = {severity: rank for rank, severity in enumerate(Severity)}


def mask_of(entity: str) -> str:
    """What stands for every value of an entity alike: `[IBAN]`."""
    return f"[{label_of(entity)}]"


def is_mask(text: str) -> bool:
    """Whether this is a mask."""
    return _MASK.fullmatch(text) is not None


def is_placeholder(text: str) -> bool:
    """Whether this is nothing but a placeholder, quotes and spaces around it aside."""
    return PLACEHOLDER.fullmatch(text.strip(" \t\"'`")) is not None


def blinder(entities: Iterable[str]) -> Callable[[str], str]:
    """A function that blanks the placeholders of these entities, keeping the length of a text.

    Only labels of our own are blanked, so that nothing key-shaped hides in one: all that is free
    in such a placeholder are nine characters.
    """
    labels = frozenset(map(label_of, entities))

    def blank(match: re.Match[str]) -> str:
        whole = match[0]
        if whole[1 : -DIGITS - 2] not in labels:
            return whole
        return "[" + "\0" * (len(whole) - 2) + "]"

    return lambda text: PLACEHOLDER.sub(blank, text)


def build_redaction(rulings: Iterable[Ruling], name: Name) -> Redaction:
    """One edit for each stretch of text that an enforced redaction covers.

    Overlapping findings become one edit under the name of the gravest, longest one. What is
    masked is not kept: nothing leads back from a mask.
    """
    by_token: dict[tuple[Place, int], list[Ruling]] = {}
    for ruling in rulings:
        if ruling.action is Action.REDACT and ruling.mode is Mode.ENFORCE:
            by_token.setdefault((ruling.segment.place, ruling.segment.token), []).append(ruling)
    edits: list[Edit] = []
    kept: dict[str, str] = {}
    for (place, token), group in by_token.items():
        for span, ruling in merge_spans(group):
            value = ruling.segment.text[span.start : span.end]
            shown = name(ruling, value)
            if not is_mask(shown):
                kept[shown] = value
            edits.append(Edit(token, span, shown, place))
    return Redaction(tuple(edits), kept)


def merge_spans(rulings: Sequence[Ruling]) -> list[tuple[Span, Ruling]]:
    """Disjoint spans that cover all findings of one segment, each with the ruling that names it."""
    merged: list[tuple[Span, Ruling]] = []
    for ruling in sorted(rulings, key=lambda each: each.finding.span):
        span = ruling.finding.span
        if merged and span.start < merged[-1][0].end:
            before, namer = merged[-1]
            union = Span(before.start, max(before.end, span.end))
            merged[-1] = (union, max(namer, ruling, key=_weight))
        else:
            merged.append((span, ruling))
    return merged


def _weight(ruling: Ruling) -> tuple[int, float, int]:
    finding = ruling.finding
    return _SEVERITIES[finding.severity], finding.score, finding.span.end - finding.span.start


def find_restorable(
    text: str, lookup: Lookup, *, inside_json: bool = False
) -> list[tuple[Span, str]]:
    """Where `text` holds placeholders that this principal's vault knows, and what to put there.

    With `inside_json` the text is itself JSON, so values are escaped to stand inside its strings.
    """
    if "[" not in text:
        return []
    found = []
    for match in PLACEHOLDER.finditer(text):
        value = lookup(match[0])
        if value is not None:
            shown = json.dumps(value, ensure_ascii=False)[1:-1] if inside_json else value
            found.append((Span(*match.span()), shown))
    return found


def restore_segment(segment: Segment, lookup: Lookup, *, inside_json: bool = False) -> list[Edit]:
    """The edits that put values back into one segment."""
    return [
        Edit(segment.token, span, value, segment.place)
        for span, value in find_restorable(segment.text, lookup, inside_json=inside_json)
    ]
