"""`excise tokens` counts without a network, and says whose tokens it counts."""

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from excise.cli.main import main


def test_it_counts_files_both_ways(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Estimate and exact count, by the encoding of the model."""
    path = tmp_path / "a.txt"
    path.write_text("hello world")
    assert main(["tokens", str(path), "--model", "gpt-4"]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert "cl100k_base" in head and line.split()[1:] == ["2", str(path)]


def test_other_models_are_counted_by_the_default(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And it says so."""
    stdin = SimpleNamespace(buffer=io.BytesIO(b"hello world"))
    monkeypatch.setattr("sys.stdin", stdin)
    assert main(["tokens", "--model", "claude-x"]) == 0
    out = capsys.readouterr().out
    assert "not published; these are tokens of o200k_base" in out


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """With the code."""
    assert main(["tokens", "/nonexistent/x"]) == 2
    assert "EXC-CFG-003" in capsys.readouterr().err
