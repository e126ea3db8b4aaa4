"""All rules in Hyperscan databases; the only file importing hyperscan.

Rules with a literal to go by share one database. The others are compiled a few at a time, since
together they take several times as long (`docs/decisions/0008-several-databases.md`); those that
need many digits read only what stands around digits that are close together.

Block mode over the joined bytes of many texts, end offsets only. The binding crashes where flags
are left out or a callback is let go, and a scratch serves one thread at a time; all three are
dealt with here and nowhere else.
"""

from __future__ import annotations

import hashlib
import re
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from importlib.metadata import version
from itertools import accumulate
from typing import Any, Final, NamedTuple

import hyperscan
import numpy as np
from numpy.typing import NDArray

from excise.detectors.patterns.goals import Goals
from excise.detectors.patterns.prefilter import Hits
from excise.rules.compile import CompiledRule, Goal, Lead
from excise.rules.lead import cases, spell_word
from excise.text.spoken import MARKS_BEHIND, NUMBER_WORDS

# Stands around texts: a line end and no word character, so that ^, $ and \b hold there.
_JOINT: Final = "\n"
_EDGE: Final = r"[\x00-\x20\x2d\x7f-\xff]"  # a blank or hyphen, or a byte of what may be a blank
_TOGETHER: Final = 64  # expressions without literals that are compiled into one database
_DIGITS: Final = (6, 4)  # that make a database of their own for what needs so many, the most first
_IS_DIGIT: Final = np.array([chr(code).isdigit() for code in range(128)] + [False] * 128)
_DIGITS_OF_ASCII: Final = b"0123456789"
_APART: Final = 512  # bytes between two stretches from which they are read one by one
_BITS: Final = 16  # of the number of an expression, below where a hit ends
_NUMBER: Final = (1 << _BITS) - 1
_MANY: Final = 256  # hits from which arrays are quicker to sort
_NOWHERE: Final = 1 << 40
_SEEN: Final = 4  # bytes behind a match that decide about it, and around a text
_ONE: Final = np.ones(1, bool)
_NOUGHT: Final = np.zeros(1, np.int64)
_SURROGATES: Final = re.compile("[\ud800-\udfff]")

Ints = NDArray[np.int64]


class Expression(NamedTuple):
    """What is looked for, once for all the rules that read it."""

    pattern: bytes
    flags: int
    beyond: bool  # a match ends one character behind what is meant
    weak: bool  # without a literal to go by
    digits: int  # that stand at least in a match; known of weak ones
    breadth: int  # of a match in bytes, at most; known of weak ones
    rules: tuple[int, ...]
    goal: Goal | None = None


class _Group(NamedTuple):
    """Expressions that are compiled together."""

    numbers: tuple[int, ...]
    digits: int = 0  # that stand at least in each match
    breadth: int = 0  # and within how many bytes


@lru_cache(maxsize=1)  # named by them first, and compiled or restored then
def expressions(rules: tuple[CompiledRule, ...]) -> tuple[Expression, ...]:
    """What is compiled for the rules; a lead that several share stands once."""
    readers: dict[Lead, list[int]] = {}
    for index, rule in enumerate(rules):
        for lead in dict.fromkeys(rule.leads):
            readers.setdefault(lead, []).append(index)
    found = []
    for lead, indexes in readers.items():
        shape = rules[indexes[0]].shape
        weak = shape.weak and not rules[indexes[0]].by_context
        digits, breadth = (shape.digits, shape.breadth) if weak else (0, 0)
        pattern = lead.pattern.encode()
        found.append(
            Expression(
                pattern,
                _flags(lead),
                lead.beyond,
                weak,
                digits,
                breadth,
                tuple(indexes),
                None if weak else lead.goal,
            )
        )
    goals = Goals([each.goal for each in found])
    return (*found, *map(_literal, goals.literals))


def _literal(word: str) -> Expression:
    """Part of a goal, which no rule reads by itself."""
    flags = int(hyperscan.HS_FLAG_CASELESS)
    return Expression(spell_word(word).encode(), flags, False, False, 0, 0, ())


def _groups(wanted: Sequence[Expression]) -> list[_Group]:
    """What is compiled together."""
    strong = [number for number, each in enumerate(wanted) if not each.weak]
    groups = [_Group(tuple(strong))] if strong else []
    left = [number for number, each in enumerate(wanted) if each.weak]
    for digits in (*_DIGITS, 0):
        mine = [number for number in left if wanted[number].digits >= digits]
        left = [number for number in left if wanted[number].digits < digits]
        for at in range(0, len(mine), _TOGETHER):
            numbers = tuple(mine[at : at + _TOGETHER])
            breadth = max(wanted[number].breadth for number in numbers)
            groups.append(_Group(numbers, digits, breadth))
    return groups


def _number_words() -> list[Expression]:
    """The words of numbers that are read out, each up to the character behind it."""
    return [
        Expression(
            f"{_EDGE}{''.join(map(_either, word))}[{MARKS_BEHIND}]?{_EDGE}".encode(),
            int(hyperscan.HS_FLAG_CASELESS),
            beyond=True,
            weak=False,
            digits=0,
            breadth=0,
            rules=(),
        )
        for word in sorted(NUMBER_WORDS)
    ]


@lru_cache(maxsize=1)  # the same for all rules
def _compiled_words() -> Any:
    words = _number_words()
    return _compiled(words, range(len(words)))


def _either(char: str) -> str:
    # Beside the two cases of a letter, the capital that `str.upper` spells in two.
    forms = [*cases(char), "\u1e9e"] if char == "\xdf" else cases(char)
    return f"(?:{'|'.join(map(spell_word, forms))})"


def _flags(lead: Lead) -> int:
    flags = hyperscan.HS_FLAG_MULTILINE
    if lead.any_case:
        flags |= hyperscan.HS_FLAG_CASELESS
    return int(flags)


def fingerprint(rules: Sequence[CompiledRule]) -> str:
    """Names a compiled database by its expressions and the library: fit for a cache's file name."""
    wanted = expressions(tuple(rules))
    content = (version("hyperscan"), wanted, _groups(wanted), _number_words())
    digest = hashlib.sha256(repr(content).encode())
    return digest.hexdigest()[:32]


def reach_of(rule: CompiledRule) -> int:
    """How far behind the end of a lead a match and what decides about it may end."""
    return 2 * max(rule.lead_shift, 0) + rule.shape.width + _SEEN


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
        self._expressions = expressions(tuple(rules))
        self._shifts = tuple(rule.lead_shift for rule in rules)
        self._reaches = tuple(reach_of(rule) for rule in rules)
        self._by_context = frozenset(i for i, rule in enumerate(rules) if rule.by_context)
        self._anywhere = frozenset[int]()
        self._databases: list[Any] = []
        wanted = self._expressions
        groups = self._groups = _groups(wanted)
        if database:
            head, _, raw = database.partition(b"\n")
            anywhere, _, sizes = head.partition(b"|")
            self._anywhere = frozenset(map(int, anywhere.split()))
            count = len(groups) + 1
            *self._databases, self._words = _loaded(raw, list(map(int, sizes.split())), count)
            return
        self._words = _compiled_words()
        try:
            self._databases = [_compiled(wanted, group.numbers) for group in groups]
        except hyperscan.error:
            bearable = [_bearable(each, rules) for each in wanted]
            self._databases = [_compiled(bearable, group.numbers) for group in groups]
            self._anywhere = frozenset(
                rule
                for new, old in zip(bearable, wanted, strict=True)
                if new.pattern != old.pattern
                for rule in new.rules
            )

    @cached_property
    def _goals(self) -> Goals:
        """What must stand behind leads; of widened ones nobody knows where they end."""
        leads = [each for each in self._expressions if each.rules]
        wide = {n for n, each in enumerate(leads) if not self._anywhere.isdisjoint(each.rules)}
        return Goals([each.goal for each in leads], free=wide)

    @property
    def widened(self) -> tuple[int, ...]:
        """Rules whose own form was refused: a hit says only in which text to look for them."""
        return tuple(sorted(self._anywhere))

    def serialize(self) -> bytes:
        """The databases as bytes, for the constructor."""
        dumped = [bytes(hyperscan.dumpb(each)) for each in (*self._databases, self._words)]
        anywhere, sizes = sorted(self._anywhere), map(len, dumped)
        head = f"{' '.join(map(str, anywhere))}|{' '.join(map(str, sizes))}\n"
        return head.encode() + b"".join(dumped)

    def _scratches(self) -> list[Any]:
        scratches: list[Any] | None = getattr(self._own, "scratches", None)
        if scratches is None:
            scratches = [hyperscan.Scratch(each) for each in (*self._databases, self._words)]
            self._own.scratches = scratches
        return scratches

    def numbers(self, text: str) -> list[int]:
        """Where number words end, and sometimes where none does."""
        found: list[int] = []

        def on_match(_number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found.append((end - len(_JOINT) - 1) << _BITS)

        raw = _encode(f"{_JOINT}{text}{_JOINT}")
        self._words.scan(raw, match_event_handler=on_match, flags=0, scratch=self._scratches()[-1])
        found = sorted(set(found))
        if found and not text.isascii():
            found = _in_characters(found, raw[len(_JOINT) :])
        return [hit >> _BITS for hit in found]

    def hits(self, texts: Sequence[str], labels: Sequence[str] = (), behind: int = 0) -> Hits:
        """Where the leads of rules end; a rule of which the label holds a word of context is to be
        looked for anywhere."""
        if not self._databases:
            return {}
        named = sorted({label for label in labels if label})
        hits = self._scan([*texts, *named], behind)
        if not named:
            return hits
        context = {
            label: hits.pop(index).keys() & self._by_context
            for index, label in enumerate(named, start=len(texts))
            if index in hits
        }
        for index, label in enumerate(labels) if context else ():
            if context.get(label):
                hits.setdefault(index, {}).update(dict.fromkeys(context[label]))
        return hits

    def _scan(self, texts: list[str], behind: int) -> Hits:
        joined = f"{_JOINT}{_JOINT.join(texts)}{_JOINT}"
        found: list[int] = []

        def on_match(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found.append(end << _BITS | number)

        raw = _encode(joined)
        count = len(raw)
        digits: NDArray[np.intp] | None = None
        for group, database, scratch in zip(
            self._groups, self._databases, self._scratches()[:-1], strict=True
        ):
            if not group.digits:
                database.scan(raw, match_event_handler=on_match, flags=0, scratch=scratch)
                continue
            if count - len(raw.translate(None, _DIGITS_OF_ASCII)) < group.digits:
                continue
            if digits is None:
                digits = _IS_DIGIT.take(np.frombuffer(raw, np.uint8)).nonzero()[0]
            for low, high in _stretches(digits, group, len(raw)):
                known = len(found)
                piece = raw[low:high]
                database.scan(piece, match_event_handler=on_match, flags=0, scratch=scratch)
                if len(found) > known:
                    found[known:] = [hit + (low << _BITS) for hit in found[known:]]
        if behind and found:
            found = self._alive(found, behind)
        if not found:
            return {}
        beyond = self._beyond
        if len(found) < _MANY:
            told = sorted({hit - beyond[hit & _NUMBER] for hit in found})
        else:
            many = np.array(found, np.int64)
            many -= np.array(beyond).take(many & _NUMBER)
            told = _sorted(many).tolist()
        kept = self._goals.keep(told, _BITS)
        if kept and not joined.isascii():
            kept = _in_characters(kept, raw)
        hits = self._placed(kept, texts)
        for rules in hits.values() if self._anywhere else ():
            rules.update(dict.fromkeys(self._anywhere & rules.keys()))
        return hits

    def _alive(self, found: list[int], behind: int) -> list[int]:
        """Hits of which a match may end behind a place; none where only parts of goals are left."""
        reach = self._reach
        alive = [hit for hit in found if (hit >> _BITS) + reach[hit & _NUMBER] > behind]
        return alive if any(self._expressions[hit & _NUMBER].rules for hit in alive) else []

    @cached_property
    def _reach(self) -> list[int]:
        """Of each expression how far behind a hit a match may end, at most."""
        return [
            max((self._reaches[rule] for rule in each.rules), default=_NOWHERE)
            if self._anywhere.isdisjoint(each.rules)
            else _NOWHERE
            for each in self._expressions
        ]

    @cached_property
    def _beyond(self) -> list[int]:
        """Of each expression what to take from a hit so that it ends where is meant."""
        return [each.beyond << _BITS for each in self._expressions]

    def _placed(self, found: list[int], texts: list[str]) -> Hits:
        """Positions in the joined texts as positions in each, for every rule that reads them."""
        starts = list(accumulate((len(text) + len(_JOINT) for text in texts), initial=len(_JOINT)))
        hits: Hits = {}
        at = 0
        while at < len(found):
            index = bisect_right(starts, found[at] >> _BITS) - 1
            next_one = starts[index + 1] if index + 1 < len(starts) else _NOWHERE
            behind = bisect_left(found, next_one << _BITS, at)
            if 0 <= index < len(texts):
                hits[index] = self._by_rule(found[at:behind], starts[index], len(texts[index]))
            at = behind
        return hits

    def _by_rule(self, found: list[int], start: int, size: int) -> dict[int, list[int] | None]:
        """The hits in one text, which begins at `start`."""
        ends: dict[int, list[int]] = {}
        for hit in found:
            ends.setdefault(hit & _NUMBER, []).append((hit >> _BITS) - start)
        rules: dict[int, list[int] | None] = {}
        for number, own in ends.items():
            for rule in self._expressions[number].rules:
                shift, known = self._shifts[rule], rules.get(rule)
                mine = [min(end + shift, size) for end in own] if shift else own
                rules[rule] = sorted([*known, *mine]) if known else mine
        return rules


def _sorted(hits: Ints) -> Ints:
    """Each once, in order."""
    hits.sort()
    once: Ints = hits[np.concatenate((_ONE, hits[1:] != hits[:-1]))]
    return once


def _stretches(digits: NDArray[np.intp], group: _Group, size: int) -> Iterator[tuple[int, int]]:
    """From where to where matches of a group may stand, given where digits do: around as many of
    them as it takes, no farther from each other than in a match, and a byte more on either side,
    which anchors look at."""
    last = digits[group.digits - 1 :]
    first = digits[: len(last)]
    close = first[last - first < group.breadth]
    if not len(close):
        return
    around = group.breadth + 1
    cuts = (close[1:] - close[:-1] > 2 * around + _APART).nonzero()[0]
    for low, high in zip((0, *(cuts + 1)), (*cuts, -1), strict=True):
        yield max(int(close[low]) - around, 0), min(int(close[high]) + 2 * around, size)


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can spell but UTF-8 cannot
        return _SURROGATES.sub("\ufffd", text).encode()


def _in_characters(found: list[int], raw: bytes) -> list[int]:
    """Hits that end in bytes as ones that end in characters, each once."""
    hits = np.array(found, np.int64)
    begins = np.frombuffer(raw, np.uint8) & 0xC0 != 0x80
    count = np.concatenate((_NOUGHT, np.cumsum(begins)))
    told: list[int] = _sorted((count.take(hits >> _BITS) << _BITS) + (hits & _NUMBER)).tolist()
    return told


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
