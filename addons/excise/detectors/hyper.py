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
from typing import Any, Final

import hyperscan

from excise.detectors.prefilter import Hits
from excise.rules.compile import CompiledRule

# Stands between texts: a line end and no word character, so that ^, $ and \b hold there.
_JOINT: Final = "\n"
_FOLLOWING: Final = bytes(range(0x80, 0xC0))  # bytes that do not begin a character
_SURROGATES: Final = re.compile("[\ud800-\udfff]")

Expression = tuple[bytes, int, int]  # pattern, flags, index of its rule


def expressions(rules: Sequence[CompiledRule]) -> list[Expression]:
    """What is compiled for the rules."""
    return [(rule.shape.lead.encode(), _flags(rule), index) for index, rule in enumerate(rules)]


def _flags(rule: CompiledRule) -> int:
    flags = hyperscan.HS_FLAG_MULTILINE
    if rule.shape.lead_any_case:
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
        self._anywhere = frozenset[int]()
        self._database: Any = None
        if database:
            anywhere, _, raw = database.partition(b"\n")
            self._anywhere = frozenset(map(int, anywhere.split()))
            self._database = hyperscan.loadb(raw, hyperscan.HS_MODE_BLOCK)
            return
        wanted = expressions(rules)
        if not wanted:
            return
        try:
            self._database = _compiled(wanted)
        except hyperscan.error:
            bearable = [_bearable(each, rules) for each in wanted]
            self._database = _compiled(bearable)
            self._anywhere = frozenset(
                new[2] for new, old in zip(bearable, wanted, strict=True) if new[0] != old[0]
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

    def hits(self, texts: Sequence[str]) -> Hits:
        """Where the leads of rules end."""
        if self._database is None:
            return {}
        joined = _JOINT.join(texts)
        found: list[tuple[int, int]] = []

        def on_match(rule: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found.append((end, rule))

        self._database.scan(
            _encode(joined), match_event_handler=on_match, flags=0, scratch=self._scratch()
        )
        if not found:
            return {}
        hits = _placed(found, texts, joined)
        for rules in hits.values() if self._anywhere else ():
            rules.update(dict.fromkeys(self._anywhere & rules.keys()))
        return hits


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can spell but UTF-8 cannot
        return _SURROGATES.sub("\ufffd", text).encode()


def _placed(found: list[tuple[int, int]], texts: Sequence[str], joined: str) -> Hits:
    found = sorted(set(found))
    if not joined.isascii():
        found = _in_characters(found, _encode(joined))
    starts = [0, *accumulate(len(text) + len(_JOINT) for text in texts)]
    hits: Hits = {}
    for end, rule in found:
        index = bisect_right(starts, end) - 1
        if index < len(texts):
            ends = hits.setdefault(index, {}).setdefault(rule, [])
            if ends is not None:
                ends.append(end - starts[index])
    return hits


def _in_characters(found: list[tuple[int, int]], raw: bytes) -> list[tuple[int, int]]:
    mapped, at, count = [], 0, 0
    for end, rule in found:
        count += len(raw[at:end].translate(None, _FOLLOWING))
        at = end
        mapped.append((count, rule))
    return mapped


def _compiled(wanted: Sequence[Expression]) -> Any:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    patterns, flags, ids = zip(*wanted, strict=True)
    database.compile(
        expressions=list(patterns), ids=list(ids), elements=len(wanted), flags=list(flags)
    )
    return database


def _bearable(each: Expression, rules: Sequence[CompiledRule]) -> Expression:
    """The expression, or a wider one where Hyperscan finds it too large."""
    pattern, flags, index = each
    literals = "|".join(re.escape(word) for word in rules[index].literals)
    wider = [each, (pattern, flags | hyperscan.HS_FLAG_PREFILTER, index)]
    if literals:
        caseless = flags | hyperscan.HS_FLAG_CASELESS
        wider.append((f"(?:{literals})".encode(), caseless, index))
    for attempt in wider:
        try:
            _compiled([attempt])
        except hyperscan.error:
            continue
        return attempt
    raise ValueError(f"{rules[index].rule.id}: Hyperscan cannot run any form of the pattern.")
