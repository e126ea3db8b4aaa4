"""The text of an expression → what it reads and what it may cost; no CEL yet.

A function of one quoted name (`count("pii.email")`) is read as a variable of its own: its value is
put in before the expression runs, so that nothing of ours is called from within it. The variable
is padded to the length of what it replaces, and so every column in an error is the author's.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from excise.errors import PolicyError, closest
from excise.policy.fields import FIELDS, FUNCTIONS, RECORD, About

MAX_LENGTH: Final = 2000  # characters
MAX_TOKENS: Final = 300
MAX_NESTING: Final = 2  # macros within macros: each multiplies the cost by what it runs over

_TOKEN: Final = re.compile(
    r"""(?P<comment>//[^\n]*)
    |(?P<string>[rRbB]{0,2}(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    |(?P<name>[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*)
    |(?P<number>(?:\d+\.\d+|\.\d+|\d+)(?:[eE][+-]?\d+)?[uU]?)
    |(?P<sign>&&|\|\||[<>=!]=|[-+*/%<>!?:.,()\[\]{}])
    |(?P<space>\s+)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_MACROS: Final = frozenset({"exists", "exists_one", "all", "map", "filter"})
_GAP: Final = re.compile(r"\s*\.\s*")


class Measure(NamedTuple):
    """A call of one of our functions: `count` of `pii.email`."""

    function: str
    name: str


class Token(NamedTuple):
    """One piece of an expression; `kind` is a group of the tokenizer."""

    kind: str
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression, read but not yet typed. `origin` is `file:line` of its first character."""

    text: str
    origin: str
    code: str  # with every measure replaced by its variable
    fields: frozenset[str]
    measures: Mapping[str, Measure]  # by variable

    @property
    def about(self) -> About:
        """The most that it needs to know."""
        needs = {FIELDS[name].about for name in self.fields}
        needs |= {FUNCTIONS[each.function].about for each in self.measures.values()}
        return max(needs, key=list(About).index, default=About.EXCHANGE)


def parse_expression(text: str, origin: str) -> Expression:
    """Read an expression and bound its cost. Raises `PolicyError`."""
    tokens = [token for token in _tokens(text) if token.kind not in ("space", "comment")]
    _bounded(text, tokens, origin)
    code, measures = _measured(text, tokens, origin)
    _records_known(tokens, origin)
    fields = frozenset(
        field
        for number, token in enumerate(tokens)
        if token.kind == "name"
        and (number == 0 or tokens[number - 1].text != ".")
        and (field := field_of(token.text))
    )
    return Expression(text, origin, code, fields, measures)


def field_of(name: str) -> str:
    """The field that a dotted name begins with, or ""."""
    parts = _GAP.split(name)
    for count in range(min(2, len(parts)), 0, -1):
        if (field := ".".join(parts[:count])) in FIELDS:
            return field
    return ""


def variable(measure: Measure) -> str:
    """The name under which a measure's value is put in; no longer than the shortest call."""
    digest = hashlib.blake2b(f"{measure.function} {measure.name}".encode(), digest_size=4)
    return f"_{digest.hexdigest()}"


def tokens_of(expression: Expression) -> list[Token]:
    """The tokens of what CEL is given, spaces and comments apart."""
    return [t for t in _tokens(expression.code) if t.kind not in ("space", "comment")]


def place(origin: str, text: str, start: int) -> str:
    """`file:line` of a character of an expression, and its column there."""
    file, _, line = origin.rpartition(":")
    lines = text[:start].split("\n")
    number = int(line) + len(lines) - 1
    return f"{file}:{number} (column {len(lines[-1]) + 1} of the expression)"


def _tokens(text: str) -> Iterator[Token]:
    for found in _TOKEN.finditer(text):
        yield Token(found.lastgroup or "other", found[0], found.start())


def _bounded(text: str, tokens: Sequence[Token], origin: str) -> None:
    nesting = deepest = 0
    opened: list[bool] = []
    for before, token in zip((Token("", "", 0), *tokens), tokens, strict=False):
        if token.text == "(":
            macro = before.kind == "name" and _GAP.split(before.text)[-1] in _MACROS
            opened.append((macro and "." in before.text) or before.text in _MACROS)
            nesting += opened[-1]
            deepest = max(deepest, nesting)
        elif token.text == ")" and opened:
            nesting -= opened.pop()
    for value, most, what in (
        (len(text), MAX_LENGTH, "characters"),
        (len(tokens), MAX_TOKENS, "words and signs"),
        (deepest, MAX_NESTING, "macros within each other"),
    ):
        if value > most:
            raise PolicyError(
                "EXC-POL-014",
                f"the expression has {value} {what}; at most {most} are allowed.",
                at=origin,
                hint="Split it into several clauses.",
            )


def _measured(text: str, tokens: Sequence[Token], origin: str) -> tuple[str, dict[str, Measure]]:
    """The text with a variable for each of our calls, and the measures by variable."""
    pieces, end, measures = [], 0, {}
    for number, token in enumerate(tokens):
        called = tokens[number + 1 : number + 2]
        if token.kind != "name" or not called or called[0].text != "(":
            continue
        family, _, function = _GAP.sub(".", token.text).rpartition(".")
        if function not in FUNCTIONS or "." in family or family in FIELDS:
            continue
        measure = _measure(function, family, tokens[number + 2 : number + 4], origin, text)
        name = variable(measure)
        measures[name] = measure
        last = tokens[number + 3]
        taken = text[token.start : last.start + 1]
        pieces += [text[end : token.start], name, _padding(taken, name)]
        end = last.start + 1
    return "".join([*pieces, text[end:]]), measures


def _padding(taken: str, name: str) -> str:
    """Spaces, and as many line breaks as stood in a call, so that places behind it stay theirs."""
    room, breaks = len(taken) - len(name), taken.count("\n")
    behind = len(taken) - 1 - taken.rfind("\n") if breaks else 0
    return " " * (room - breaks - behind) + "\n" * breaks + " " * behind


def _measure(function: str, family: str, rest: Sequence[Token], origin: str, text: str) -> Measure:
    kinds = [token.kind for token in rest]
    if kinds != ["string", "sign"] or rest[1].text != ")" or rest[0].text[0] not in "\"'":
        raise PolicyError(
            "EXC-POL-013",
            f"{function} takes one name in quotes.",
            at=place(origin, text, rest[0].start if rest else len(text)),
            hint=FUNCTIONS[function].doc,
        )
    name = rest[0].text.strip("\"'")
    if family and not name.startswith(f"{family}."):
        name = f"{family}.{name}"
    return Measure(function, name)


def _records_known(tokens: Sequence[Token], origin: str) -> None:
    """Whether what is read of a record of `findings` is one of its keys."""
    variables = {
        tokens[number + 2].text
        for number, token in enumerate(tokens[:-2])
        if token.kind == "name"
        and _GAP.split(token.text)[0] == "findings"
        and _GAP.split(token.text)[-1] in _MACROS
    }
    for token in tokens:
        head, *keys = _GAP.split(token.text) if token.kind == "name" else [""]
        if head in variables and keys and keys[0] not in RECORD:
            raise PolicyError(
                "EXC-POL-013",
                f'a finding has no "{keys[0]}"; known: {", ".join(RECORD)}.',
                at=origin,
                hint=closest(keys[0], RECORD),
            )
