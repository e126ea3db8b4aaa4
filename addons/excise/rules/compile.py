"""Rule → compiled rule: its patterns ready to run, and what the scanners must know of them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final, NamedTuple

from excise.errors import PolicyError
from excise.rules.dialect import Shape, best_literals, implies, shape
from excise.rules.lead import cases, spell_context
from excise.rules.needles import Needles
from excise.rules.schema import LINE_REACH, WIDEST, Context, Excuse, Rule, Scope
from excise.rules.tree import DialectError, last_characters
from excise.rules.unfinished import Unfinished, describe

# ASCII, so that both engines agree on \\b and \\w and a key between two Chinese words has edges;
# line-wise, so that ^ and $ hold at the edge of a segment wherever it stands in the joined text.
FLAGS: Final = re.ASCII | re.MULTILINE


_FAR: Final = 16  # characters in which a match may start that are worth a look ahead
_DEAR: Final = 64  # characters from which a match that fails at its end is worth foreseeing
_DEAREST: Final = 1000  # the same where only literals are known to stand in it
_FEW: Final = 40  # literals that are looked for one by one
_RARE: Final = frozenset('()[]{}<>=@#$%&*+|~^\\"')  # marks that ordinary sentences go without
_TELLING: Final = 4  # characters of a literal that is looked for in every text
_OF_VALUE: Final = (Scope.VALUE, Scope.LIST, Scope.SHA1)
_SETS: Final = ("literals", "behind")  # of strings, in a shape


@dataclass(frozen=True, eq=False)
class CompiledExcuse:
    """An excuse ready to run."""

    excuse: Excuse

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        """None for values."""
        if self.excuse.scope in (Scope.LIST, Scope.SHA1):
            return None
        return _pattern(self.excuse.pattern, ignore_case=self.excuse.ignore_case)


@dataclass(frozen=True, eq=False)
class CompiledHold:
    """What an unfinished span looks like at the end of a text.

    `reach` caps how far back it is looked for, in characters. Every match holds one of `literals`
    (lower case; empty: nothing is known) and ends with one of the characters of the set `last`.
    """

    source: str
    ignore_case: bool
    reach: int
    literals: tuple[str, ...]
    last: int

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Ends where the text ends."""
        return _pattern(f"(?:{self.source})\\Z", ignore_case=self.ignore_case)

    @cached_property
    def facts(self) -> Unfinished:
        """Where a match may begin."""
        return describe(self.source, ignore_case=self.ignore_case)

    @cached_property
    def head(self) -> re.Pattern[str]:
        """How a match begins that is not short."""
        return _pattern(self.facts.head, ignore_case=self.ignore_case)


class Goal(NamedTuple):
    """Literals in lower case, one of which ends at most `within` bytes behind the end of a lead
    that a match begins with."""

    literals: tuple[str, ...]
    within: int


@dataclass(frozen=True, slots=True)
class Lead:
    """What Hyperscan looks for; `beyond`: it takes one character more than belongs to it."""

    pattern: str
    any_case: bool
    beyond: bool = False
    goal: Goal | None = None


@dataclass(frozen=True, eq=False)
class CompiledRule:
    """A rule ready to run; its patterns are compiled when they are first needed. Widths in
    characters."""

    rule: Rule
    shape: Shape
    literals: tuple[str, ...]  # lower case; every match holds one; empty: nothing is known
    hold: CompiledHold | None

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The rule's own pattern, or the one of a library that it stands for."""
        if self.rule.match.foreign is not None:
            return self.rule.match.foreign.pattern
        return _pattern(self.rule.match.regex, ignore_case=self.rule.match.ignore_case)

    @cached_property
    def entry(self) -> re.Pattern[str]:
        """Matches where a match may start, and fails faster than the rule's own pattern."""
        return _pattern(self.shape.entry, ignore_case=self.rule.match.ignore_case)

    @cached_property
    def needle(self) -> re.Pattern[str] | None:
        """Stands in every match, in lower case; None where it is not worth to look for it first."""
        far = self.lead_width - self.lead_least >= _FAR
        words = self.shape.needles.words if far and self.rule.match.foreign is None else ()
        return re.compile("|".join(map(re.escape, words))) if words else None

    @cached_property
    def goal(self) -> Goal | None:
        """What stands behind the lead in every match; None where nothing seldom is known."""
        match = self.rule.match
        narrow = _DEAR <= self.shape.width <= _DEAREST
        # Leads of exact case are rare enough, most of them being beginnings of keys.
        if not narrow or self.by_context or not match.ignore_case or match.foreign is not None:
            return None
        sets = [each for each in self.shape.behind if _is_word(each)]
        best = min(sets, key=_commonness, default=None)
        return Goal(tuple(sorted(best)), self.shape.size) if best else None

    @cached_property
    def starts(self) -> tuple[frozenset[str], tuple[int, ...]]:
        """All that leads are, in lower case, and how long; empty where they are not known or do not
        begin where a match does."""
        known = () if self.by_context else self.shape.starts
        return frozenset(known), tuple(sorted(set(map(len, known))))

    @cached_property
    def needs(self) -> tuple[re.Pattern[str], ...]:
        """Of each, a match begins in every match of the rule; for matches so wide that failing is
        dear. The first literal is where it starts, which says nothing."""
        if self.shape.width < _DEAR:
            return ()
        pieces = self.shape.pieces
        if pieces or self.shape.width < _DEAREST:
            ignore_case = self.rule.match.ignore_case
            return tuple(_pattern(each, ignore_case=ignore_case) for each in pieces)
        sets = [each for each in self.shape.literals if min(map(len, each)) > 1]
        words = ("|".join(map(re.escape, sorted(each))) for each in sets[1:])
        return tuple(_pattern(each, ignore_case=True) for each in words)

    @cached_property
    def telling(self) -> tuple[tuple[str, ...], ...]:
        """Of each some literal, in lower case, stands in every match behind its beginning; few and
        seldom ones, which are quick to miss."""
        if self.rule.match.foreign is not None or self.shape.width > _DEAREST:
            return ()
        sets = [each for each in self.shape.literals[1:] if _is_seldom(each)]
        sets.sort(key=_commonness)
        return tuple(tuple(sorted(each)) for each in dict.fromkeys(sets))[:2]

    def prepare(self) -> None:
        """Compile every pattern now, which takes milliseconds."""
        _ = self.regex, self.entry, self.needs, self.context, self.telling, self.starts, self.needle
        for excuse in self.unless:
            _ = excuse.pattern

    @cached_property
    def group(self) -> str | int:
        """The group that is the span."""
        return self.shape.group or 0

    @cached_property
    def context(self) -> re.Pattern[str] | None:
        """Any of its words of context, as it must stand."""
        context = self.rule.match.context
        return _context(context) if context else None

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Case folded; around every finding stands one; empty: nothing is known."""
        context = self.rule.match.context
        words = context.words if context else ()
        return tuple(sorted({word.strip("*").casefold() for word in words}))

    @cached_property
    def unless(self) -> tuple[CompiledExcuse, ...]:
        """What excuses a match."""
        return compile_excuses(self.rule)

    @cached_property
    def unless_value(self) -> tuple[CompiledExcuse, ...]:
        """Those of them that look at the value alone."""
        return tuple(each for each in self.unless if each.excuse.scope in _OF_VALUE)

    @cached_property
    def unless_around(self) -> tuple[CompiledExcuse, ...]:
        """Those that look at what stands around it."""
        return tuple(each for each in self.unless if each.excuse.scope not in _OF_VALUE)

    @cached_property
    def by_context(self) -> bool:
        """Whether it is looked for where its words stand, since its own form is too common."""
        return self.shape.weak and bool(self.words)

    @cached_property
    def leads(self) -> tuple[Lead, ...]:
        """What Hyperscan looks for; one of them stands where the rule finds something."""
        context = self.rule.match.context
        if context is None or not self.by_context:
            return (Lead(self.shape.lead, self.shape.lead_any_case, goal=self.goal),)
        closed = [not word.endswith("*") for word in context.words]
        return tuple(
            Lead(spell_context(word), any_case=True, beyond=end)
            for word, end in zip(context.words, closed, strict=True)
        )

    @cached_property
    def lead_shift(self) -> int:
        """How far behind the end of a lead a match may start."""
        context = self.rule.match.context
        return context.before if context and self.by_context else 0

    @cached_property
    def lead_width(self) -> int:
        """How far in front of that a match may start."""
        context = self.rule.match.context
        if context is None or not self.by_context:
            return self.shape.lead_width
        return context.before + context.after + self.shape.width

    @cached_property
    def lead_least(self) -> int:
        """How far in front of it a match starts at least."""
        return 0 if self.by_context else self.shape.lead_least

    @cached_property
    def is_exact(self) -> bool:
        """Whether the end of a lead says where a match starts."""
        return self.lead_width == self.lead_least

    @cached_property
    def reach(self) -> int:
        """How many characters in front of a match may decide about it, the match included."""
        within = [self.shape.width]
        if self.rule.match.context:
            # One more, which tells whether a word begins there.
            within.append(self.shape.width + self.rule.match.context.before + 1)
        for excuse in self.rule.unless:
            extra = {Scope.LINE: LINE_REACH, Scope.BEFORE: excuse.within}.get(excuse.scope, 0)
            within.append(self.shape.width + extra)
        return max(within)


def _is_seldom(literals: frozenset[str]) -> bool:
    """Whether to look for these tells more than it costs."""
    short = "".join(each for each in literals if len(each.strip()) < 2)
    return len(literals) <= _FEW and (short.isdecimal() or _RARE.issuperset(short))


def _is_word(literals: frozenset[str]) -> bool:
    """Whether a text holds few of these."""
    return len(literals) <= _FEW and min(len(each.strip()) for each in literals) >= _TELLING


def _commonness(literals: frozenset[str]) -> tuple[int, int]:
    return -min(map(len, literals)), len(literals)


def compile_rules(rules: Iterable[Rule]) -> tuple[CompiledRule, ...]:
    """All rules compiled, in order. Raises `PolicyError`."""
    return tuple(compile_rule(rule) for rule in rules)


@lru_cache(maxsize=4096)  # a pack is checked when it is loaded and used when a scanner is built
def compile_rule(rule: Rule) -> CompiledRule:
    """Check a rule's patterns against the dialect and derive what scanners need. Raises
    `PolicyError`."""
    known = _derived.get(_content(rule))
    if known is not None:
        return CompiledRule(rule, *known)
    found = _shape(rule)
    if rule.keywords and not implies(found, rule.keywords):
        raise _fault(rule, "no keyword can be proven to stand in every match.", "Leave them out.")
    _check_stream(rule, found)
    for each in compile_excuses(rule):
        _check_excuse(each, rule)
    literals = tuple(sorted(rule.keywords or best_literals(found)))
    known = Derived(found, literals, _hold(rule) if rule.hold else None)
    _derived[_content(rule)] = known
    return CompiledRule(rule, *known)


class Derived(NamedTuple):
    """What was found out about the patterns of a rule, which have passed every check."""

    shape: Shape
    literals: tuple[str, ...]
    hold: CompiledHold | None


_derived: Final[dict[str, Derived]] = {}


def _content(rule: Rule) -> str:
    """Names everything that is derived, or checked, of a rule."""
    match = rule.match
    excuses = [(each.scope, each.pattern, each.ignore_case) for each in rule.unless]
    after = match.context.after if match.context else 0
    own = (match.regex, match.group, match.ignore_case, after, rule.keywords)
    content = repr((own, rule.hold, rule.window, rule.is_streamed, excuses))
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def derived_from(rules: Iterable[Rule]) -> bytes:
    """What was derived from compiled rules, to be kept until this code or the rules change."""
    names = dict.fromkeys(map(_content, rules))
    kept = {name: _derived[name] for name in names if name in _derived}
    return json.dumps({name: _as_json(each) for name, each in kept.items()}).encode()


def recall(kept: bytes) -> bool:
    """Know again what was kept, so that the same rules need no check; whether it could be read."""
    try:
        known = {name: _from_json(*each) for name, each in json.loads(kept).items()}
    except (ValueError, TypeError, AttributeError):
        return False
    _derived.update(known)
    return True


def _as_json(known: Derived) -> list[Any]:
    facts = {name: getattr(known.shape, name) for name in Shape.__slots__}
    for name in _SETS:
        facts[name] = [sorted(each) for each in facts[name]]
    hold = known.hold
    held = [hold.source, hold.ignore_case, hold.reach, hold.literals, hold.last] if hold else None
    return [facts, known.literals, held]


def _from_json(facts: dict[str, Any], literals: list[str], held: list[Any] | None) -> Derived:
    for name in _SETS:
        facts[name] = tuple(map(frozenset, facts[name]))
    pieces, starts = tuple(facts.pop("pieces")), tuple(facts.pop("starts"))
    needles, within = facts.pop("needles")
    hold = None
    if held is not None:
        source, ignore_case, reach, words, last = held
        hold = CompiledHold(source, ignore_case, reach, tuple(words), last)
    found = Shape(**facts, pieces=pieces, starts=starts, needles=Needles(tuple(needles), within))
    return Derived(found, tuple(literals), hold)


@lru_cache(maxsize=8192)  # packs share their excuses, and neighbours their patterns
def _pattern(source: str, *, ignore_case: bool) -> re.Pattern[str]:
    return re.compile(source, FLAGS | (re.IGNORECASE if ignore_case else 0))


def compile_excuses(rule: Rule) -> tuple[CompiledExcuse, ...]:
    """A rule's excuses, ready to run."""
    return tuple(map(CompiledExcuse, rule.unless))


def _fault(rule: Rule, message: str, hint: str = "", at: str = "") -> PolicyError:
    return PolicyError("EXC-POL-008", f"{rule.id}: {message}", at=at or rule.origin, hint=hint)


def _shape(rule: Rule) -> Shape:
    match = rule.match
    try:
        return shape(
            match.regex,
            match.group,
            ignore_case=match.ignore_case,
            widest=WIDEST,
        )
    except DialectError as why:
        raise _fault(rule, str(why)) from None


def _check_stream(rule: Rule, found: Shape) -> None:
    if rule.hold or not rule.is_streamed:
        return
    if not found.word:
        raise _fault(
            rule,
            "white space or other scripts may stand between the start of the span and the end "
            "of the match, so a stream cannot tell when it is over.",
            "Use classes of visible ASCII such as [!-~], or give `hold`.",
        )
    if rule.match.context and rule.match.context.after:
        raise _fault(rule, "context behind the match needs `hold`.")


def _context(context: Context) -> re.Pattern[str]:
    words = []
    for word in context.words:
        left = "" if word.startswith("*") else "(?<![A-Za-z])"
        right = "" if word.endswith("*") else "(?![A-Za-z])"
        words.append(f"{left}{''.join(map(_either, word.strip('*')))}{right}")
    return re.compile("|".join(words), re.IGNORECASE | re.ASCII)


def _either(char: str) -> str:
    return re.escape(char) if char.isascii() else f"[{''.join(cases(char))}]"


def _check_excuse(each: CompiledExcuse, rule: Rule) -> None:
    try:
        _ = each.pattern
    except re.error as why:
        origin = each.excuse.origin
        raise _fault(rule, f"unless: not a regular expression: {why}.", at=origin) from None


def _hold(rule: Rule) -> CompiledHold:
    ignore_case = rule.match.ignore_case
    try:
        held = shape(rule.hold, ignore_case=ignore_case, widest=WIDEST)
    except DialectError as why:
        raise _fault(rule, f"hold: {why}") from None
    return CompiledHold(
        source=rule.hold,
        ignore_case=ignore_case,
        reach=min(held.width, rule.window or held.width),
        literals=tuple(sorted(best_literals(held))),
        last=last_characters(rule.hold, ignore_case=ignore_case),
    )
