"""Expressions typed and evaluated by Google's CEL, the only place that knows the library.

The library is imported where a policy has an expression: it costs ten megabytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from excise.errors import PolicyError, closest
from excise.policy.expression import Expression, Measure, place
from excise.policy.fields import COUNTS, FIELDS, FUNCTIONS, RECORDS, SCORES, TEXTS

_ERROR: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): ([^\n]*)")
_UNKNOWN: Final = re.compile(r"undeclared reference to '([^']*)'")
_OVERLOAD: Final = re.compile(r"found no matching overload for '([^']*)' applied to '([^']*)'")

Values = Mapping[str, Any]


class Batch:
    """Several expressions evaluated in one go. Safe to call from several threads."""

    def __init__(self, env: Any, expressions: Sequence[Expression]) -> None:
        self._alone = [env.compile(each.code) for each in expressions]
        self._joined = env.compile("[" + ", ".join(f"({e.code}\n)" for e in expressions) + "]")

    def evaluate(self, values: Values) -> list[bool | None]:
        """For each expression whether it holds; None where it fails on these values."""
        data = dict(values)
        joined = self._joined.eval(data=data).plain_value()
        if isinstance(joined, list):
            return joined
        return [_truth(each.eval(data=data).plain_value()) for each in self._alone]


class Checker:
    """Types expressions against the fields and these measures."""

    def __init__(self, measures: Mapping[str, Measure]) -> None:
        from cel_expr_python import cel

        self._cel = cel
        types = {name: _type(cel.Type, field.type) for name, field in FIELDS.items()}
        types |= {
            name: _type(cel.Type, FUNCTIONS[each.function].type) for name, each in measures.items()
        }
        self._env = cel.NewEnv(variables=types)

    def check(self, expression: Expression) -> None:
        """Raises `PolicyError` where an expression does not parse, type, or answer yes or no."""
        try:
            made = self._env.compile(expression.code)
        except RuntimeError as fault:
            raise _explained(str(fault), expression) from None
        if made.return_type() != self._cel.Type.BOOL:
            raise PolicyError(
                "EXC-POL-013",
                f"the expression gives {made.return_type().name().lower()}; wanted yes or no.",
                at=expression.origin,
                hint="Compare it with something.",
            )

    def join(self, expressions: Sequence[Expression]) -> Batch | None:
        """Checked expressions, ready to be evaluated together; None where there are none."""
        return Batch(self._env, expressions) if expressions else None

    def fault(self, expression: Expression, values: Values) -> str:
        """What CEL says where an expression fails on these values; "" where it does not."""
        value = self._env.compile(expression.code).eval(data=dict(values))
        return "" if isinstance(value.plain_value(), bool) else str(value)


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _type(types: Any, name: str) -> Any:
    return {
        "string": types.STRING,
        "int": types.INT,
        "double": types.DOUBLE,
        "bool": types.BOOL,
        TEXTS: types.List(types.STRING),
        SCORES: types.Map(types.STRING, types.DOUBLE),
        COUNTS: types.Map(types.STRING, types.INT),
        RECORDS: types.List(types.Map(types.STRING, types.DYN)),
    }[name]


def _explained(said: str, expression: Expression) -> PolicyError:
    """The first error of CEL's in the words of the product, where it stands in the file."""
    found = _ERROR.search(said)
    if found is None:
        bound = "nested too deeply" if "recursion" in said else "not an expression"
        return PolicyError("EXC-POL-013", f"{bound}.", at=expression.origin)
    line, column, why = int(found[1]), int(found[2]), found[3]
    start = sum(len(each) + 1 for each in expression.code.split("\n")[: line - 1]) + column - 1
    at = place(expression.origin, expression.text, start)
    if unknown := _UNKNOWN.search(why):
        known = {*FIELDS, *FUNCTIONS}
        return PolicyError(
            "EXC-POL-013",
            f'no field is called "{unknown[1]}"; docs/reference/policy-fields.md lists them.',
            at=at,
            hint=closest(unknown[1], known),
        )
    if overload := _OVERLOAD.search(why):
        sign, types = overload[1].strip("_").replace("_", " "), overload[2]
        return PolicyError(
            "EXC-POL-013",
            f'"{sign}" does not take {types}.',
            at=at,
            hint="Write a decimal number with its point: 3.0." if "double, int" in types else "",
        )
    return PolicyError("EXC-POL-013", f"{why.partition(' (in container')[0]}.", at=at)
