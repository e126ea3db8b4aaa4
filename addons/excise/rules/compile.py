"""Rule → compiled rule: its patterns ready to run, and what the scanners must know of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from excise.errors import PolicyError
from excise.rules.dialect import Shape, best_literals, implies, shape
from excise.rules.lead import cases, spell_context
from excise.rules.schema import LINE_REACH, WIDEST, Context, Excuse, Rule, Scope
from excise.rules.tree import DialectError, last_characters

# ASCII, so that both engines agree on \\b and \\w and a key between two Chinese words has edges;
# line-wise, so that ^ and $ hold at the edge of a segment wherever it stands in the joined text.
FLAGS: Final = re.ASCII | re.MULTILINE


@dataclass(frozen=True, slots=True, eq=False)
class CompiledExcuse:
    """An excuse with its pattern compiled; `pattern` is None for a list."""

    excuse: Excuse
    pattern: re.Pattern[str] | None


@dataclass(frozen=True, slots=True, eq=False)
class CompiledHold:
    """What an unfinished span looks like at the end of a text.

    `reach` caps how far back it is looked for, in characters. Every match holds one of `literals`
    (lower case; empty: nothing is known) and ends with one of the characters of the set `last`.
    """

    pattern: re.Pattern[str]
    reach: int
    literals: tuple[str, ...]
    last: int


@dataclass(frozen=True, slots=True)
class Lead:
    """What Hyperscan looks for; `beyond`: it takes one character more than belongs to it."""

    pattern: str
    any_case: bool
    beyond: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRule:
    """A rule ready to run. Widths in characters.

    In every match, or in the `before` of its context where `by_context`, stands the end of a lead.
    """

    rule: Rule
    regex: re.Pattern[str]
    group: str | int
    shape: Shape
    literals: tuple[str, ...]  # lower case; every match holds one; empty: nothing is known
    words: tuple[str, ...]  # case folded; around every finding stands one; empty: nothing is known
    context: re.Pattern[str] | None
    unless: tuple[CompiledExcuse, ...]
    hold: CompiledHold | None

    @property
    def by_context(self) -> bool:
        """Whether it is looked for where its words stand, since its own form is too common."""
        return self.shape.weak and bool(self.words)

    @property
    def leads(self) -> tuple[Lead, ...]:
        """What Hyperscan looks for; one of them stands where the rule finds something."""
        context = self.rule.match.context
        if context is None or not self.by_context:
            return (Lead(self.shape.lead, self.shape.lead_any_case),)
        closed = [not word.endswith("*") for word in context.words]
        return tuple(
            Lead(spell_context(word), any_case=True, beyond=end)
            for word, end in zip(context.words, closed, strict=True)
        )

    @property
    def lead_shift(self) -> int:
        """How far behind the end of a lead a match may start."""
        context = self.rule.match.context
        return context.before if context and self.by_context else 0

    @property
    def lead_width(self) -> int:
        """How far in front of that a match may start."""
        context = self.rule.match.context
        if context is None or not self.by_context:
            return self.shape.lead_width
        return context.before + context.after + self.shape.width

    @property
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


def compile_rules(rules: Iterable[Rule]) -> tuple[CompiledRule, ...]:
    """All rules compiled, in order. Raises `PolicyError`."""
    return tuple(compile_rule(rule) for rule in rules)


@lru_cache(maxsize=4096)  # a pack is checked when it is loaded and used when a scanner is built
def compile_rule(rule: Rule) -> CompiledRule:
    """Check a rule's patterns against the dialect and compile them. Raises `PolicyError`."""
    match = rule.match
    found = _shape(rule)
    if rule.keywords and not implies(found, rule.keywords):
        raise _fault(rule, "no keyword can be proven to stand in every match.", "Leave them out.")
    case = re.IGNORECASE if match.ignore_case else 0
    _check_stream(rule, found)
    return CompiledRule(
        rule=rule,
        regex=re.compile(match.regex, FLAGS | case),
        group=found.group or 0,
        shape=found,
        literals=tuple(sorted(rule.keywords or best_literals(found))),
        words=_words(match.context) if match.context else (),
        context=_context(match.context) if match.context else None,
        unless=compile_excuses(rule),
        hold=_hold(rule, case) if rule.hold else None,
    )


def compile_excuses(rule: Rule) -> tuple[CompiledExcuse, ...]:
    """A rule's excuses, ready to run. Raises `PolicyError`."""
    return tuple(_excuse(each, rule) for each in rule.unless)


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


def _words(context: Context) -> tuple[str, ...]:
    return tuple(sorted({word.strip("*").casefold() for word in context.words}))


def _context(context: Context) -> re.Pattern[str]:
    words = []
    for word in context.words:
        left = "" if word.startswith("*") else "(?<![A-Za-z])"
        right = "" if word.endswith("*") else "(?![A-Za-z])"
        words.append(f"{left}{''.join(map(_either, word.strip('*')))}{right}")
    return re.compile("|".join(words), re.IGNORECASE | re.ASCII)


def _either(char: str) -> str:
    return re.escape(char) if char.isascii() else f"[{''.join(cases(char))}]"


def _excuse(excuse: Excuse, rule: Rule) -> CompiledExcuse:
    if excuse.scope is Scope.LIST:
        return CompiledExcuse(excuse, None)
    try:
        case = re.IGNORECASE if excuse.ignore_case else 0
        return CompiledExcuse(excuse, re.compile(excuse.pattern, FLAGS | case))
    except re.error as why:
        raise _fault(rule, f"unless: not a regular expression: {why}.", at=excuse.origin) from None


def _hold(rule: Rule, case: int) -> CompiledHold:
    ignore_case = rule.match.ignore_case
    try:
        held = shape(rule.hold, ignore_case=ignore_case, widest=WIDEST)
    except DialectError as why:
        raise _fault(rule, f"hold: {why}") from None
    words = best_literals(held)
    return CompiledHold(
        pattern=re.compile(f"(?:{rule.hold})\\Z", FLAGS | case),
        reach=min(held.width, rule.window or held.width),
        literals=tuple(sorted(words)),
        last=last_characters(rule.hold, ignore_case=ignore_case),
    )
