"""Rows of tokens stay the same however they are met."""

import threading

import numpy as np
import pytest

from excise.detectors.models import read_model
from excise.detectors.names.features import CLASSES, EDGE_CLASS, class_of, features_of
from excise.detectors.names.model import DISTANCES, EDGE, GATE, TAGS, NamesModel
from excise.detectors.names.rows import Rows, TokenRows
from excise.text.met import Numbering
from excise.text.tokens import tokenize


@pytest.fixture(scope="module")
def model() -> NamesModel:
    return NamesModel.from_bytes(read_model("names.npz"))


def read(rows: TokenRows, text: str, numbers: Numbering) -> Rows:
    tokens = tokenize(text)
    return rows.rows(text, tokens.starts, tokens.ends, numbers.number(tokens.hashes))


def rows_for(rows: TokenRows, text: str, numbers: Numbering) -> list[np.ndarray]:
    got = read(rows, text, numbers)
    return [margins(got, place) for place in got.places.tolist()]


def margins(rows: Rows, place: int) -> np.ndarray:
    return rows.table.margins[place * DISTANCES : (place + 1) * DISTANCES]


def test_rows_of_tokens_are_margins_over_outside_and_edges_kept(model: NamesModel) -> None:
    text = "Anna , 1984 x\n"
    tokens = tokenize(text)
    got = read(TokenRows(model), text, Numbering())
    words = [text[a:b] for a, b in zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True)]
    bits = model.bits_of(words)
    sums = model.rows_of([features_of(word, own) for word, own in zip(words, bits, strict=True)])
    for place, word, own, row in zip(got.places.tolist(), words, bits, sums, strict=True):
        scores = row[:GATE].reshape(DISTANCES, TAGS)
        assert np.array_equal(margins(got, place), scores[:, 1:] - scores[:, :1])
        assert got.table.gates[place] == row[GATE] / 4
        assert got.table.classes[place] == class_of(word, own)
    assert np.array_equal(margins(got, EDGE), model.edge)


def test_pairs_are_numbered_by_both_classes_and_whether_they_touch(model: NamesModel) -> None:
    text = "Anna, x"
    got = read(TokenRows(model), text, Numbering())
    own = [got.table.classes[place] for place in got.places.tolist()]
    behind = [*own[1:], EDGE_CLASS]
    wanted = [(a * CLASSES + b) * 2 + touch
              for a, b, touch in zip(own, behind, (1, 0, 0), strict=True)]  # fmt: skip
    assert got.pair_numbers(np.array([False, True, False])).tolist() == wanted


def test_rows_are_the_same_in_every_generation(model: NamesModel) -> None:
    small, large, rows = Numbering(8), Numbering(), TokenRows(model)
    for start in range(0, 60, 5):
        text = "Anna " + " ".join(f"word{chr(97 + n % 26)}{n}x" for n in range(start, start + 12))
        pairs = zip(rows_for(rows, text, small), rows_for(rows, text, large), strict=True)
        assert all(np.array_equal(left, right) for left, right in pairs)


def test_threads_that_add_at_once_agree(model: NamesModel) -> None:
    rows, numbers = TokenRows(model), Numbering(200)
    text = "Anna return " * 3
    wanted = [row.tolist() for row in rows_for(TokenRows(model), text, Numbering())]
    wrong: list[int] = []

    def work(number: int) -> None:
        for turn in range(40):
            filler = " ".join(f"w{number}a{turn}b{n}" for n in range(10))
            got = rows_for(rows, text + filler, numbers)[: len(wanted)]
            if [row.tolist() for row in got] != wanted:
                wrong.append(turn)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
