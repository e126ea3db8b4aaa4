"""A stretch has the same hash wherever it stands, and another under another key."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from excise.text.rolling import PIECE, Rolling, codes_of, pieces

ROLLING = Rolling(bytes(range(32)))


@given(
    before=st.text(max_size=20), text=st.text(min_size=1, max_size=20), after=st.text(max_size=9)
)
def test_the_place_does_not_matter(before: str, text: str, after: str) -> None:
    """Only the characters do."""
    sums = ROLLING.sums(codes_of(before + text + after))
    starts = np.array([len(before)])
    found = ROLLING.stretches(sums, starts, starts + len(text))
    assert int(found[0]) == ROLLING.hash(text)


@given(st.lists(st.text(max_size=6), unique=True, max_size=30))
def test_texts_differ(texts: list[str]) -> None:
    """NULs at the ends included."""
    assert len({ROLLING.hash(text) for text in texts}) == len(texts)


def test_the_key_matters() -> None:
    """Nothing of a hash can be reused under another."""
    assert ROLLING.hash("text") != Rolling(bytes(range(1, 33))).hash("text")


@given(size=st.integers(0, 3 * PIECE), overlap=st.integers(0, 300))
def test_pieces_cover_every_stretch(size: int, overlap: int) -> None:
    """Each stretch of at most the overlap stands whole in some piece."""
    found = list(pieces(size, overlap))
    assert found[0][0] == 0 and found[-1][1] == size
    assert all(end - start <= PIECE for start, end in found)
    for (_, end), (start, _) in pairwise(found):
        assert end - start == overlap
