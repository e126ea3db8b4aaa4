"""The model file is read as written: vocabulary, weights of lines, weights of languages."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from excise.detectors.code.features import PAIR_BITS, SHAPES, TRIPLE_BITS, encode
from excise.detectors.code.model import TONGUE_POWER, TONGUE_SOFT, CodeModel
from excise.detectors.models import read_model

WORDS = ("def", "the")
PAIRS, TRIPLES = 1 << PAIR_BITS, 1 << TRIPLE_BITS


def model_bytes(**changed: object) -> bytes:
    """A model to which `def` is code and Python, `the` prose, and all else says nothing."""
    lines = np.zeros(SHAPES + len(WORDS), np.int8)
    lines[SHAPES:] = 10, -10
    tongues = np.zeros((SHAPES + 1, 2), np.int8)
    tongues[SHAPES] = 20, 0
    arrays: dict[str, object] = {
        "words": np.frombuffer("\n".join(WORDS).encode(), np.uint8),
        "code_words": 1,
        "line_types": lines,
        "line_pairs": np.zeros(PAIRS, np.int8),
        "line_triples": np.zeros(TRIPLES, np.int8),
        "line_scale": np.float32(0.5),
        "line_bias": np.float32(-0.25),
        "tongues": np.frombuffer(b"python\nprose", np.uint8),
        "tongue_types": tongues,
        "tongue_pairs": np.zeros((PAIRS, 2), np.int8),
        "tongue_triples": np.zeros((TRIPLES, 2), np.int8),
        "tongue_scale": np.float32(0.5),
        "tongue_bias": np.array([0.0, 1.0], np.float32),
        "calibration": np.zeros(7, np.float32),
    }
    file = io.BytesIO()
    np.savez_compressed(file, **(arrays | changed))  # type: ignore[arg-type]
    return file.getvalue()


MODEL = CodeModel.from_bytes(model_bytes())


def test_lines_are_scored_by_their_own_tokens() -> None:
    encoded = encode("def x\nthe x\nx x", MODEL.vocabulary)
    scores, counts = MODEL.line_scores(encoded)
    assert counts.tolist() == [3, 3, 2]
    assert scores[0] > -0.25 > scores[1]
    assert scores[2] == pytest.approx(-0.25)


def test_a_line_scores_the_same_wherever_it_stands() -> None:
    alone = MODEL.line_scores(encode("def x\n", MODEL.vocabulary))[0]
    among = MODEL.line_scores(encode("the\ndef x\nthe\n", MODEL.vocabulary))[0]
    assert among[1] == pytest.approx(alone[0])


def test_languages_are_scored_part_by_part() -> None:
    encoded = encode("def x the x", MODEL.vocabulary)
    scores = MODEL.tongue_scores(encoded, [(0, 2), (2, 4)])
    assert scores.shape == (2, 2)
    assert scores[0, 0] > scores[0, 1]
    assert scores[1].tolist() == pytest.approx([0.0, 1.0])


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=6))
def test_sums_are_exact_for_parts_of_any_length(sizes: list[int]) -> None:
    worst = np.full((SHAPES + 1, 2), (127, -128), np.int8)
    edge = {"tongue_types": worst}
    for name, rows in (("tongue_pairs", PAIRS), ("tongue_triples", TRIPLES)):
        edge[name] = np.full((rows, 2), (127, -128), np.int8)
    model = CodeModel.from_bytes(model_bytes(**edge, tongue_bias=np.zeros(2, np.float32)))
    encoded = encode("def x " * (sum(sizes) // 2 + 1), model.vocabulary)
    ends = np.cumsum(sizes).tolist()
    parts = list(zip([0, *ends[:-1]], ends, strict=True))
    drawn = 0.5 / (np.array(sizes) + TONGUE_SOFT) ** TONGUE_POWER
    expected = np.outer(3 * np.array(sizes) * drawn, [127, -128])
    assert model.tongue_scores(encoded, parts) == pytest.approx(expected, rel=1e-5)


def test_words_of_prose_stand_for_their_shape_among_languages() -> None:
    marked = np.zeros((SHAPES + 1, 2), np.int8)
    marked[encode("yes", MODEL.vocabulary).shapes[0]] = 7, 0
    model = CodeModel.from_bytes(model_bytes(tongue_types=marked))
    encoded = encode("the yes", model.vocabulary)
    the, yes = model.tongue_scores(encoded, [(0, 1), (1, 2)])
    assert the[0] == pytest.approx(yes[0])
    assert the[0] > 0


def test_a_file_that_is_no_model_is_an_error() -> None:
    with pytest.raises((ValueError, KeyError)):
        CodeModel.from_bytes(b"no model")


def test_the_shipped_model_is_small() -> None:
    assert 100_000 < len(read_model("code.npz")) <= 1_000_000
