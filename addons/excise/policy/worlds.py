"""Which expressions always hold, never hold, or fail: tried on every world that they can tell
apart.

An expression that only compares sees nothing of a number but on which side of its constants it
lies, and nothing of a text but which of its constants it is. So few values of each field stand for
all, and what holds for all combinations of them holds always.
"""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from excise.policy.cel import Checker
from excise.policy.expression import Expression, tokens_of
from excise.policy.fields import (
    COUNTS,
    DECIMAL,
    FIELDS,
    FLAG,
    FUNCTIONS,
    RECORD,
    SCORES,
    TEXT,
    TEXTS,
    WHOLE,
)

MOST: Final = 4000  # worlds tried; with more of them nothing is said of always and never
_OTHER: Final = "\u00b7other"  # a text that no author writes
_ARITHMETIC: Final = frozenset("+*/%?")


@dataclass(frozen=True, slots=True)
class Truth:
    """What was seen of an expression over all worlds; `sure` where they stand for every one."""

    holds: bool
    fails_to_hold: bool
    fault: str
    sure: bool

    @property
    def always(self) -> bool:
        """Whether it holds whatever comes."""
        return self.sure and not self.fails_to_hold

    @property
    def never(self) -> bool:
        """Whether it cannot hold."""
        return self.sure and not self.holds


def try_out(expression: Expression, checker: Checker) -> Truth:
    """Evaluate a checked expression in the worlds it can tell apart."""
    constants = _constants(expression)
    axes = {name: _values(FIELDS[name].type, name, constants) for name in expression.fields}
    for name, measure in expression.measures.items():
        axes[name] = _values(FUNCTIONS[measure.function].type, measure.function, constants)
    batch = checker.join([expression])
    assert batch is not None
    seen: set[bool] = set()
    for choice in itertools.islice(itertools.product(*axes.values()), MOST):
        world = dict(zip(axes, choice, strict=True))
        (held,) = batch.evaluate(world)
        if held is None:
            return Truth(True, True, checker.fault(expression, world), False)
        seen.add(held)
    sure = _only_compares(expression) and math.prod(map(len, axes.values())) <= MOST
    return Truth(True in seen, False in seen, "", sure)


def _only_compares(expression: Expression) -> bool:
    tokens = tokens_of(expression)
    for number, token in enumerate(tokens):
        after = tokens[number + 1].text if number + 1 < len(tokens) else ""
        called = token.kind == "name" and token.text != "in" and after in ("(", "[")
        if token.text in _ARITHMETIC or called:
            return False
    return True


@dataclass(frozen=True, slots=True)
class _Constants:
    texts: tuple[str, ...]
    numbers: tuple[float, ...]


def _constants(expression: Expression) -> _Constants:
    texts, numbers = [], []
    for token in tokens_of(expression):
        if token.kind == "string":
            texts.append(_read(token.text))
        elif token.kind == "number":
            numbers.append(float(token.text.rstrip("uU")))
    return _Constants(tuple(dict.fromkeys(texts)), tuple(sorted(set(numbers))))


def _read(literal: str) -> str:
    try:
        return str(ast.literal_eval(literal))
    except (ValueError, SyntaxError):
        return literal.strip("\"'")


def _values(kind: str, name: str, constants: _Constants) -> Sequence[Any]:
    """Values of a field or a function that stand for all it may have."""
    known: Any = FIELDS.get(name) or FUNCTIONS[name]
    words = getattr(known, "words", ())
    low, high = getattr(known, "low", 0), known.high
    texts = words or (*constants.texts, _OTHER)
    scores = _numbers(constants.numbers, low, high)
    counts = [int(each) for each in _wholes(constants.numbers, low, high)]
    if kind == TEXT:
        return texts
    if kind == WHOLE:
        return counts
    if kind == DECIMAL:
        return scores
    if kind == FLAG:
        return (False, True)
    if kind == TEXTS:
        return [[], *([each] for each in texts), list(texts)]
    if kind in (SCORES, COUNTS):
        numbers = scores if kind == SCORES else counts
        return [{}, *({text: number} for text in texts for number in numbers)]
    records = _records(texts, constants.numbers)
    return [[], *([each] for each in records), records]


def _records(texts: Sequence[str], numbers: tuple[float, ...]) -> list[dict[str, Any]]:
    """Findings in which every text key is each of the constants in turn."""
    made = []
    for text in texts:
        for score in _numbers(numbers, 0, 1):
            for count in _wholes(numbers, 1, None):
                record: dict[str, Any] = dict.fromkeys(RECORD, text)
                made.append({**record, "score": score, "count": int(count)})
    return made


def _wholes(numbers: Sequence[float], low: float | None, high: float | None) -> list[float]:
    near = {math.floor(n) + step for n in numbers for step in (-1, 0, 1, 2)}
    return _clipped({0.0, *near}, low, high)


def _numbers(numbers: Sequence[float], low: float | None, high: float | None) -> list[float]:
    """The constants, one number between each two neighbours, and one beyond either end."""
    between = {(a + b) / 2 for a, b in itertools.pairwise(numbers)}
    ends = {numbers[0] - 1, numbers[-1] + 1} if numbers else {0.0}
    return _clipped({*numbers, *between, *ends}, low, high)


def _clipped(numbers: set[float], low: float | None, high: float | None) -> list[float]:
    floor = -math.inf if low is None else low
    ceiling = math.inf if high is None else high
    return sorted({min(max(float(each), floor), ceiling) for each in numbers})
