"""The model file is read as written, and weights are added up."""

import io

import numpy as np
import pytest

from excise.detectors.names.features import CLASSES, Lexicon, features_of, key_of
from excise.detectors.names.model import (
    DISTANCES,
    PAIRS,
    REACH,
    TAGS,
    NamesModel,
)

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


def test_words_are_known_in_any_case(model: NamesModel) -> None:
    assert model.bits_of(["Anna", "BERLIN", "tree"]) == [1, 4, 0]


def test_a_row_is_the_sum_of_its_features(model: NamesModel) -> None:
    known, unknown = model.rows_of([features_of("Anna", 1), features_of("tree", 0)])
    assert known[REACH * TAGS + 1] == 40
    assert known[0] == 16
    assert known[GATE] == -8
    assert not unknown.any()


def test_pickles_are_refused() -> None:
    with pytest.raises(ValueError, match="allow_pickle=False"):
        NamesModel.from_bytes(model_bytes(edge=np.array([{}], object)))
