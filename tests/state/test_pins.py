"""What is kept of tools, by server: beside each other, replaced by name, forgotten."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from excise.errors import StateError
from excise.state.pins import SqlitePins
from excise.state.ports import PinBoard


def keeps(one: PinBoard, other: PinBoard) -> None:
    """Holds of two views of what is kept, such as those of two workers or nodes."""
    assert one.read("a") == {} and one.servers() == []
    one.write("a", {"x": b"1", "y": b"\xff\x00"})
    one.write("b", {"x": b"3"})
    other.write("a", {"x": b"2"})
    assert one.read("a") == other.read("a") == {"x": b"2", "y": b"\xff\x00"}
    assert sorted(one.servers()) == ["a", "b"]
    other.forget("a", ["y", "z"])
    other.forget("b", ["x"])
    other.forget("b", [])
    assert (one.read("a"), one.read("b"), one.servers()) == ({"x": b"2"}, {}, ["a"])


def test_two_workers_find_what_the_other_kept(tmp_path: Path) -> None:
    keeps(SqlitePins(tmp_path / "pins.db"), SqlitePins(tmp_path / "pins.db"))


def test_it_outlives_the_process_and_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "pins.db"
    pins = SqlitePins(path)
    assert not path.exists()
    pins.write("a", {"x": b"1"})
    pins.close()
    assert SqlitePins(path).read("a") == {"x": b"1"}
    assert path.stat().st_mode & 0o777 == 0o600 and "b'1'" not in repr(pins)


def test_what_was_written_longest_ago_is_forgotten_first(tmp_path: Path) -> None:
    pins = SqlitePins(tmp_path / "pins.db", most=3)
    for name in "xyz":
        pins.write("a", {name: b"1"})
    pins.write("a", {"x": b"2"})
    pins.write("b", {"w": b"1"})
    assert (set(pins.read("a")), set(pins.read("b"))) == ({"x", "z"}, {"w"})


def test_a_file_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    path = tmp_path / "pins.db"
    path.write_bytes(b"no database at all, but long enough to look like one" * 99)
    with pytest.raises(StateError, match="EXC-STA-003"):
        SqlitePins(path).read("a")
    with pytest.raises(StateError, match="EXC-STA-003"):
        SqlitePins(tmp_path).write("a", {})
    with sqlite3.connect(tmp_path / "other.db") as base:
        base.execute("CREATE TABLE pins (other TEXT)")
    with pytest.raises(StateError, match="EXC-STA-003"):
        SqlitePins(tmp_path / "other.db").servers()
