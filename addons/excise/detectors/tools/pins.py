"""Definitions of tools, pinned: one whose words or schema change may have been changed by whoever
serves it, after somebody had looked at it.

What is kept of a tool are keyed digests, field by field, so that a change can be told by the names
of its fields. Where it is kept is a `Board`, which several processes and nodes may share.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol, Self

from excise.detectors.base import Glance, Sight
from excise.detectors.memory import Memory
from excise.detectors.tools.definitions import Definition, definitions_in, digest_of
from excise.model import Part, Segment, Span

NAME: Final = "tool-pins"
CHANGED: Final = "definition-changed"
NEW: Final = "definition-new"
MOST: Final = 2_000  # tools of one server; more are not pinned, and new each time
VERSIONS: Final = 4  # of a tool that are known, and that wait

Fields = Mapping[str, str]
"""Field → digest."""


class Pin(NamedTuple):
    """What is kept of one tool: versions that are known, the newest first, and those that wait to
    be accepted. `server` and `tool` are as people may be shown them, times are seconds since
    1970."""

    server: str
    tool: str
    known: tuple[Fields, ...]
    waiting: tuple[Fields, ...] = ()
    since: float = 0.0
    changed: float = 0.0  # 0: never

    def to_bytes(self) -> bytes:
        """As a board keeps it."""
        return json.dumps(self, default=dict, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """ValueError for bytes that are none."""
        try:
            server, tool, known, waiting, since, changed = json.loads(data)
            versions = tuple(map(dict, known)), tuple(map(dict, waiting))
            return cls(str(server), str(tool), *versions, float(since), float(changed))
        except (TypeError, ValueError):
            raise ValueError("what is kept of a tool cannot be read") from None

    @property
    def told(self) -> tuple[str, ...]:
        """The fields in which the newest version differs from the one before."""
        both = (*self.waiting, *self.known)
        return differing(both[0], both[1]) if len(both) > 1 else ()

    def accepted(self) -> Self:
        """With all that waits among what is known."""
        return self._replace(known=(*self.waiting, *self.known)[:VERSIONS], waiting=())


class Board(Protocol):
    """Where pins are kept: names and values by server. Both methods may raise `StateError`."""

    def read(self, server: str) -> Mapping[str, bytes]:
        """All that is kept of a server."""
        ...

    def write(self, server: str, pins: Mapping[str, bytes]) -> None:
        """Keep these beside the others, in the place of those of the same name."""
        ...


class MemoryBoard:
    """Implements `Board` in this process; the servers used least recently go first."""

    def __init__(self, servers: int = 1_000) -> None:
        self._kept = Memory[Mapping[str, bytes]](servers)

    def read(self, server: str) -> Mapping[str, bytes]:
        """All that is kept of a server."""
        return self._kept.get(server.encode()) or {}

    def write(self, server: str, pins: Mapping[str, bytes]) -> None:
        """Keep these."""
        self._kept.put(server.encode(), {**self.read(server), **pins})


class Server(NamedTuple):
    """Whose tools they are: `parts` tell servers apart, `shown` is for people."""

    parts: tuple[str, ...]
    shown: str


class Pins:
    """What is known of the tools of every server. Safe for several threads."""

    def __init__(
        self,
        board: Board | None = None,
        *,
        key: bytes = b"",
        clock: Callable[[], float] = float,
        mask: Callable[[str], str] = str,
    ) -> None:
        """`key` keys all digests, `clock` tells seconds since 1970, `mask` takes out of a name what
        is not to be shown."""
        self.key = key
        self._board = MemoryBoard() if board is None else board
        self._clock = clock
        self._mask = mask
        self._calm = Memory[bool]()  # lists of tools of which there was nothing to tell

    def seen(
        self, server: Server, segments: Sequence[Segment], *, holds: bool, more: bool
    ) -> list[tuple[Definition, str, tuple[str, ...]]]:
        """The tools to speak of: `CHANGED` with the fields in which they did, or `NEW`.

        With `holds` a changed tool is told until it is accepted, without it once. With `more` the
        list goes on from an earlier one, so that what is not known is not new. Raises `StateError`.
        """
        group = digest_of(server.parts, self.key)
        told = (part for each in segments for part in (repr(each.path), each.text))
        whole = bytes.fromhex(digest_of((group, *told), self.key))
        if self._calm.get(whole):
            return []
        pins = {name: Pin.from_bytes(data) for name, data in self._board.read(group).items()}
        is_new = bool(pins) and not more
        found: list[tuple[Definition, str, tuple[str, ...]]] = []
        written: dict[str, bytes] = {}
        for each in definitions_in(segments, self.key):
            name = digest_of((each.name,), self.key)
            before = pins.get(name)
            if before is None:
                found += [(each, NEW, ())] if is_new else []
                after = self._first(server, each)
            else:
                if each.fields not in before.known:
                    found.append((each, CHANGED, differing(each.fields, before.known[0])))
                after = self._after(before, each.fields, holds=holds)
            if after != before and (before or len(pins) < MOST):
                pins[name] = after
                written[name] = after.to_bytes()
        if written:
            self._board.write(group, written)
        if not found:
            self._calm.put(whole, True)
        return found

    def _first(self, server: Server, definition: Definition) -> Pin:
        shown = self._mask(server.shown), self._mask(definition.name)
        return Pin(*shown, known=(definition.fields,), since=self._clock())

    def _after(self, pin: Pin, fields: Fields, *, holds: bool) -> Pin:
        """The pin once these were seen."""
        if fields in pin.known or (holds and fields in pin.waiting):
            return pin
        now = self._clock()
        if holds:
            return pin._replace(waiting=(fields, *pin.waiting)[:VERSIONS], changed=now)
        return pin._replace(known=(fields, *pin.known)[:VERSIONS], changed=now)


class Pinned:
    """Implements `Guest` for the messages of one server."""

    name: Final = NAME
    labels: Final = frozenset({CHANGED, NEW})

    def __init__(
        self, pins: Pins, server: Server, *, holds: bool = False, more: bool = False
    ) -> None:
        """As `Pins.seen`."""
        self._pins = pins
        self._server = server
        self._holds = holds
        self._more = more

    def hold(self, text: str) -> int:
        """Nothing: definitions come whole."""
        return len(text)

    def rests(self, piece: Segment) -> bool:
        """Whether it is no part of a definition."""
        return piece.part is not Part.TOOL_DEFINITION

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        """What was changed, told of each field that was; what was left out, of the description."""
        seen: dict[int, dict[Sight, None]] = {}
        segments = [glance.segment for glance in glances]
        told = self._pins.seen(self._server, segments, holds=self._holds, more=self._more)
        for tool, label, fields in told:
            for place in {tool.places.get(each, tool.place) for each in fields or ("",)}:
                if size := len(glances[place].text):
                    seen.setdefault(place, {})[Sight(label, Span(0, size), 1.0)] = None
        return [tuple(seen.get(at, ())) for at in range(len(glances))]


def differing(one: Fields, other: Fields) -> tuple[str, ...]:
    """The fields that only one of two versions has, or that say something else in the other."""
    return tuple(sorted(field for field in {*one, *other} if one.get(field) != other.get(field)))
