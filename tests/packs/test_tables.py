"""What a word in front of it would tell is told in a table by the name of its column."""

from __future__ import annotations

from functools import cache

import pytest
from packs.test_packs import files

from excise.detectors.build import build_scanner
from excise.detectors.scanner import FullScanner
from excise.model import Part, Role, Segment, Span
from excise.rules.fillers import fill
from excise.rules.load import load_pack

# What stands in a column of the name.
COLUMNS = {
    "ssn": "536228{digit:3}",
    "birth_date": "1984-03-12",
    "Passport No": "C01X00T47",
    "phone": "415555267{digit:1}",
    "password": "{lower:6}{digit:3}{upper:2}",
    "api_key": "{hex:32}",
    "cvv": "{digit:3}",
    "MRN": "{digit:8}",
}
FORMS = {
    "csv": ("id,{0},x\n", "17,{0},red\n"),
    "quoted": ('"id","{0}","x"\n', '"17","{0}","a, b"\n'),
    "semicolons": ("id;{0}\n", "17;{0}\n"),
    "tabs": ("{0}\tid\n", "{0}\t17\n"),
    "markdown": ("| id | {0} |\n|---|---|\n", "| 17 | {0} |\n"),
    "psql": (" {0} | id\n---+---\n", " {0} | 17\n"),
    "sql": ("INSERT INTO t (id, {0}) VALUES ", "(17, '{0}'), "),
}


@cache
def scanner() -> FullScanner:
    """The packs of what people paste in tables, as they run."""
    packs = ("gdpr", "pci", "secrets")
    return build_scanner([rule for pack in packs for rule in load_pack(pack, files(pack)).rules])


def spans(text: str) -> list[Span]:
    """Where something is found."""
    return [each.span for each in scanner().scan([Segment(text, Role.USER, Part.PROMPT, 0)])[0]]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("column", COLUMNS)
def test_a_value_is_found_by_its_column(column: str, form: str) -> None:
    head, row = FORMS[form]
    values = [fill(COLUMNS[column], f"{column} {form} {n}") for n in range(2)]
    text = head.format(column) + "".join(map(row.format, values))
    found = spans(text)
    for value in values:
        start = text.index(value)
        assert any(each.start <= start and start + len(value) <= each.end for each in found), text


@pytest.mark.parametrize("form", FORMS)
def test_a_column_that_tells_nothing_shows_nothing(form: str) -> None:
    head, row = FORMS[form]
    text = head.format("quantity") + row.format("tufjw304") + row.format("1984-03-12")
    assert not spans(text)
