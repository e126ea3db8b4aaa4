"""A copy is found however it is laid out, a renamed one as near, and nothing else at all."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_code_samples import ALL, GO, PYTHON, SQL, TYPESCRIPT, UNRELATED, renamed

from excise.detectors.base import Glance
from excise.detectors.own.code import OwnCode, OwnIndex
from excise.detectors.own.code_tokens import KEYWORDS
from excise.model import Part, Role, Segment

KEY = b"k" * 32
FINDER = OwnCode(OwnIndex.of_texts(ALL.values(), KEY, packages=["com.acme."]))
CODE = pytest.mark.parametrize("code", ALL.values(), ids=ALL)


def each_line(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: "\n".join(change(line) for line in text.split("\n"))


def numbered(text: str) -> str:
    return "\n".join(f"{at:6}\t{line}" for at, line in enumerate(text.split("\n"), 1))


def commented(text: str) -> str:
    """Comments above each line and behind it, in the way of the language."""
    mark = "--" if text == SQL else "//" if text in (GO, TYPESCRIPT) else "#"
    lines = []
    inside = False  # no line may come into a block comment or a docstring
    for line in text.split("\n"):
        inside ^= line.count('"""') % 2 == 1 or ("/*" in line) != ("*/" in line)
        bare = line.split(f" {mark} ")[0]
        lines += [line] if inside else [f"  {mark} see page 9", f"{bare} {mark} as agreed"]
    return "\n".join(lines)


LAYOUTS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "indented": each_line(lambda line: " " * 12 + line),
    "without indentation": each_line(str.lstrip),
    "tabs": lambda text: text.replace("    ", "\t"),
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "blank lines": lambda text: text.replace("\n", "\n\n\n"),
    "trailing blanks": each_line(lambda line: line + "   "),
    "fenced": lambda text: f"```\n{text}```",
    "diff": each_line(lambda line: "+" + line),
    "diff of deletions": each_line(lambda line: "-" + line),
    "quoted mail": each_line(lambda line: "> " + line),
    "numbered": numbered,
    "grep": each_line(lambda line: "12:" + line),
    "one line": lambda text: " ".join(part.split(" -- ")[0] for part in text.split("\n")),
    "comments": commented,
    "other quotes": lambda text: text.replace('"', "`"),
}


def labels(text: str) -> set[str]:
    return {copy.label for copy in FINDER.copies(text)}


def told(text: str) -> str:
    return f"Hello, can you say why this is so slow?\n\n{text}\n\nThanks in advance, it's urgent!\n"


@CODE
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_copy_is_own_however_it_is_laid_out(code: str, layout: str) -> None:
    if layout == "one line" and code == TYPESCRIPT:
        code = code.replace(" // try the next one", "")
    if layout == "one line" and code == PYTHON:
        code = code.replace("    # The ledger is sorted by day.\n", "")
    assert labels(told(LAYOUTS[layout](code))) == {"own"}


@CODE
def test_a_renamed_copy_is_near(code: str) -> None:
    assert labels(told(renamed(code))) == {"near"}
    assert labels(told(LAYOUTS["diff"](renamed(code)))) == {"near"}


@CODE
def test_eight_lines_of_it_are_enough(code: str) -> None:
    """Its last eight that hold code."""
    lines = [line for line in code.split("\n") if line.strip()]
    assert labels(told("\n".join(lines[-8:]))) == {"own"}


@CODE
def test_a_line_or_two_are_not(code: str) -> None:
    lines = [line for line in code.split("\n") if line.strip()]
    for at in range(len(lines) - 1):
        assert labels(told("\n".join(lines[at : at + 2]))) == set()


@CODE
def test_lines_in_another_order_are_no_copy(code: str) -> None:
    """Where no two that followed each other still do."""
    lines = [line for line in code.split("\n") if line.strip()]
    rng = random.Random(5)
    orders = [list(range(len(lines)))[::-1]]
    while len(orders) < 20:
        order = rng.sample(range(len(lines)), len(lines))
        if all(two != one + 1 for one, two in itertools.pairwise(order)):
            orders.append(order)
    for order in orders:
        assert labels(told("\n".join(lines[at] for at in order))) == set()


PAGES = {
    "code": UNRELATED,
    "prose": "The freight is settled by the ledger, as every shipment is booked. " * 30,
    "table": "\n".join(f"{n}, {n * n}, {n + 7}" for n in range(200)),
    "keywords": " ".join([KEYWORDS] * 3),
    "nothing": "",
    "marks": "(){}[];" * 300,
    "numbers": "0, " * 500,
}


@pytest.mark.parametrize("text", PAGES.values(), ids=PAGES)
def test_what_is_not_indexed_is_not_found(text: str) -> None:
    assert FINDER.copies(text) == []


def test_the_span_is_the_whole_lines_of_the_copy() -> None:
    text = told(PYTHON)
    (copy,) = FINDER.copies(text)
    found = text[copy.span.start : copy.span.end]
    assert text[copy.span.start - 1] == text[copy.span.end] == "\n"
    assert found.startswith("def settle_freight")
    assert found.rstrip().endswith("return owed, len(shipments)")
    assert 0.9 < copy.score <= 1 and copy.tokens > 80


def test_two_copies_are_two_and_the_text_between_is_none() -> None:
    text = told(f"{PYTHON}\n{UNRELATED}\n{renamed(GO)}")
    own, near = FINDER.copies(text)
    assert (own.label, near.label) == ("own", "near")
    assert own.span.end <= text.index("class Thermostat")
    assert near.span.start > text.index("def report")


def test_of_a_long_line_only_the_copy_is_named() -> None:
    line = " ".join(part.strip() for part in GO.split("\n"))
    text = "{" + '"a": 1, ' * 200 + line + ' "b": 2' * 200
    (copy,) = FINDER.copies(text)
    assert len(copy.span) == 2
    assert 1500 < copy.span.start < copy.span.end < 1700 + len(line)


def glance(text: str) -> Glance:
    return Glance(Segment(text, Role.USER, Part.PROMPT, 0))


def test_sights_are_in_order_and_carry_known_labels() -> None:
    text = f"import com.acme.flow\n\n{told(PYTHON)}\nimport com.acme.silo\n{renamed(GO)}"
    none, sights = FINDER.find([glance("hello"), glance(text)])
    assert none == ()
    assert [sight.label for sight in sights] == [
        "internal-package",
        "own",
        "internal-package",
        "near",
    ]
    assert {sight.label for sight in sights} == FINDER.labels
    assert all(0 < sight.score <= 1 for sight in sights)
    assert FINDER.name == "own-code"


def test_it_is_made_of_files() -> None:
    files = [OwnIndex.of_texts([text], KEY).to_bytes() for text in (PYTHON, GO)]
    finder = OwnCode.of_files(files, KEY)
    assert {c.label for c in finder.copies(told(PYTHON) + told(GO))} == {"own"}
    assert OwnCode.of_files([], KEY).find([glance(PYTHON)]) == [()]


@given(before=st.text(max_size=200), behind=st.text(max_size=200))
def test_what_stands_around_a_copy_does_not_hide_it(before: str, behind: str) -> None:
    """Save a block comment that was opened and never closed: what is in it is no code."""
    text = f"{before.replace('/*', '')}\n{GO}\n{behind}"
    (copy,) = FINDER.copies(text)
    assert copy.label == "own"
    assert copy.span.start <= len(before) + 20


@given(text=st.text(alphabet="ab1_ \t\n\"'#/*-+(){}=;,.é", max_size=400))
def test_any_text_can_be_looked_at(text: str) -> None:
    assert FINDER.find([glance(text)]) == [()]
