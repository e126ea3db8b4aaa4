"""What a message says of its tools, field by field."""

from typing import Any

import pytest
from described import offered, served

from excise.detectors.tools.definitions import definitions_in
from excise.model import Segment

KEY = bytes(32)
TOOL: dict[str, Any] = {
    "name": "add",
    "description": "Adds two numbers.",
    "inputSchema": {"type": "object", "properties": {"name": {"description": "whose"}}},
}


def fields(segments: tuple[Segment, ...], key: bytes = KEY) -> list[tuple[str, dict[str, str]]]:
    return [(each.name, dict(each.fields)) for each in definitions_in(segments, key)]


def test_an_argument_called_name_is_no_tool() -> None:
    """It belongs to the tool around it."""
    ((name, told),) = fields(served(TOOL))
    assert (name, set(told)) == ("add", {"name", "description", "inputSchema"})


CHANGES: list[tuple[dict[str, Any], set[str]]] = [
    ({"description": "Adds  two\nnumbers."}, set()),
    ({"description": "Adds two numbers. "}, set()),
    ({"description": "Adds two numb\u200bers."}, {"description"}),
    ({"inputSchema": {"type": "object"}}, {"inputSchema"}),
    ({"title": "Add"}, {"title"}),
]


@pytest.mark.parametrize(("change", "want"), CHANGES)
def test_words_count_and_blanks_do_not(change: dict[str, Any], want: set[str]) -> None:
    """What nobody can see is a word, too."""
    ((_, before),), ((_, after),) = fields(served(TOOL)), fields(served({**TOOL, **change}))
    assert {each for each in {*before, *after} if before.get(each) != after.get(each)} == want


def test_a_digest_depends_on_the_key_and_not_on_the_place() -> None:
    """So that who reads the file cannot try out descriptions."""
    other = {**TOOL, "name": "mul"}
    (one, two), (three, four) = fields(served(TOOL, other)), fields(served(other, TOOL))
    assert (one, two) == (four, three)
    assert fields(served(TOOL), b"another") != fields(served(TOOL))


def test_a_tool_in_a_request_is_told_by_the_same_fields() -> None:
    """Chat's are one level deeper."""
    ((name, told),) = fields(offered("Adds.", "whose"))
    assert (name, set(told)) == ("add", {"name", "description", "parameters"})
