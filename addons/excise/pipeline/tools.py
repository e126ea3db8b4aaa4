"""The calls of tools that a stream spells out: their events wait until the call is whole.

A call begins with its name, and ends with its text, with the next call, or with the answer. Text
in front of it has gone out before; nothing behind it may overtake it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from excise.codecs.base import Channel, StreamEvent
from excise.detectors.tools.calls import is_name
from excise.model import Part, Segment
from excise.pipeline.channel import Held

LONGEST: Final = 262_144
"""Characters of one call that wait. A longer one is judged by these, and noted as too large."""

_ARGUMENTS: Final = ("call", "arguments")
_NAME: Final = ("call", "name")
_NOTHING: Final = "{}"


class WholeCall(NamedTuple):
    """A call that can be judged: its name and its arguments as two texts of one object."""

    name: Segment
    arguments: Segment
    is_cut: bool

    def __repr__(self) -> str:
        return f"<WholeCall {len(self.arguments.text)} chars>"


class _Open:
    __slots__ = ("held", "key", "name", "pieces", "size")

    def __init__(self, name: Segment | None, key: tuple[str | int, ...] | None = None) -> None:
        self.name = name
        self.key = key
        self.held: list[Held] = []
        self.pieces: list[Segment] = []
        self.size = 0

    def hold(self, held: Held) -> None:
        if not self.held or self.held[-1] is not held:
            held.waiting += 1
            self.held.append(held)

    def whole(self, *, is_cut: bool) -> WholeCall:
        first = self.pieces[0] if self.pieces else self.name
        assert first is not None
        text = "".join(piece.text for piece in self.pieces) or _NOTHING
        name = first._replace(text=self.name.text if self.name else "", path=_NAME, label="name")
        return WholeCall(name, first._replace(text=text, path=_ARGUMENTS, label=""), is_cut)


class Calls:
    """Those of one stream. `take` each event; what it yields is to be judged and then let go."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._large: set[tuple[str | int, ...]] = set()

    def take(self, held: Held, event: StreamEvent) -> Iterator[tuple[WholeCall, list[Held]]]:
        """Hold an event that is part of a call; the calls that it makes whole, and their events."""
        for segment in _opened(event):
            if self._goes_on(segment, event):
                continue
            yield from self._ended_before(held)
            call = _Open(segment)
            call.hold(held)
            self._open.append(call)
        for channel, segment in event.deltas:
            if segment.part is Part.TOOL_ARGUMENTS and channel.key not in self._large:
                yield from self._add(channel, segment, held)
        for channel in event.ends:
            known = [call for call in self._open if call.key == channel.key]
            yield from map(self._close, known or [c for c in self._open if c.key is None])
        if event.ends_all:
            yield from self.rest()

    def rest(self) -> Iterator[tuple[WholeCall, list[Held]]]:
        """The answer is over: all that is open."""
        for call in list(self._open):
            yield self._close(call)

    def _goes_on(self, name: Segment, event: StreamEvent) -> bool:
        """Whether a name is that of a call which is open, told again beside the next piece of it,
        as some servers do with each piece."""
        beside = {channel.key for channel, each in event.deltas if each.path[:-1] == name.path[:-1]}
        named = [call for call in self._open if call.name and call.name.text == name.text]
        return any(call.key in beside or (call.key is None and beside) for call in named)

    def _ended_before(self, held: Held) -> Iterator[tuple[WholeCall, list[Held]]]:
        """A call that was named in an earlier event and never got any text is over when the next
        one begins."""
        for call in [each for each in self._open if each.key is None]:
            if call.held[0] is not held:
                yield self._close(call)

    def _add(
        self, channel: Channel, segment: Segment, held: Held
    ) -> Iterator[tuple[WholeCall, list[Held]]]:
        call = next((each for each in self._open if each.key == channel.key), None)
        if call is None:
            call = next((each for each in self._open if each.key is None), None)
            if call is None:
                call = _Open(None)
                self._open.append(call)
            call.key = channel.key
        call.hold(held)
        call.pieces.append(segment)
        call.size += len(segment.text)
        if call.size > LONGEST:
            self._large.add(channel.key)
            yield self._close(call, is_cut=True)

    def _close(self, call: _Open, *, is_cut: bool = False) -> tuple[WholeCall, list[Held]]:
        self._open.remove(call)
        return call.whole(is_cut=is_cut), call.held


def _opened(event: StreamEvent) -> list[Segment]:
    """The names of calls whose arguments are still to come."""
    if not any(map(is_name, event.segments)):
        return []
    inside = [each for each in event.segments if each.part is Part.TOOL_ARGUMENTS]
    names = [each for each in inside if is_name(each)]
    roots = [each.path[:-1] for each in names]
    return [
        name
        for name, root in zip(names, roots, strict=True)
        if not any(root[:cut] in roots for cut in range(len(root)))
        and not any(_is_argument(each, root) for each in inside)
    ]


def _is_argument(segment: Segment, root: tuple[str | int, ...]) -> bool:
    """Whether a text stands among the arguments of the call at `root`, and says something."""
    path = segment.path
    if path[: len(root)] != root or not segment.text or segment.text == path[-1]:
        return False
    return len(path) > len(root) + 1 or path[-1] in ("arguments", "input", "args")
