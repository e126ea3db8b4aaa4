"""The model file is read as written, and rows of tokens stay the same however they are met."""

import io
import threading

import numpy as np
import pytest

from excise.detectors.names_features import CLASSES, Lexicon, features_of, key_of
from excise.detectors.names_model import (
    DISTANCES,
    EDGE,
    PAIRS,
    REACH,
    TAGS,
    NamesModel,
    TokenRows,
)
from excise.text.tokens import tokenize

GATE = DISTANCES * TAGS
WEIGHTS = {
    "w=anna": {REACH * TAGS + 1: 32, GATE: -8},
    "h=Xx": {REACH * TAGS + 1: 8, 0: 16},
    "w=return": {GATE: 20},
}
WORDS = {"anna": Lexicon.GIVEN, "berlin": Lexicon.PLACE}


def model_bytes(**changed: np.ndarray) -> bytes:
    """A model file with three features and two words."""
    features = sorted((key_of(name), row) for name, row in WEIGHTS.items())
    words = sorted((key_of(word), int(bits)) for word, bits in WORDS.items())
    zero = np.uint32(0)
    pairs = np.zeros((PAIRS, CLASSES * CLASSES * 2, TAGS), np.int8)
    arrays = {
        "feature_gaps": np.diff(np.array([k for k, _ in features], np.uint32), prepend=zero),
        "feature_counts": np.array([len(row) for _, row in features], np.uint8),
        "feature_columns": np.array([c for _, row in features for c in row], np.uint8),
        "feature_values": np.array([v for _, row in features for v in row.values()], np.int8),
        "word_gaps": np.diff(np.array([k for k, _ in words], np.uint32), prepend=zero),
        "word_bits": np.array([bits for _, bits in words], np.uint32),
        "edge": np.full((DISTANCES, TAGS), 0.25, np.float32),
        "pairs": pairs,
        "gate_pairs": np.zeros(CLASSES * CLASSES * 2, np.int8),
        "gate_bias": np.zeros(1, np.float32),
        "transitions": np.zeros((TAGS, TAGS), np.float32),
        "calibration": np.tile(np.array([0, 1], np.float32), (4, 1)),
    }
    file = io.BytesIO()
    np.savez_compressed(file, **(arrays | changed))
    return file.getvalue()


@pytest.fixture
def model() -> NamesModel:
    return NamesModel.from_bytes(model_bytes())


def rows_for(rows: TokenRows, text: str) -> list[np.ndarray]:
    tokens = tokenize(text)
    got = rows.rows(text, tokens.starts, tokens.ends, tokens.hashes)
    return [got.table.scores[place] for place in got.places.tolist()]


def test_words_are_known_in_any_case(model: NamesModel) -> None:
    assert model.bits_of(["Anna", "BERLIN", "tree"]) == [1, 4, 0]


def test_a_row_is_the_sum_of_its_features(model: NamesModel) -> None:
    known, unknown = model.rows_of([features_of("Anna", 1), features_of("tree", 0)])
    assert known[REACH * TAGS + 1] == 40
    assert known[0] == 16
    assert known[GATE] == -8
    assert not unknown.any()


def test_rows_of_tokens_are_scaled_and_edges_kept(model: NamesModel) -> None:
    rows = TokenRows(model)
    (anna,) = rows_for(rows, "Anna")
    assert anna[REACH, 1] == 2.5
    tokens = tokenize("Anna")
    table = rows.rows("Anna", tokens.starts, tokens.ends, tokens.hashes).table
    assert (table.scores[EDGE] == 0.25).all()
    assert table.gates[1] == -2


def test_a_full_table_starts_anew_with_the_same_rows(model: NamesModel) -> None:
    small, large = TokenRows(model, capacity=8), TokenRows(model)
    for start in range(0, 60, 5):
        text = "Anna " + " ".join(f"word{chr(97 + n % 26)}{n}x" for n in range(start, start + 12))
        for left, right in zip(rows_for(small, text), rows_for(large, text), strict=True):
            assert np.array_equal(left, right)


def test_many_tokens_are_all_found_again(model: NamesModel) -> None:
    rows = TokenRows(model)
    text = " ".join(
        f"{chr(65 + n % 26)}{'abcdefghij'[n % 10]}{'xyz'[n % 3]}q" * 3 for n in range(3000)
    )
    first = rows_for(rows, text)
    tokens = tokenize(text)
    again = rows.rows(text, tokens.starts, tokens.ends, tokens.hashes)
    assert (again.places > 0).all()
    assert again.table.size - 1 == np.unique(tokens.hashes).size
    assert all(np.array_equal(a, b) for a, b in zip(first, rows_for(rows, text), strict=True))


def test_threads_that_add_at_once_agree(model: NamesModel) -> None:
    rows = TokenRows(model, capacity=200)
    text = "Anna return " * 3
    wanted = [row.tolist() for row in rows_for(TokenRows(model), text)]
    wrong: list[int] = []

    def work(number: int) -> None:
        for turn in range(40):
            filler = " ".join(f"w{number}a{turn}b{n}" for n in range(10))
            got = rows_for(rows, text + filler)[: len(wanted)]
            if [row.tolist() for row in got] != wanted:
                wrong.append(turn)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_pickles_are_refused() -> None:
    with pytest.raises(ValueError, match="allow_pickle=False"):
        NamesModel.from_bytes(model_bytes(edge=np.array([{}], object)))
