"""A tool that is described anew is told: once, or until it is accepted."""

from collections.abc import Mapping
from typing import Any

import pytest
from described import served
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.base import Glance
from excise.detectors.tools import pins as tool_pins
from excise.detectors.tools.pins import (
    CHANGED,
    NEW,
    VERSIONS,
    Pin,
    Pinned,
    Pins,
    Server,
)

SERVER = Server(("mcp.example",), "mcp.example")
WORDS = ("Adds numbers.", "Sends mail.", "Reads.")
TEXTS = st.lists(st.sampled_from(WORDS), max_size=8)


class Kept(dict[str, dict[str, bytes]]):
    """A board in plain sight."""

    def read(self, server: str) -> dict[str, bytes]:
        return self.get(server, {})

    def write(self, server: str, pins: Mapping[str, bytes]) -> None:
        self.setdefault(server, {}).update(pins)


def tool(description: str, name: str = "add", **more: Any) -> dict[str, Any]:
    return {"name": name, "description": description, **more}


def told(pinned: Pinned, *tools: dict[str, Any]) -> list[tuple[str, str]]:
    """Label, and the text that it is told of."""
    segments = served(*tools)
    seen = pinned.find([Glance(each) for each in segments])
    return [
        (sight.label, each.text)
        for each, sights in zip(segments, seen, strict=True)
        for sight in sights
    ]


@given(TEXTS)
def test_each_version_is_told_once(texts: list[str]) -> None:
    """The first is the one to trust; of two that take turns each is told when it first came."""
    pinned = Pinned(Pins(), SERVER)
    for at, text in enumerate(texts):
        want = [(CHANGED, text)] if at and text not in texts[:at] else []
        assert told(pinned, tool(text)) == want


@given(TEXTS)
def test_held_versions_are_told_until_they_are_accepted(texts: list[str]) -> None:
    """And the first one never."""
    board = Kept()
    pins = Pins(board)
    for text in texts:
        want = [(CHANGED, text)] if text != texts[0] else []
        assert told(Pinned(pins, SERVER, holds=True), tool(text)) == want
    for kept in board.values():
        for name, data in kept.items():
            kept |= {name: Pin.from_bytes(data).accepted().to_bytes()}
    for text in texts:
        assert told(Pinned(pins, SERVER, holds=True), tool(text)) == []


def test_a_change_is_told_of_the_fields_that_changed() -> None:
    """Each by its longest text; a field that is gone, by the description."""
    pinned = Pinned(Pins(), SERVER)
    schema = {"properties": {"to": {"description": "whom to write to"}}}
    assert told(pinned, tool("Adds.", inputSchema=schema)) == []
    schema = {"properties": {"to": {"description": "and a copy to us"}}}
    after = told(pinned, tool("Adds!", inputSchema=schema))
    assert after == [(CHANGED, "Adds!"), (CHANGED, "and a copy to us")]
    assert told(pinned, tool("Adds!")) == [(CHANGED, "Adds!")]


def test_a_new_tool_of_a_known_server_is_told() -> None:
    """Not those of its first list, nor of the rest of a list."""
    pins = Pins()
    pinned = Pinned(pins, SERVER)
    assert told(pinned, tool("Adds."), tool("Sends.", "mail")) == []
    assert told(pinned, tool("Adds."), tool("Reads.", "read")) == [(NEW, "Reads.")]
    assert told(pinned, tool("Reads.", "read"), tool("Sends.", "mail")) == []
    more = Pinned(pins, SERVER, more=True)
    assert told(more, tool("Pays.", "pay")) == []
    assert told(more, tool("Pays all.", "pay")) == [(CHANGED, "Pays all.")]


def test_servers_are_apart() -> None:
    """What one serves says nothing of another's."""
    pins, other = Pins(), Server(("other.example",), "other.example")
    assert told(Pinned(pins, SERVER), tool("Adds.")) == []
    assert told(Pinned(pins, other), tool("Adds all.")) == []
    assert told(Pinned(pins, SERVER), tool("Adds all.")) == [(CHANGED, "Adds all.")]


def test_two_tools_of_one_name_are_told_once() -> None:
    """As clients that offer one for each of two servers do."""
    pinned = Pinned(Pins(), SERVER)
    both = tool("Adds."), tool("Adds all.")
    assert told(pinned, *both) == [(CHANGED, "Adds all.")]
    assert told(pinned, *both) == []


def test_what_is_kept_is_bounded_and_names_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools beyond the bound are new each time; no version is kept for ever."""
    monkeypatch.setattr(tool_pins, "MOST", 2)
    board = Kept()
    pinned = Pinned(Pins(board, mask=lambda text: f"<{len(text)}>"), SERVER)
    assert told(pinned, tool("A.", "a"), tool("B.", "b"), tool("C.", "c")) == []
    assert told(pinned, tool("C.", "c"), tool("A.", "a")) == [(NEW, "C.")]
    for number in range(2 * VERSIONS):
        told(pinned, tool(f"Version {number}.", "a"))
    ((server, kept),) = board.items()
    pins = [Pin.from_bytes(data) for data in kept.values()]
    assert {(pin.server, pin.tool) for pin in pins} == {("<11>", "<1>")}
    assert sorted(len(pin.known) for pin in pins) == [1, VERSIONS]
    assert b"Version" not in b"".join(kept.values()) and "mcp" not in server


def test_a_pin_comes_back_from_its_bytes() -> None:
    """And bytes that are none are refused."""
    pin = Pin("s", "t", ({"description": "00"},), ({"description": "11"},), 1.0, 2.0)
    assert Pin.from_bytes(pin.to_bytes()) == pin
    assert pin.told == ("description",) and pin.accepted().waiting == ()
    for data in (b"", b"[]", b'["a","b",1,[],0,0]', b"\xff"):
        with pytest.raises(ValueError, match="cannot be read"):
            Pin.from_bytes(data)
