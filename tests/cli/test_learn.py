"""What was learnt is written, listed, checked and forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from excise.cli.main import main
from excise.learn.model import Way
from excise.learn.schema import infer
from excise.learned import Notebook


@pytest.fixture
def state(tmp_path: Path) -> Path:
    book = Notebook(tmp_path)
    key = ("/v1/chat/completions", "POST")
    book.learnt.observe(key, "h", Way.REQUEST, infer({"note": "x"}), {("note",)})
    book.save()
    return tmp_path


def learn(state: Path, *words: str) -> int:
    return main(["learn", *words, "--state-dir", str(state)])


def test_a_document_is_written_and_can_be_enforced(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = state / "allowed.json"
    assert learn(state, "export", "-o", str(target)) == 0
    assert json.loads(target.read_text())["openapi"] == "3.1.0"
    assert learn(state, "check", str(target)) == 0
    assert capsys.readouterr().out == "1 endpoints\n"
    assert learn(state, "check", str(state / "none")) == 2


def test_texts_that_nobody_reads_are_listed(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert learn(state, "covert") == 1
    row = capsys.readouterr().out.splitlines()[1].split()
    assert row == ["POST", "/v1/chat/completions", "request", "note"]


def test_nothing_is_left_once_forgotten(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert learn(state, "forget") == 0
    assert (learn(state, "covert"), learn(state, "export")) == (0, 1)
    assert learn(state, "forget") == 0
    assert "nothing was learnt" in capsys.readouterr().out
