"""What the commands that keep indexes share."""

import argparse
import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from excise.cli.indexes import forget, key_of, read_all, read_text
from excise.errors import ConfigError, StateError
from excise.state.indexes import put_index


def test_every_index_is_read_by_name(tmp_path: Path) -> None:
    """One that is none is named."""
    put_index(tmp_path, "kind", "one", b"1")
    put_index(tmp_path, "kind", "two", b"2")
    assert read_all(tmp_path, "kind", int) == {"one": 1, "two": 2}
    put_index(tmp_path, "kind", "two", b"x")
    with pytest.raises(StateError, match="kind/two"):
        read_all(tmp_path, "kind", int)


def test_what_is_not_there_is_not_forgotten(tmp_path: Path) -> None:
    """The nearest name is offered; a path is no name."""
    put_index(tmp_path, "kind", "team", b"1")
    for name in ("tem", "../key"):
        args = argparse.Namespace(name=name, state_dir=tmp_path)
        with pytest.raises(ConfigError, match="there are: team"):
            forget(args, "kind")
    assert forget(argparse.Namespace(name="team", state_dir=tmp_path), "kind") == 0


def test_keys_differ_by_kind(tmp_path: Path) -> None:
    """And stay the same from run to run."""
    assert key_of(tmp_path, "a") == key_of(tmp_path, "a") != key_of(tmp_path, "b")


def test_texts_come_from_files_and_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever bytes they are."""
    (tmp_path / "x").write_bytes(b"a\xff")
    assert read_text(str(tmp_path / "x")) == "a\ufffd"
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"in")))
    assert read_text("-") == "in"
    with pytest.raises(ConfigError, match="EXC-CFG-003"):
        read_text(str(tmp_path / "y"))
