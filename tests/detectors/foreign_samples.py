"""Texts for comparing a library's own search with ours: drawn from patterns, framed, and plain."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

from excise.detectors.patterns.confirm import find_spans
from excise.detectors.patterns.hyper import Hyper
from excise.model import Span
from excise.rules.compile import compile_rules
from excise.rules.fillers import fill
from excise.rules.schema import Rule
from excise.rules.tree import mask_of

# What may stand around a value: nothing, a neighbour that joins it, one that does not, itself.
FRAMES: Final = (
    "{}",
    "see {} there",
    "x{}",
    "{}9",
    "7{}",
    "{}-a",
    "_{}_",
    "({}), ok.",
    '"{}"',
    "'{}';",
    "{0} {0}",
    "{0}{0}",
    "{0}\n{0}\n",
    "{0}-{0}",
    "caf\u00e9 {}",
    "1 {} 2",
)
PLAIN: Final = (
    "The meeting of 12 March moved to room 4-07; 15 people of 3 teams come, see page 118.",
    "def total(rows: list[int]) -> int:\n    return sum(row * 2 for row in rows if row > 1_000)\n",
    "SELECT id, name FROM users WHERE created > '2024-01-31T10:15:00Z' LIMIT 100;",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8 merged into main on 2023-11-05",
    'version = "1.24.3"\nsha512-Zm9vYmFyYmF6 https://example.org/a/b?c=1#d index.html',
    '{"id": 48213377, "price": "1,299.00", "uuid": "3f2504e0-4f89-41d3-9a0c-0305e82c3301"}',
    "Ring 020 7946 0958 or mail jane.roe@example.co.uk before 5/6/24, 07/2031 or 11-Dec-1999.",
    "fe80::1ff:fe23:4567:890a and ::1, 10.0.0.1, 300.1.1.1, 00:1B:44:11:3A:B7, 001b.4411.3ab7",
)
_DATA: Final = Path(__file__).resolve().parents[3] / "shared" / "data"
_TEXT: Final = range(32, 127)


def drawn(pattern: str, count: int, name: str) -> Iterator[str]:
    """Strings that a pattern of the dialect matches, the same on every machine."""
    dice = random.Random(name)
    tree = list(parser.parse(pattern, re.ASCII | re.MULTILINE))
    for _ in range(count):
        yield "".join(_draw(node, dice) for node in tree)


def _draw(node: Any, dice: random.Random) -> str:
    kind, value = node
    if kind is op.AT:
        return ""
    if kind is op.SUBPATTERN:
        return "".join(_draw(each, dice) for each in value[3])
    if kind is op.BRANCH:
        return "".join(_draw(each, dice) for each in dice.choice(value[1]))
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
        low, high, body = value
        times = dice.randint(low, min(high, low + 4))
        return "".join(_draw(each, dice) for _ in range(times) for each in body)
    mask = mask_of(node)
    return chr(dice.choice([code for code in _TEXT if mask >> code & 1] or [32]))


def framed(values: Sequence[str]) -> Iterator[str]:
    """Each value in two frames of its own, and all frames over the first."""
    for index, value in enumerate(values):
        for step in (0, 7):
            yield FRAMES[(index + step) % len(FRAMES)].format(value)
    for frame in FRAMES:
        yield from (frame.format(value) for value in values[:2])


def filled(templates: Sequence[str], count: int) -> list[str]:
    """Values with right check digits."""
    return [fill(each, f"{each}{number}") for each in templates for number in range(count)]


def shared_rows(name: str) -> list[str]:
    """Texts of a development set, where it is there."""
    path = _DATA / f"{name}.jsonl.gz"
    if not path.is_file():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def found(rules: Sequence[Rule], texts: Sequence[str]) -> list[list[tuple[Rule, Span]]]:
    """For each text what the rules find in the one pass, before any merging."""
    compiled = compile_rules(rules)
    hits = Hyper(compiled).hits(texts)
    return [
        [
            (compiled[number].rule, span)
            for number, ends in hits.get(index, {}).items()
            for span in find_spans(compiled[number], text, ends)
        ]
        for index, text in enumerate(texts)
    ]
