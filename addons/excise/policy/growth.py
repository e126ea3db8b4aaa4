"""When an expression about a message that is still coming can be answered.

An answer in pieces only grows: more is found in it, it gets longer. What reads nothing that grows
is known before its first word; what growing can only make true is known as soon as it holds; the
rest is known when the answer is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from excise.policy.expression import Expression, Token, field_of, tokens_of
from excise.policy.fields import FIELDS, About

GROWING: Final = frozenset(
    {"size", "tokens", "roles", "parts", "topics", "unsafe.scores", "unsafe.categories",
     "injection.score", *(name for name, field in FIELDS.items() if field.about is About.FINDINGS)}
)  # fmt: skip
_GROWING_KEYS: Final = frozenset({"count", "score"})  # of a record of `findings`
_UNSURE: Final = frozenset({"!", "?", "-", "%", "*", "/", "["})
_ONE_WAY: Final = frozenset({"exists"})
_MACROS: Final = frozenset({"all", "exists_one", "map", "filter", "size"})
_LESS: Final = frozenset({"<", "<="})
_MORE: Final = frozenset({">", ">="})
_COMPARED: Final = _LESS | _MORE | {"==", "!="}


class Known(StrEnum):
    """When it is known whether an expression holds of an answer that comes in pieces."""

    FIRST = "first"
    GROWING = "growing"  # once it holds, it holds for good
    LAST = "last"


def known_when(expression: Expression | None) -> Known:
    """When an expression is known; one that is not there holds from the beginning."""
    if expression is None:
        return Known.FIRST
    if not expression.measures and not expression.fields & GROWING:
        return Known.FIRST
    return Known.GROWING if _only_grows(expression) else Known.LAST


def _only_grows(expression: Expression) -> bool:
    """Whether all that grows in it is asked only for being there, or being more than something."""
    tokens = tokens_of(expression)
    if any(token.text in _UNSURE for token in tokens if token.kind == "sign"):
        return False
    variables = _variables(tokens)
    for number, token in enumerate(tokens):
        if token.text in ("==", "!=") and _beside(tokens, number, "(", ")"):
            return False
        if token.kind != "name":
            continue
        head, _, last = token.text.replace(" ", "").rpartition(".")
        if last in _MACROS and _text(tokens, number + 1) == "(":
            return False
        grows = (
            token.text in expression.measures
            or field_of(token.text) in GROWING
            or (head in variables and last in _GROWING_KEYS)
        )
        if grows and not (last in _ONE_WAY or _asks_for_more(tokens, number)):
            return False
    return True


def _variables(tokens: Sequence[Token]) -> set[str]:
    """What the records are called that an expression runs over."""
    return {
        _text(tokens, number + 2)
        for number, token in enumerate(tokens)
        if token.kind == "name" and token.text.rpartition(".")[2] in _ONE_WAY
    }


def _asks_for_more(tokens: Sequence[Token], number: int) -> bool:
    if _text(tokens, number - 1) == "in":
        return True
    before = after = number
    while _text(tokens, after + 1) == "+":
        after += 2
    while _text(tokens, before - 1) == "+":
        before -= 2
    left, right = _text(tokens, before - 1), _text(tokens, after + 1)
    if right in _MORE:
        return left not in _COMPARED
    return left in _LESS and right not in _COMPARED


def _beside(tokens: Sequence[Token], number: int, *texts: str) -> bool:
    return _text(tokens, number - 1) in texts or _text(tokens, number + 1) in texts


def _text(tokens: Sequence[Token], number: int) -> str:
    return tokens[number].text if 0 <= number < len(tokens) else ""
