"""Values of records are found however they are written, and cells of one record support each
other."""

import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.base import Glance
from excise.detectors.own.records import (
    COMMON,
    NEAR,
    Built,
    RecordIndex,
    Records,
    Value,
    build_index,
    squeeze_cell,
)
from excise.model import Part, Role, Segment
from excise.text.rolling import PIECE
from excise.text.squeeze import words

KEY = bytes(range(32))
TITLES = ("name", "mail", "account")
ROWS = [
    ["Anna Müller", "anna.m@firm.example", "4711-0815-99"],
    ["Robert Stone", "bob@firm.example", "1234 5678 90"],
    ["Zoë de Groot", "", "555 000 11 22"],
]


def built(rows: list[list[str]] = ROWS, meet: int = 2) -> Built:
    """An index over rows."""
    return build_index("customers", TITLES, rows, meet=meet, key=KEY)


RECORDS = Records([RecordIndex.from_bytes(built().made.to_bytes())], KEY)


def seen(text: str, records: Records = RECORDS) -> list[tuple[str, float, int]]:
    """The text of each sight, its score and how many columns met."""
    (sights,) = records.find([Glance(Segment(text, Role.USER, Part.PROMPT, 0))])
    return [(text[s.span.start : s.span.end], s.score, s.met) for s in sights]


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("Anna Müller", Value("anna muller", False)),
        ("4711-0815 99", Value("4711081599", True)),
        ("+49 171 5551234", Value("491715551234", True)),
        ("12345", Value("12345", False)),
        ("AB-1234567", Value("ab 1234567", False)),
        ("me", None),
        ("...", None),
        ("a b c d e f g h i", None),
        ("x" * 200, None),
        ("123        4567", None),
    ],
)
def test_a_cell_is_squeezed(cell: str, wanted: Value | None) -> None:
    """Words without case and marks, numbers as digits; what says too little is left out."""
    assert squeeze_cell(cell) == wanted


@given(st.text(string.ascii_letters + string.digits + " .-@/", max_size=30))
def test_the_shortcut_for_ascii_is_only_one(cell: str) -> None:
    """It agrees with how texts are squeezed."""
    value = squeeze_cell(cell)
    if value is not None and not value.number:
        assert value.text == words(cell).text.strip()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ANNA MULLER has 4711081599", [("ANNA MULLER", 1.0, 2), ("4711081599", 1.0, 2)]),
        ("anna-müller, 47.11.08.15.99", [("anna-müller", 1.0, 2), ("47.11.08.15.99", 1.0, 2)]),
        ("only Anna Müller here", [("Anna Müller", 0.3, 1)]),
        ("Anna Müller, bob@firm.example", [("Anna Müller", 0.3, 1), ("bob@firm.example", 0.3, 1)]),
        ("Anna Müller, anna müller", [("Anna Müller", 0.3, 1), ("anna müller", 0.3, 1)]),
        ("Annabel Müller 471108159", []),
        ("", []),
    ],
)  # fmt: skip
def test_records_are_found(text: str, wanted: list[tuple[str, float, int]]) -> None:
    """Cells of one record meet; of two records, or the same twice, they do not."""
    assert seen(text) == wanted


def test_far_apart_is_not_together() -> None:
    """A name on one page and a number on another."""
    gap = "and so on " * (NEAR // 10 + 1)
    assert [met for _, _, met in seen(f"Anna Müller {gap} 4711081599")] == [1, 1]


@given(st.text(max_size=30), st.text(max_size=30))
def test_what_stands_around_does_not_matter(before: str, after: str) -> None:
    """As long as it leaves the words whole."""
    text = f"{before} | Robert Stone | 1234567890 | {after}"
    met = {word: count for word, _, count in seen(text)}
    assert met.get("Robert Stone") == 2


def test_the_seams_of_long_texts_hide_nothing() -> None:
    """Wherever the piece ends that is hashed at once."""
    for shift in range(0, 60, 7):
        text = "a " * ((PIECE - shift) // 2) + "Robert Stone 1234567890" + " b" * 50
        assert {word for word, _, _ in seen(text)} == {"Robert Stone", "1234567890"}


def test_what_is_common_tells_nobody() -> None:
    """A value of very many records is left out and counted."""
    made = built([["Anna Müller", f"user{n}@firm.example", ""] for n in range(COMMON + 1)])
    assert (made.records, made.values, made.left_out) == (COMMON + 1, COMMON + 1, COMMON + 1)
    assert seen("Anna Müller", Records([made.made], KEY)) == []


def test_an_index_holds_no_value() -> None:
    """Neither in its bytes nor in its filter under another key."""
    data = built().made.to_bytes()
    for word in (b"nna", b"one", b"4711", b"firm"):
        assert word not in data
    assert seen("Robert Stone 1234567890", Records([built().made], bytes(32))) == []


def test_one_column_may_be_enough() -> None:
    """Where the index says so."""
    records = Records([built(meet=1).made], KEY)
    assert seen("Robert Stone", records) == [("Robert Stone", 1.0, 1)]
    assert records.labels == {"customers"}


@pytest.mark.parametrize("data", [b"", b"no index", b"PK\x03\x04"])
def test_other_bytes_are_no_index(data: bytes) -> None:
    """Whatever they are."""
    with pytest.raises(ValueError):
        RecordIndex.from_bytes(data)


def test_a_thousand_records_find_their_own() -> None:
    """Every cell of every record, by itself."""
    dice = np.random.default_rng(3)
    letters = list(string.ascii_lowercase)
    rows = [
        ["".join(dice.choice(letters, 9)), "".join(dice.choice(letters, 12)), str(10**9 + n * 7919)]
        for n in range(1000)
    ]
    records = Records([built(rows).made], KEY)
    for row in rows[::50]:
        assert [met for _, _, met in seen(", ".join(row), records)] == [3, 3, 3]
