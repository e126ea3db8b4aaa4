"""A token has one number for as long as a generation lives, whoever asks and however many do."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.text import met
from excise.text.met import NONE, Generation, Met, Numbering, numbering, words_of
from excise.text.tokens import tokenize

HASHES = st.lists(st.integers(1, 40).map(lambda n: n * 0x9E3779B97F4A7C15 % 2**64), max_size=60)


def hashes_of(text: str) -> np.ndarray:
    return tokenize(text).hashes


@given(st.lists(HASHES, min_size=1, max_size=8), st.sampled_from((8, 64)))
def test_equal_tokens_and_they_alone_share_a_number(texts: list[list[int]], capacity: int) -> None:
    numbers = Numbering(capacity)
    seen: dict[Generation, dict[int, int]] = {}
    for text in texts:
        got = numbers.number(np.array(text, np.uint64))
        assert NONE not in got.numbers
        known = seen.setdefault(got.generation, {})
        for key, number in zip(text, got.numbers.tolist(), strict=True):
            assert known.setdefault(key, number) == number
        assert len(set(known.values())) == len(known) <= got.generation.size
        assert (got.generation.find(np.array(text, np.uint64)) == got.numbers).all()


def test_tokens_that_fall_on_one_place_are_told_apart() -> None:
    alike = np.arange(1, 7, dtype=np.uint64)  # the highest bits are what tells places
    numbers = Numbering(64)
    assert sorted(numbers.number(alike).numbers.tolist()) == [1, 2, 3, 4, 5, 6]
    assert (numbers.number(alike[::-1]).numbers == numbers.number(alike).numbers[::-1]).all()


def test_a_full_numbering_begins_anew_and_a_large_text_is_not_remembered() -> None:
    numbers = Numbering(8)
    first = numbers.number(hashes_of("a b c d e f")).generation
    second = numbers.number(hashes_of("g h i")).generation
    assert first is not second
    large = numbers.number(hashes_of("abcdefghijklmnopqrstuvwxyz".replace("", " ")))
    assert large.generation.size == large.generation.capacity == 26
    assert numbers.number(hashes_of("i")).generation is second


def test_what_a_reader_keeps_is_made_once_for_a_generation() -> None:
    class Reader:
        pass

    numbers, reader = Numbering(8), Reader()
    generation = numbers.number(hashes_of("a")).generation
    assert generation.kept(reader, np.zeros) is generation.kept(reader, np.zeros)
    assert generation.kept(reader, np.zeros).shape == (8,)
    assert generation.kept(Reader(), np.ones).all()


def test_of_places_with_one_number_one_stays_in_order() -> None:
    generation = Numbering(8).number(hashes_of("a")).generation
    places = Met(generation, np.array([5, 3, 5, 4, 3])).once(np.array([0, 1, 2, 4]))
    assert places.tolist() == sorted(places.tolist())
    assert len(places) == 2


def test_a_long_text_is_numbered_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(met, "AT_ONCE", 3)
    words = words_of("one two three four one two three")
    assert [each.begin for each in words.met] == [0, 3, 6]
    every = numbering().number(words.tokens.hashes)
    told = [number for each in words.met for number in each.numbers.tolist()]
    assert told == every.numbers.tolist()


def test_threads_that_number_at_once_agree() -> None:
    numbers = Numbering(200)
    shared = hashes_of("Anna return x")
    wrong: list[int] = []

    def work(number: int) -> None:
        for turn in range(60):
            own = hashes_of(" ".join(f"w{number}a{turn}b{n}" for n in range(6)))
            got = numbers.number(np.concatenate((shared, own, shared)))
            if (got.numbers[:3] != got.numbers[-3:]).any() or NONE in got.numbers:
                wrong.append(turn)
            if (got.generation.find(shared) != got.numbers[:3]).any():
                wrong.append(turn)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
