"""Runs of lines: odd lines change nothing, gaps are bridged, more evidence is never less sure."""

import io
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.code.features import encode
from excise.detectors.code.languages import DATA, LANGUAGES, PROSE
from excise.detectors.code.lines import (
    CHANGE,
    EVIDENCE,
    Run,
    Verdict,
    bounded,
    evidence_of,
    judge,
    score_of,
    split,
)
from excise.detectors.code.model import CodeModel
from excise.detectors.models import read_model

MODEL = CodeModel.from_bytes(read_model("code.npz"))
SCORES = st.lists(st.sampled_from([-5.0, -2.0, -0.5, 0.0, 0.5, 2.0, 4.0]), max_size=30)


def ranges(scores: list[float]) -> list[tuple[int, int]]:
    return [(run.first, run.last) for run in split(scores)]


@pytest.mark.parametrize(
    ("scores", "found"),
    [
        ([], []),
        ([-3.0, -3.0], []),
        ([3.0, 3.0], [(0, 1)]),
        ([-5.0, 3.0, 3.0, -5.0], [(1, 2)]),
        ([-5.0, 1.0, -5.0], []),
        ([4.0, 4.0, -1.0, 4.0], [(0, 3)]),
        ([4.0, 4.0, -5.0, -5.0, 4.0, 4.0], [(0, 1), (4, 5)]),
        ([0.0, 4.0, 0.0, 4.0, 0.0], [(1, 3)]),
        ([4.0, 0.0, 0.0, 0.0, 4.0], [(0, 4)]),
        ([4.0, 4.0, -1.0], [(0, 1)]),
    ],
)
def test_the_best_split(scores: list[float], found: list[tuple[int, int]]) -> None:
    assert ranges(scores) == found


def value(scores: list[float], code: list[bool]) -> float:
    """What a split is worth: its code lines less a price for each change."""
    gain = sum(score for score, own in zip(scores, code, strict=True) if own)
    changes = sum(a != b for a, b in pairwise(code))
    return gain - CHANGE * (changes + (bool(code) and code[0]))


@given(st.lists(st.sampled_from([-3.0, -1.0, 0.5, 2.0, 4.0]), min_size=1, max_size=8))
def test_no_other_split_is_worth_more(drawn: list[float]) -> None:
    scores = [*drawn, -5.0]  # the end of a text is free to leave code at; so let prose follow
    size = len(scores)
    found = [False] * size
    for first, last in ranges(scores):
        found[first : last + 1] = [True] * (last - first + 1)
    best = max(
        value(scores, [bool(number >> place & 1) for place in range(size)])
        for number in range(1 << size)
    )
    assert value(scores, found) == pytest.approx(best)


@given(SCORES)
def test_runs_are_in_order_and_apart(scores: list[float]) -> None:
    before = -2
    for run in split(scores):
        assert before < run.first <= run.last < len(scores)
        assert run.total == pytest.approx(sum(scores[run.first : run.last + 1]))
        assert run.lines <= run.last - run.first + 1
        before = run.last


def test_scores_are_bounded_and_empty_lines_say_nothing() -> None:
    scores = bounded(np.array([99.0, -99.0, 9.0, 99.0], np.float32), np.array([5, 5, 1, 999]))
    assert scores[2] == 0
    assert scores[1] > -10
    assert scores[0] < scores[3] <= 10


CODE = "def total(items):\n    return sum(item.price for item in items)\n"
TALK = "Please tell me how the price of the tickets has changed since the summer."


def test_tokens_are_judged_part_by_part() -> None:
    encoded = encode(CODE + TALK, MODEL.vocabulary)
    third = int(encoded.begins[2])
    code, talk = judge(MODEL, encoded, [(0, third), (third, encoded.types.size)])
    assert code.language == "python"
    assert code.code > 0.9
    assert talk.code < 0.1
    assert judge(MODEL, encoded, []) == []


@given(st.integers(1, 40), st.floats(0, 60), st.floats(0, 20))
def test_more_evidence_never_lowers_a_score(lines: int, total: float, more: float) -> None:
    verdict = Verdict({"python": 0.6, "other": 0.2}, 0.8, 0.1)
    low = score_of(MODEL.calibration, Run(0, lines, total, lines), verdict)
    high = score_of(MODEL.calibration, Run(0, lines, total + more, lines), verdict)
    surer = score_of(MODEL.calibration, Run(0, lines, total, lines), verdict._replace(code=0.95))
    assert 0 <= low <= high + 1e-9 <= 1 + 1e-9
    assert low <= surer + 1e-9


def test_evidence_fits_the_calibration() -> None:
    evidence = evidence_of(Run(0, 1, 5.0, 2), Verdict({"go": 0.9}, 0.9, 0.0))
    assert len(evidence) == EVIDENCE == len(MODEL.calibration)


def test_the_calibration_counts() -> None:
    sure = (50.0,) + (0.0,) * (EVIDENCE - 1)
    verdict = Verdict({"go": 0.9}, 0.9, 0.0)
    assert score_of(sure, Run(0, 0, 0.0, 1), verdict) > 0.999


def test_the_model_knows_every_language() -> None:
    assert set(MODEL.tongues) == {*LANGUAGES, DATA, PROSE}
    with pytest.raises((ValueError, KeyError)):
        file = io.BytesIO()
        np.savez_compressed(file, words=np.zeros(0, np.uint8))
        CodeModel.from_bytes(file.getvalue())
