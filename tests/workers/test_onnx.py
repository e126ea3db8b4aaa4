"""A real ONNX model in a child: classes with chances, long texts window by window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from onnx_samples import write_classifier

from excise.errors import NoAnswer
from excise.workers.onnx import WINDOW, WINDOWS, chances_of, classes_of
from excise.workers.process import Process


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = write_classifier(tmp_path_factory.mktemp("model") / "tiny")
    process = Process("excise.workers.onnx", str(folder))
    yield process
    process.close()


def test_it_says_how_likely_each_class_is(child: Process) -> None:
    texts = ["paint the mill", "bribe the miller", ""]
    calm, bad, empty = child.ask({"texts": texts}, within=60)
    assert [name for name, _ in calm] == ["BENIGN", "MALICIOUS"]
    assert calm[1][1] < 0.01 and bad[1][1] > 0.9
    assert sum(chance for _, chance in bad) == pytest.approx(1)
    assert len(empty) in (0, 2)


@pytest.mark.parametrize("at", [0, WINDOW - 1, WINDOW, 5 * WINDOW, 10 * WINDOW - 1])
def test_one_word_in_a_long_text_is_met(child: Process, at: int) -> None:
    words = ["mill"] * (10 * WINDOW)
    words[at] = "bribe"
    (classes,) = child.ask({"texts": [" ".join(words)]}, within=60)
    assert classes[1][1] > 0.9


def test_what_stands_behind_the_last_window_is_left_out(child: Process) -> None:
    (classes,) = child.ask({"texts": ["mill " * (WINDOW * WINDOWS) + "bribe"]}, within=60)
    assert classes[1][1] < 0.01


@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json"])
def test_a_model_that_is_not_whole_ends_the_child(tmp_path: Path, missing: str) -> None:
    folder = write_classifier(tmp_path)
    (folder / missing).unlink()
    with pytest.raises(NoAnswer, match="died"):
        Process("excise.workers.onnx", str(folder)).ask({"texts": ["x"]}, within=60)


def test_names_of_classes(tmp_path: Path) -> None:
    assert classes_of(tmp_path / "config.json") == ({}, False)
    (tmp_path / "config.json").write_text('{"problem_type": "multi_label_classification"}')
    assert classes_of(tmp_path / "config.json") == ({}, True)


@pytest.mark.parametrize(
    ("logits", "is_many", "chances"),
    [
        ([0.0, 0.0], False, [0.5, 0.5]),
        ([1000.0, -1000.0], False, [1.0, 0.0]),
        ([0.0, 1000.0], True, [0.5, 1.0]),
        ([0.0], False, [0.5]),
    ],
)
def test_logits(logits: list[float], is_many: bool, chances: list[float]) -> None:
    assert chances_of(np.array(logits), is_many=is_many).tolist() == pytest.approx(chances)
