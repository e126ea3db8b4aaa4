"""The expressions of a policy, asked together: what a message cannot make true is not asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from excise.model import Action, Direction, Principal
from excise.policy.cel import Batch, Checker
from excise.policy.expression import Expression, Measure
from excise.policy.features import NOTHING
from excise.policy.fields import FIELDS, FUNCTIONS, About, Look
from excise.policy.schema import Clause
from excise.policy.situation import Situation


class Held(NamedTuple):
    """Ids of the clauses whose expression holds, and of those whose expression failed.

    What failed counts as holding where the clause is strict, and as not where it is mild.
    """

    ids: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()


_NONE: Final = Held()
_NOBODY: Final = Situation(direction=Direction.REQUEST, principal=Principal(id=""))
_STRICT: Final = Action.REDACT.rank


class _Group(NamedTuple):
    """Clauses asked at once, and how the values they read are had."""

    clauses: tuple[Clause, ...] = ()
    values: tuple[tuple[str, Callable[[Look], Any]], ...] = ()
    batch: Batch | None = None

    def ask(self, look: Look) -> Held:
        if self.batch is None:
            return _NONE
        answers = self.batch.evaluate({name: get(look) for name, get in self.values})
        held = [c.id for c, answer in zip(self.clauses, answers, strict=True) if answer]
        failed = [c for c, answer in zip(self.clauses, answers, strict=True) if answer is None]
        held += [clause.id for clause in failed if clause.then.rank >= _STRICT]
        return Held(frozenset(held), frozenset(clause.id for clause in failed))


class Conditions(NamedTuple):
    """All expressions of a policy by when they must be asked."""

    clean: _Group = _Group()  # may hold where nothing was found
    whole: _Group = _Group()  # every one about the message as a whole
    each: _Group = _Group()  # those about one finding
    reads: frozenset[str] = frozenset()  # fields and functions of all of them

    def of_message(self, look: Look, *, found: bool) -> Held:
        """Which expressions about the message as a whole hold; `found` whether it has findings."""
        return (self.whole if found else self.clean).ask(look)

    def of_finding(self, look: Look) -> Held:
        """Which expressions about one finding hold of the one in `look`."""
        return self.each.ask(look)


NO_CONDITIONS: Final = Conditions()


def build_conditions(clauses: Iterable[Clause]) -> Conditions:
    """Type and join the expressions of these clauses. Raises `PolicyError`."""
    asking = [(clause, clause.condition) for clause in clauses if clause.condition is not None]
    if not asking:
        return NO_CONDITIONS
    measures = {name: each for _, e in asking for name, each in e.measures.items()}
    checker = Checker(measures)
    for _, expression in asking:
        checker.check(expression)
    each = [pair for pair in asking if pair[1].about is About.FINDING]
    whole = [pair for pair in asking if pair[1].about is not About.FINDING]
    clean = [
        (clause, expression)
        for clause, expression in whole
        if not clause.is_about_findings and _may_hold_clean(checker, expression)
    ]
    return Conditions(
        _group(checker, clean),
        _group(checker, whole),
        _group(checker, each),
        frozenset(name for _, e in asking for name in e.fields)
        | {measure.function for measure in measures.values()},
    )


def _may_hold_clean(checker: Checker, expression: Expression) -> bool:
    """Whether an expression can hold where nothing was found, whatever else is so.

    CEL answers `false && …` without knowing the rest: what is false with only the values of a
    clean message put in, is false of every clean message.
    """
    batch = checker.join([expression])
    nothing = Look(_NOBODY, NOTHING)
    values = {
        name: get(nothing)
        for name, get in _getters([expression])
        if _about(name, expression.measures) is About.FINDINGS
    }
    return batch is not None and batch.evaluate(values) != [False]


def _about(name: str, measures: Mapping[str, Measure]) -> About:
    field = FIELDS.get(name)
    return field.about if field else FUNCTIONS[measures[name].function].about


def _group(checker: Checker, asking: Sequence[tuple[Clause, Expression]]) -> _Group:
    return _Group(
        tuple(clause for clause, _ in asking),
        tuple(_getters([expression for _, expression in asking])),
        checker.join([expression for _, expression in asking]),
    )


def _getters(
    expressions: Sequence[Expression],
) -> Iterable[tuple[str, Callable[[Look], Any]]]:
    """How each value is had that these expressions read, in a steady order."""
    fields = {name for each in expressions for name in each.fields}
    yield from ((name, FIELDS[name].get) for name in sorted(fields))
    measures = {name: each for e in expressions for name, each in e.measures.items()}
    yield from ((name, _getter(each)) for name, each in sorted(measures.items()))


def _getter(measure: Measure) -> Callable[[Look], Any]:
    get, name = FUNCTIONS[measure.function].get, measure.name
    return lambda look: get(look, name)
