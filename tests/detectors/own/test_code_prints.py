"""The guarantee of winnowing, and the reference values of SipHash."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.own.code_prints import Key, Winnow, build_key, find_prints, keyed

HOW = Winnow(run=9, window=4, fresh=0, tweak=5)


def tokens(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array(values, np.uint64)


ROWS = st.lists(st.integers(0, 30), max_size=60)


@given(before=ROWS, shared=st.lists(st.integers(0, 9999), min_size=12, max_size=40), behind=ROWS)
def test_a_long_enough_copy_shares_a_fingerprint(
    before: list[int], shared: list[int], behind: list[int]
) -> None:
    """Whatever stands around it: run + window - 1 tokens are enough."""
    alone = find_prints(tokens(shared), HOW)
    inside = find_prints(tokens([*before, *shared, *behind]), HOW)
    assert set(alone.hashes.tolist()) & set(inside.hashes.tolist())


@given(row=ROWS)
def test_every_window_holds_one(row: list[int]) -> None:
    places = find_prints(tokens(row), HOW).places.tolist()
    runs = len(row) - HOW.run + 1
    assert places == sorted(set(places))
    assert all(0 <= place < runs for place in places)
    for start in range(runs - HOW.window + 1):
        assert any(start <= place < start + HOW.window for place in places)


@given(row=st.lists(st.integers(0, 9999), min_size=40, max_size=80), how=st.sampled_from([16, 24]))
def test_the_same_run_has_the_same_hash_wherever_it_stands(row: list[int], how: int) -> None:
    every = Winnow(run=how, window=1, fresh=0, tweak=1)
    whole = find_prints(tokens(row), every).hashes.tolist()
    assert find_prints(tokens(row[7:]), every).hashes.tolist() == whole[7:]
    changed = [*row[:-1], row[-1] + 10_000]
    other = find_prints(tokens(changed), every).hashes.tolist()
    assert other[:-1] == whole[:-1] and other[-1] != whole[-1]


def test_what_repeats_says_nothing() -> None:
    how = Winnow(run=16, window=4, fresh=3, tweak=1)
    assert not find_prints(tokens([1, 2] * 40), how).places.size
    assert find_prints(tokens(list(range(80))), how).places.size
    assert not find_prints(tokens(list(range(15))), how).places.size


def test_rows_are_set_apart() -> None:
    row = tokens(list(range(50)))
    one = find_prints(row, HOW).hashes.tolist()
    assert not set(one) & set(find_prints(row, HOW._replace(tweak=6)).hashes.tolist())


def test_siphash_is_the_published_one() -> None:
    """The test vector of the reference implementation for eight bytes, SipHash-2-4."""
    key = Key(0x0706050403020100, 0x0F0E0D0C0B0A0908)
    message = tokens([0x0706050403020100])
    assert keyed(message, key, rounds=(2, 4)).tolist() == [0x93F5F5799A932462]


@pytest.mark.skipif(sys.hash_info.algorithm != "siphash13", reason="built with another hash")
def test_siphash_is_that_of_the_interpreter() -> None:
    """Which hashes bytes by SipHash-1-3, with a key of zeros where it is told not to vary."""
    code = "print([hash(bytes([i]) * 8) for i in range(9)])"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONHASHSEED": "0"}, capture_output=True, check=True
    )
    wanted = [value % 2**64 for value in json.loads(done.stdout)]
    messages = tokens([int.from_bytes(bytes([i]) * 8, "little") for i in range(9)])
    assert keyed(messages, Key(0, 0)).tolist() == wanted


def test_another_key_gives_other_hashes() -> None:
    one, other = build_key(b"one"), build_key(b"other")
    assert one == build_key(b"one") != other
    row = tokens(list(range(20)))
    assert not set(keyed(row, one).tolist()) & set(keyed(row, other).tolist())
