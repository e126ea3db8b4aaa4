"""All rules in Hyperscan databases; the only file importing hyperscan.

Rules with a literal to go by share one database. The others are compiled a few at a time, since
together they take several times as long (`docs/decisions/0008-several-databases.md`).

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
_TOGETHER: Final = 40  # expressions without literals that are compiled into one database
_FOLLOWING: Final = bytes(range(0x80, 0xC0))  # bytes that do not begin a character
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


class Expression(NamedTuple):
    """What is looked for, once for all the rules that read it."""

    pattern: bytes
    flags: int
    beyond: bool  # a match ends one character behind what is meant
    weak: bool  # without a literal to go by
    rules: tuple[int, ...]


def expressions(rules: Sequence[CompiledRule]) -> list[Expression]:
    """What is compiled for the rules; a lead that several share stands once."""
    readers: dict[Lead, list[int]] = {}
    for index, rule in enumerate(rules):
        for lead in dict.fromkeys(rule.leads):
            readers.setdefault(lead, []).append(index)
    return [
        Expression(
            lead.pattern.encode(),
            _flags(lead),
            lead.beyond,
            rules[indexes[0]].shape.weak and not rules[indexes[0]].by_context,
            tuple(indexes),
        )
        for lead, indexes in readers.items()
    ]


def _groups(wanted: Sequence[Expression]) -> list[list[int]]:
    """The numbers of the expressions that are compiled together."""
    strong = [number for number, each in enumerate(wanted) if not each.weak]
    weak = [number for number, each in enumerate(wanted) if each.weak]
    parts = [weak[at : at + _TOGETHER] for at in range(0, len(weak), _TOGETHER)]
    return [group for group in (strong, *parts) if group]


def _flags(lead: Lead) -> int:
    flags = hyperscan.HS_FLAG_MULTILINE
    if lead.any_case:
        flags |= hyperscan.HS_FLAG_CASELESS
    return int(flags)


def fingerprint(rules: Sequence[CompiledRule]) -> str:
    """Names a compiled database by its expressions and the library: fit for a cache's file name."""
    wanted = expressions(rules)
    digest = hashlib.sha256(repr((version("hyperscan"), wanted, _groups(wanted))).encode())
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
        self._databases: list[Any] = []
        wanted = self._expressions
        groups = _groups(wanted)
        if database:
            head, _, raw = database.partition(b"\n")
            anywhere, _, sizes = head.partition(b"|")
            self._anywhere = frozenset(map(int, anywhere.split()))
            self._databases = _loaded(raw, list(map(int, sizes.split())), len(groups))
            return
        try:
            self._databases = [_compiled(wanted, group) for group in groups]
        except hyperscan.error:
            bearable = [_bearable(each, rules) for each in wanted]
            self._databases = [_compiled(bearable, group) for group in groups]
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
        """The databases as bytes, for the constructor."""
        dumped = [bytes(hyperscan.dumpb(each)) for each in self._databases]
        anywhere, sizes = sorted(self._anywhere), map(len, dumped)
        head = f"{' '.join(map(str, anywhere))}|{' '.join(map(str, sizes))}\n"
        return head.encode() + b"".join(dumped)

    def _scratches(self) -> list[Any]:
        scratches: list[Any] | None = getattr(self._own, "scratches", None)
        if scratches is None:
            scratches = [hyperscan.Scratch(each) for each in self._databases]
            self._own.scratches = scratches
        return scratches

    def hits(self, texts: Sequence[str], labels: Sequence[str] = ()) -> Hits:
        """Where the leads of rules end; a rule of which the label holds a word of context is to be
        looked for anywhere."""
        if not self._databases:
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

        raw = _encode(joined)
        for database, scratch in zip(self._databases, self._scratches(), strict=True):
            database.scan(raw, match_event_handler=on_match, flags=0, scratch=scratch)
        if not found:
            return {}
        wanted = self._expressions
        found = sorted({(end - wanted[number].beyond, number) for end, number in found})
        if not joined.isascii():
            found = _in_characters(found, raw)
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


def _compiled(wanted: Sequence[Expression], numbers: Sequence[int]) -> Any:
    """A database of the expressions with these numbers."""
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[wanted[number].pattern for number in numbers],
        ids=list(numbers),
        elements=len(numbers),
        flags=[wanted[number].flags for number in numbers],
    )
    return database


def _loaded(raw: bytes, sizes: list[int], count: int) -> list[Any]:
    """Databases that were dumped one behind the other. Raises `ValueError`."""
    if len(sizes) != count or sum(sizes) != len(raw):
        raise ValueError("not what was kept")
    ends = list(accumulate(sizes))
    return [
        hyperscan.loadb(raw[end - size : end], hyperscan.HS_MODE_BLOCK)
        for size, end in zip(sizes, ends, strict=True)
    ]


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
            _compiled([attempt], [0])
        except hyperscan.error:
            continue
        return attempt
    name = rules[each.rules[0]].rule.id
    raise ValueError(f"{name}: Hyperscan cannot run any form of the pattern.")
