"""A scanner with detectors that know one exchange, such as what its answer must not repeat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from excise.detectors.base import FOREVER, Findings, Growing, Scanned, Scanner
from excise.detectors.scanner import FullScanner, join
from excise.model import Direction, Segment


class Guest(Growing, Protocol):
    """A detector that knows one exchange."""

    def rests(self, piece: Segment) -> bool:
        """Whether it sees nothing in a piece of a growing text, as far as is quick to tell."""
        ...


class Hosting:
    """Implements `Scanner` over another one and guests of it."""

    def __init__(self, host: FullScanner, guests: Sequence[Guest]) -> None:
        self._host = host
        self._guests = tuple(guests)
        self.of_calls = host.of_calls

    def inspect(
        self, segments: Sequence[Segment], direction: Direction, seconds: float = FOREVER
    ) -> Scanned:
        """What the host finds, and what its rules make of what the guests see."""
        scanned = self._host.inspect(segments, direction, seconds)
        return scanned._replace(findings=self._joined(scanned.findings, segments, direction))

    def scan(self, segments: Sequence[Segment], *, whole: bool = True) -> list[Findings]:
        """The same for texts of an answer, or pieces of them."""
        found = self._host.scan(segments, whole=whole)
        return self._joined(found, segments, Direction.RESPONSE)

    def hold(self, text: str) -> int:
        """The first position that anybody waits for."""
        first = self._host.hold(text)
        for guest in self._guests:
            first = min(first, guest.hold(text))
        return first

    def rests(self, piece: Segment, done: int) -> bool:
        """Whether nobody has anything to tell of a piece of a growing text."""
        for guest in self._guests:
            if not guest.rests(piece):
                return False
        return self._host.rests(piece, done)

    def _joined(
        self, found: list[Findings], segments: Sequence[Segment], direction: Direction
    ) -> list[Findings]:
        for guest in self._guests:
            found = join(found, self._host.ask(guest, segments, direction))
        return found


def reads(scanner: Scanner, name: str) -> bool:
    """Whether a guest of this name would be heard."""
    return isinstance(scanner, FullScanner) and scanner.reads(name)


def of_calls(scanner: Scanner) -> frozenset[str]:
    """The rules by which calls of tools in an answer are judged once they are whole."""
    return scanner.of_calls if isinstance(scanner, Hosting | FullScanner) else frozenset()


def host(scanner: Scanner, guests: Sequence[Guest]) -> Scanner:
    """The scanner with those guests that some rule of it reads."""
    if not guests or not isinstance(scanner, FullScanner):
        return scanner
    wanted = [guest for guest in guests if scanner.reads(guest.name)]
    return Hosting(scanner, wanted) if wanted else scanner
