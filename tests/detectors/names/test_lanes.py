"""Words of weights add up as the weights do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from excise.detectors.names.lanes import MOST, RAISED, bytes_of, in_lanes, lanes_of, weights

TABLES = st.integers(1, 8).flatmap(
    lambda columns: arrays(np.int8, st.tuples(st.integers(1, 20), st.just(columns)))
)


@given(TABLES)
def test_rows_of_lanes_add_up_as_rows_of_weights(table: np.ndarray) -> None:
    words = lanes_of([table, table])
    total = words.sum(0).view(np.uint16)[: table.shape[1]].astype(int)
    assert (total - 2 * len(table) * RAISED).tolist() == (2 * table.astype(int).sum(0)).tolist()


@given(TABLES)
def test_words_of_bytes_add_up_as_rows_of_weights(table: np.ndarray) -> None:
    even, odd = (each.sum(keepdims=True) for each in in_lanes(bytes_of(table)))
    total = weights(even, odd)[0, : table.shape[1]].astype(int)
    assert (total - len(table) * RAISED).tolist() == table.astype(int).sum(0).tolist()


def test_a_lane_holds_as_many_rows_as_are_said_to_fit() -> None:
    words = lanes_of([np.full((1, 4), 127, np.int8)])
    assert (words[0] * np.uint64(MOST)).view(np.uint16).tolist() == [255 * MOST] * 4


def test_a_word_has_no_room_for_a_ninth_column() -> None:
    with pytest.raises(ValueError, match="9 columns"):
        bytes_of(np.zeros((1, 9), np.int8))
