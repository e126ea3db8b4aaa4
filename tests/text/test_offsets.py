"""Spans of a view find their way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.model import Span
from excise.text.offsets import OffsetMap

# "ab<34>cd<>ef": "34" was 4 long in the original, and 3 characters were left out before "ef".
MAP = OffsetMap([(2, 6, 2), (8, 11, 0)])


@pytest.mark.parametrize(
    ("view", "original"),
    [
        ((0, 2), (0, 2)),
        ((0, 3), (0, 6)),
        ((2, 4), (2, 6)),
        ((3, 4), (2, 6)),
        ((3, 5), (2, 7)),
        ((4, 6), (6, 8)),
        ((4, 7), (6, 12)),
        ((6, 8), (11, 13)),
        ((0, 0), (0, 0)),
        ((2, 2), (2, 2)),
        ((8, 8), (13, 13)),
    ],
)
def test_a_replaced_stretch_is_covered_wholly_or_not_at_all(
    view: tuple[int, int], original: tuple[int, int]
) -> None:
    assert MAP.back(Span(*view)) == Span(*original)


@pytest.mark.parametrize(
    ("position", "floor"), [(0, 0), (2, 2), (3, 2), (5, 2), (6, 6), (9, 8), (11, 11), (20, 20)]
)
def test_a_position_inside_a_replaced_stretch_moves_to_its_start(position: int, floor: int) -> None:
    assert MAP.floor(position) == floor


@pytest.mark.parametrize(
    ("position", "ceil"), [(0, 0), (2, 2), (3, 6), (5, 6), (6, 6), (9, 11), (11, 11), (20, 20)]
)
def test_or_to_its_end(position: int, ceil: int) -> None:
    assert MAP.ceil(position) == ceil


PIECES = st.lists(st.tuples(st.text("ab", max_size=4), st.text("xyz", min_size=1, max_size=5)))


@given(PIECES, st.data())
def test_what_is_cut_back_out_of_the_original_shows_the_same(
    pieces: list[tuple[str, str]], data: st.DataObject
) -> None:
    """Law: the original span, replaced in the same way, is the view's span, widened to whole
    replaced stretches."""
    original, view, replaced = "", "", []
    for kept, changed in pieces:
        original += kept
        view += kept
        replaced.append((len(original), len(original) + len(changed), 1))
        original += changed
        view += "#"
    start = data.draw(st.integers(0, len(view)))
    end = data.draw(st.integers(start, len(view)))
    back = OffsetMap(replaced).back(Span(start, end))
    shown, at = "", back.start
    for first, last, _ in replaced:
        if back.start <= first < back.end:
            shown += original[at:first] + "#"
            at = last
    assert shown + original[at : back.end] == view[start:end]
