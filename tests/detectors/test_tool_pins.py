"""A tool that is described anew is told once, to each principal."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.base import Glance
from excise.detectors.tool_pins import Pinned, Pins, definitions_in
from excise.model import Part, Role, Segment

TEXTS = st.lists(st.sampled_from(["Adds numbers.", "Sends mail.", "Reads."]), max_size=8)


def tool(name: str, description: str, at: int = 0) -> list[Segment]:
    told = {"name": name, "description": description}
    return [
        Segment(text, Role.SYSTEM, Part.TOOL_DEFINITION, 0, path=("tools", at, key))
        for key, text in told.items()
    ]


def changed(pinned: Pinned, segments: list[Segment]) -> list[str]:
    seen = pinned.find([Glance(each) for each in segments])
    return [each.text for each, sights in zip(segments, seen, strict=True) if sights]


@given(TEXTS)
def test_each_change_is_told_and_nothing_else(texts: list[str]) -> None:
    """Of two texts in a row that differ."""
    pinned = Pinned(Pins(), "me")
    told = [changed(pinned, tool("add", text)) for text in texts]
    want = [[b] if a != b else [] for a, b in pairwise(texts)]
    assert told[1:] == want and told[:1] in ([], [[]])


def test_places_and_principals_are_apart() -> None:
    """A tool may move in the list; another principal's is another tool."""
    pins = Pins()
    assert changed(Pinned(pins, "me"), tool("add", "Adds.") + tool("mail", "Sends.", 1)) == []
    assert changed(Pinned(pins, "me"), tool("mail", "Sends.") + tool("add", "Adds.", 1)) == []
    assert changed(Pinned(pins, "you"), tool("add", "Adds all.")) == []
    assert changed(Pinned(pins, "me"), tool("add", "Adds all.")) == ["Adds all."]


def test_an_argument_called_name_is_no_tool() -> None:
    """It belongs to the tool around it."""
    path = ("tools", 0, "properties", "name")
    inner = Segment("who", Role.SYSTEM, Part.TOOL_DEFINITION, 0, path=path)
    assert [each.name for each in definitions_in([*tool("add", "Adds."), inner])] == ["add"]
