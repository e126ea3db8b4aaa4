"""The way back: spans of a view, which is a text with some stretches replaced, to the original."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from excise.model import Span


class OffsetMap:
    """Where the characters of a view stood in the original; all else is the same, only shifted.

    Built of the replaced stretches in order: (start and end in the original, length in the view).
    A length of 0 means that the view leaves the stretch out.
    """

    __slots__ = ("_ends", "_original_ends", "_original_starts", "_starts")

    def __init__(self, replaced: Iterable[tuple[int, int, int]]) -> None:
        self._original_starts: list[int] = []
        self._original_ends: list[int] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        shift = 0
        for start, end, length in replaced:
            at = start - shift
            self._original_starts.append(start)
            self._original_ends.append(end)
            self._starts.append(at)
            self._ends.append(at + length)
            shift += end - start - length

    @classmethod
    def of_arrays(
        cls, starts: NDArray[np.intp], ends: NDArray[np.intp], lengths: NDArray[np.intp]
    ) -> OffsetMap:
        """The same from arrays."""
        made = cls(())
        shrunk = ends - starts - lengths
        shown = starts - np.cumsum(shrunk) + shrunk
        made._original_starts, made._original_ends = starts.tolist(), ends.tolist()
        made._starts, made._ends = shown.tolist(), (shown + lengths).tolist()
        return made

    def back(self, span: Span) -> Span:
        """The span of the original that shows as `span`: a replaced stretch is covered wholly or
        not at all, one that was left out only where it lies inside."""
        start, end = span
        n = bisect_right(self._starts, start) - 1
        if n >= 0:
            edge = self._ends[n]
            start = (
                self._original_starts[n] if start < edge else self._original_ends[n] + start - edge
            )
        n = bisect_left(self._starts, end) - 1
        if n >= 0:
            edge = self._ends[n]
            end = self._original_ends[n] + max(end - edge, 0)
        return Span(start, max(start, end))

    def past(self, position: int) -> int:
        """A position of the original, moved behind what was left out from there on."""
        n = bisect_left(self._original_starts, position)
        if n < len(self._starts) and self._original_starts[n] == position:
            return self._original_ends[n] if self._starts[n] == self._ends[n] else position
        return position

    def floor(self, position: int) -> int:
        """A position of the original, moved to the start of the replaced stretch around it."""
        n = bisect_left(self._original_starts, position) - 1
        if n >= 0 and position < self._original_ends[n]:
            return self._original_starts[n]
        return position

    def ceil(self, position: int) -> int:
        """A position of the original, moved to the end of the replaced stretch around it."""
        n = bisect_left(self._original_starts, position) - 1
        if n >= 0 and position < self._original_ends[n]:
            return self._original_ends[n]
        return position
