"""Sums over tokens, windows over long texts, and what the last step reads of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.meaning import Meaning
from excise.detectors.meaning_model import (
    NARROW,
    WIDE,
    MeaningModel,
    Units,
    logistic,
    running,
    sentences,
    softmax,
    unit_scores,
    windows,
)

MODEL = Meaning.shipped().model


@given(st.integers(1, 2000), st.sampled_from([NARROW, WIDE]))
def test_windows_cover_every_token_and_hold_no_more_than_their_width(size: int, width: int) -> None:
    units = windows(size, width)
    covered = np.zeros(size, bool)
    for first, last in zip(*units, strict=True):
        assert 0 < last - first <= width
        covered[first:last] = True
    assert covered.all()
    assert size <= width or (units.lasts - units.firsts == width).all()


@given(st.text("ab.?\n ", min_size=1, max_size=80))
def test_sentences_take_a_text_apart(text: str) -> None:
    reading = MODEL.read(text)
    if reading.starts.size:
        units = sentences(reading)
        assert units.firsts[0] == 0
        assert units.lasts[-1] == reading.starts.size
        assert (units.firsts[1:] == units.lasts[:-1]).all()
        assert (units.lasts > units.firsts).all()


def test_a_full_stop_inside_a_word_ends_nothing() -> None:
    assert sentences(MODEL.read("see example.test for it. Then go")).firsts.size == 2


def test_a_unit_is_what_its_tokens_sum_to() -> None:
    values = np.array([[1.0], [2.0], [4.0]], np.float32)
    units = Units(np.array([0, 1]), np.array([3, 2]))
    scores = unit_scores(running(values), units, np.array([0.5], np.float32))
    assert scores[:, 0].tolist() == pytest.approx([7 / 7**0.5 + 0.5, 2 / 5**0.5 + 0.5])


@given(st.text(min_size=1, max_size=300), st.booleans())
def test_every_outcome_is_a_chance(text: str, brought: bool) -> None:
    reading = MODEL.read(text)
    if reading.starts.size:
        views = MODEL.views(reading)
        chances = MODEL.outcome(views, brought=brought)
        assert chances.shape == (len(MODEL.outcomes),)
        assert ((chances >= 0) & (chances <= 1)).all()
        assert MODEL.topic_scores(reading, views.wide).sum(1) == pytest.approx(1, abs=1e-4)


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises((ValueError, KeyError, EOFError)):
        MeaningModel.from_bytes(b"nothing of the kind")


def test_the_curves_stay_in_their_bounds() -> None:
    assert logistic(np.array([-1e9, 0, 1e9], np.float32)).tolist() == pytest.approx([0, 0.5, 1])
    assert softmax(np.array([[1e6, 0]], np.float32)).tolist() == [[1, 0]]
