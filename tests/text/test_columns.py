"""Cells of tables are read behind the names of their columns, and every cell finds its way back."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.model import Span
from excise.text.budget import Budget
from excise.text.columns import Columns, read_columns

NAMES = ("ssn", "birth_date", "Phone Number", "api_key", "Konto")
OTHERS = ("id", "color", "qty")


def shown(text: str) -> list[str]:
    """The lines of the view, none where there is no table."""
    view = read_columns(text, Budget())
    return view.text.split("\n")[1:] if view is not None else []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("ssn,phone\n1,2\n3,4\n", ["ssn: 1", "phone: 2", "ssn: 3", "phone: 4"]),
        ("id,ssn\n7,1", ["ssn: 1"]),
        ("Look:\n\nid;dob;x\n7;1;\n8;;y\n\nid;dob;x", ["dob: 1"]),
        ("name\tpin\nanna\t4821\r\n", ["pin: 4821"]),
        ("| name | **iban** |\n|---|:-:|\n| Anna | D E |\n", ["iban: D E"]),
        (" name | ssn \n------+-----\n Anna | 21\n(1 row)\n", ["ssn: 21"]),
        ('"ssn","note"\n"1,2","a ""b"", c"\n', ['ssn: "1,2"']),
        ("INSERT INTO t (id, ssn) VALUES (1, '2'), (3, 'it''s');", ["ssn: '2'", "ssn: 'it''s'"]),
        ("insert into t(ssn,at) values (f('a', 1), now())", ["ssn: f('a', 1)"]),
        # No table, or none whose columns tell anything.
        ("", []),
        ("ssn,phone", []),
        ("ssn,phone\n", []),
        ("ssn\n219\n", []),
        ("id,color\n1,red\n", []),
        ("ssn,phone\n1,2,3\n", []),
        ("ssn: 1, phone: 2\na, b\n", []),
        ("call f(ssn, phone)\nf(1, 2)\n", []),
        ("(ssn) VALUES (1)", []),
        ("(id, ssn) VALUES (1, 2", []),
        (r"(id, ssn) VALUES (1, '\'2), (3, 4)", []),
        ("(id, ssn) VALUES (1, '\\", []),
        ('ssn,phone\n1,"2\n', ["ssn: 1", 'phone: "2']),
    ],
)
def test_telling_cells_stand_behind_their_names(text: str, lines: list[str]) -> None:
    assert shown(text) == lines


CELLS = st.text("abc 0123.-+'é", min_size=1, max_size=9).map(str.strip).filter(bool)


@given(
    st.permutations([*NAMES, *OTHERS]),
    st.lists(st.lists(CELLS, min_size=8, max_size=8), min_size=1, max_size=5),
    st.sampled_from(",;\t|"),
    st.text("xyz .\n", max_size=20),
)
def test_every_cell_finds_its_way_back(
    names: list[str], rows: list[list[str]], separator: str, before: str
) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows([names, *rows])
    text = f"{before}\n\n{out.getvalue()}"
    view = read_columns(text, Budget())
    assert view is not None
    lines = view.text.split("\n")[1:]
    wanted = [
        (name, cell) for row in rows for name, cell in zip(names, row, strict=True) if name in NAMES
    ]
    assert lines == [f"{name}: {cell}" for name, cell in wanted]
    at = 0
    for line, (name, cell) in zip(lines, wanted, strict=True):
        start = at + 1 + len(name) + 2
        back = view.back(Span(start, start + len(cell)))
        assert text[back.start : back.end] == cell
        # From the name on it is the same cell, and never the one in front.
        assert view.back(Span(at + 1, start + len(cell))) == back
        at += 1 + len(line)


def _is_ordered(view: Columns, text: str) -> bool:
    size = len(view.text)
    return all(
        0 <= back.start <= back.end <= len(text)
        for start in range(size)
        for back in [view.back(Span(start, min(start + 3, size)))]
    )


@given(st.text("ssn,pi\n|;\t \"'()VALUES1"))
def test_no_text_breaks_it(text: str) -> None:
    view = read_columns(text, Budget())
    assert view is None or _is_ordered(view, text)


def test_what_has_no_room_is_told() -> None:
    budget = Budget()
    view = read_columns("social_security_number,pin\n" + "1,2\n" * 5000, budget)
    assert view is not None
    assert budget.exhausted
