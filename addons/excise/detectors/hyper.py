"""All rules in one Hyperscan database; the only file importing hyperscan.

Block mode over the joined bytes of many texts, end offsets only. The binding crashes where flags
are left out or a callback is let go, and a scratch serves one thread at a time; all three are
dealt with here and nowhere else.
"""

from __future__ import annotations

import hashlib
import re
import threading
from bisect import bisect_right
from collections.abc import Sequence
from importlib.metadata import version
from itertools import accumulate
from typing import Any, Final, NamedTuple

import hyperscan

from excise.detectors.prefilter import Hits
from excise.rules.compile import CompiledRule, Lead

# Stands around texts: a line end and no word character, so that ^, $ and \b hold there.
_JOINT: Final = "\n"
_FOLLOWING: Final = bytes(range(0x80, 0xC0))  # bytes that do not begin a character
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


class Expression(NamedTuple):
    """What is looked for, once for all the rules that read it."""

    pattern: bytes
    flags: int
    beyond: bool  # a match ends one character behind what is meant
    rules: tuple[int, ...]


def expressions(rules: Sequence[CompiledRule]) -> list[Expression]:
    """What is compiled for the rules; a lead that several share stands once."""
    readers: dict[Lead, list[int]] = {}
    for index, rule in enumerate(rules):
        for lead in dict.fromkeys(rule.leads):
            readers.setdefault(lead, []).append(index)
    return [
        Expression(lead.pattern.encode(), _flags(lead), lead.beyond, tuple(indexes))
        for lead, indexes in readers.items()
    ]


def _flags(lead: Lead) -> int:
    flags = hyperscan.HS_FLAG_MULTILINE
    if lead.any_case:
        flags |= hyperscan.HS_FLAG_CASELESS
    return int(flags)


def fingerprint(rules: Sequence[CompiledRule]) -> str:
    """Names a compiled database by its expressions and the library: fit for a cache's file name."""
    digest = hashlib.sha256(repr((version("hyperscan"), expressions(rules))).encode())
    return digest.hexdigest()[:32]


def restore(rules: Sequence[CompiledRule], database: bytes) -> Hyper | None:
    """The prefilter from a kept database, or None where that is damaged or made elsewhere."""
    try:
        return Hyper(rules, database=database)
    except (hyperscan.error, ValueError):
        return None


class Hyper:
    """The prefilter over a compiled database; safe to use from several threads."""

    def __init__(self, rules: Sequence[CompiledRule], *, database: bytes = b"") -> None:
        """Compiles (about a second for a few hundred rules), or takes a database that
        `serialize` made for the same `fingerprint` on the same machine."""
        self._own = threading.local()
        self._expressions = expressions(rules)
        self._shifts = tuple(rule.lead_shift for rule in rules)
        self._by_context = frozenset(i for i, rule in enumerate(rules) if rule.by_context)
        self._anywhere = frozenset[int]()
        self._database: Any = None
        if database:
            anywhere, _, raw = database.partition(b"\n")
            self._anywhere = frozenset(map(int, anywhere.split()))
            self._database = hyperscan.loadb(raw, hyperscan.HS_MODE_BLOCK)
            return
        wanted = self._expressions
        if not wanted:
            return
        try:
            self._database = _compiled(wanted)
        except hyperscan.error:
            bearable = [_bearable(each, rules) for each in wanted]
            self._database = _compiled(bearable)
            self._anywhere = frozenset(
                rule
                for new, old in zip(bearable, wanted, strict=True)
                if new.pattern != old.pattern
                for rule in new.rules
            )

    @property
    def widened(self) -> tuple[int, ...]:
        """Rules whose own form was refused: a hit says only in which text to look for them."""
        return tuple(sorted(self._anywhere))

    def serialize(self) -> bytes:
        """The database as bytes, for the constructor."""
        head = " ".join(map(str, sorted(self._anywhere))).encode() + b"\n"
        return head + bytes(hyperscan.dumpb(self._database))

    def _scratch(self) -> Any:
        scratch = getattr(self._own, "scratch", None)
        if scratch is None:
            scratch = self._own.scratch = hyperscan.Scratch(self._database)
        return scratch

    def hits(self, texts: Sequence[str], labels: Sequence[str] = ()) -> Hits:
        """Where the leads of rules end; a rule of which the label holds a word of context is to be
        looked for anywhere."""
        if self._database is None:
            return {}
        named = sorted({label for label in labels if label})
        hits = self._scan([*texts, *named])
        context = {
            label: hits.pop(index).keys() & self._by_context
            for index, label in enumerate(named, start=len(texts))
            if index in hits
        }
        for index, label in enumerate(labels) if context else ():
            if context.get(label):
                hits.setdefault(index, {}).update(dict.fromkeys(context[label]))
        return hits

    def _scan(self, texts: list[str]) -> Hits:
        joined = f"{_JOINT}{_JOINT.join(texts)}{_JOINT}"
        found: list[tuple[int, int]] = []

        def on_match(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found.append((end, number))

        self._database.scan(
            _encode(joined), match_event_handler=on_match, flags=0, scratch=self._scratch()
        )
        if not found:
            return {}
        wanted = self._expressions
        found = sorted({(end - wanted[number].beyond, number) for end, number in found})
        if not joined.isascii():
            found = _in_characters(found, _encode(joined))
        hits = self._placed(found, texts)
        for rules in hits.values() if self._anywhere else ():
            rules.update(dict.fromkeys(self._anywhere & rules.keys()))
        return hits

    def _placed(self, found: list[tuple[int, int]], texts: list[str]) -> Hits:
        """Positions in the joined texts as positions in each, for every rule that reads them."""
        starts = list(accumulate((len(text) + len(_JOINT) for text in texts), initial=len(_JOINT)))
        hits: Hits = {}
        for end, number in found:
            index = bisect_right(starts, end) - 1
            if not 0 <= index < len(texts):
                continue
            at, size = end - starts[index], len(texts[index])
            rules = hits.setdefault(index, {})
            for rule in self._expressions[number].rules:
                ends = rules.setdefault(rule, [])
                if ends is not None:
                    ends.append(min(at + self._shifts[rule], size))
        return hits


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can spell but UTF-8 cannot
        return _SURROGATES.sub("\ufffd", text).encode()


def _in_characters(found: list[tuple[int, int]], raw: bytes) -> list[tuple[int, int]]:
    mapped, at, count = [], 0, 0
    for end, rule in found:
        count += len(raw[at:end].translate(None, _FOLLOWING))
        at = end
        mapped.append((count, rule))
    return mapped


def _compiled(wanted: Sequence[Expression]) -> Any:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[each.pattern for each in wanted],
        ids=list(range(len(wanted))),
        elements=len(wanted),
        flags=[each.flags for each in wanted],
    )
    return database


def _bearable(each: Expression, rules: Sequence[CompiledRule]) -> Expression:
    """The expression, or a wider one where Hyperscan finds it too large."""
    caseless = each.flags | hyperscan.HS_FLAG_CASELESS
    wider = [each, each._replace(flags=each.flags | hyperscan.HS_FLAG_PREFILTER)]
    literals = [rules[index].literals for index in each.rules]
    if all(literals):
        words = sorted({re.escape(word) for some in literals for word in some})
        pattern = f"(?:{'|'.join(words)})".encode()
        wider.append(each._replace(pattern=pattern, flags=caseless, beyond=False))
    for attempt in wider:
        try:
            _compiled([attempt])
        except hyperscan.error:
            continue
        return attempt
    name = rules[each.rules[0]].rule.id
    raise ValueError(f"{name}: Hyperscan cannot run any form of the pattern.")
