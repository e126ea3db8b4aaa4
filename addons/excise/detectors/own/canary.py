"""Canaries: made-up values that were planted where nobody has business to carry them from.

Each is looked for as known values are, in every form in which they are, and with whatever stands
between its letters and digits taken out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from excise.detectors.base import Glance, Sight
from excise.detectors.own.known import Known, KnownIndex, build_known, forms_of
from excise.model import Part, Role, Segment, Span

NAME: Final = "canary"


def build_canary(value: str, key: bytes) -> KnownIndex:
    """The index of one canary, also of what it is when it is encoded twice. `key` has 32 bytes."""
    close = squeeze(value)[0]
    return build_known([*forms_of(value), *forms_of(close)], key)


def squeeze(text: str) -> tuple[str, list[int]]:
    """Letters and digits in lower case, and where each stood."""
    low = [(char, at) for at, each in enumerate(text) if each.isalnum() for char in each.lower()]
    return "".join(char for char, _ in low), [at for _, at in low]


class Canaries:
    """Implements `Growing` over the indexes of canaries by their names."""

    name: Final = NAME

    def __init__(self, indexes: Mapping[str, KnownIndex], key: bytes) -> None:
        self.labels = frozenset(indexes)
        self._known = {name: Known([index], key) for name, index in indexes.items()}

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        """For each text the canaries in it, one sight a place."""
        return [tuple(sorted(set(self._seen(glance)), key=_place)) for glance in glances]

    def hold(self, text: str) -> int:
        """Where one may begin, in whatever form, that is not there to its end."""
        close, places = squeeze(text)
        first = len(text)
        for known in self._known.values():
            apart = known.hold(close)
            first = min(first, known.hold(text), places[apart] if apart < len(close) else first)
        return first

    def _seen(self, glance: Glance) -> Iterator[Sight]:
        close, places = squeeze(glance.text)
        squeezed = Glance(Segment(close, Role.USER, Part.PROMPT, 0))
        for name, known in self._known.items():
            plain, apart = known.find([glance, squeezed])
            yield from (sight._replace(label=name) for sight in plain)
            for sight in apart:
                span = Span(places[sight.span.start], places[sight.span.end - 1] + 1)
                if not any(
                    each.span.start < span.end and span.start < each.span.end for each in plain
                ):
                    yield Sight(name, span, sight.score)


def _place(sight: Sight) -> tuple[Span, str]:
    return sight.span, sight.label
