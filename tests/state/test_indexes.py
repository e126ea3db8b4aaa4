"""What is put is got, by its name alone, and by nobody else's hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.errors import StateError
from excise.state import indexes
from excise.state.indexes import get_index, is_name, list_indexes, put_index, remove_index


def code_of(folder: Path, kind: str, name: str) -> str:
    with pytest.raises(StateError) as refused:
        get_index(folder, kind, name)
    return refused.value.code


def test_what_is_put_is_got_listed_and_removed(tmp_path: Path) -> None:
    state = tmp_path / "new" / "state"
    assert list_indexes(state, "own-code") == ()
    for name, data in (("b", b"\0\xff"), ("a", b""), ("b", b"later")):
        path = put_index(state, "own-code", name, data)
        assert path.stat().st_mode & 0o777 == 0o600
    assert list_indexes(state, "own-code") == ("a", "b")
    assert list_indexes(state, "dictionary") == ()
    assert get_index(state, "own-code", "b") == b"later"
    assert remove_index(state, "own-code", "b")
    assert not remove_index(state, "own-code", "b")
    assert list_indexes(state, "own-code") == ("a",)
    for folder in (state, state / "indexes", state / "indexes" / "own-code"):
        assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_an_index_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    put_index(tmp_path, "own-code", "main", b"x").chmod(mode)
    assert code_of(tmp_path, "own-code", "main") == "EXC-STA-001"


def test_an_index_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_index(tmp_path, "own-code", "main", b"x")
    real = os.fstat

    def foreign(fd: int) -> os.stat_result:
        facts = list(real(fd))
        facts[4] = os.geteuid() + 1
        return os.stat_result(facts)

    monkeypatch.setattr(indexes.os, "fstat", foreign)
    assert code_of(tmp_path, "own-code", "main") == "EXC-STA-001"


def test_no_index_no_file_and_no_link(tmp_path: Path) -> None:
    assert code_of(tmp_path, "own-code", "main") == "EXC-STA-003"
    path = put_index(tmp_path, "own-code", "main", b"x")
    path.with_name("link").symlink_to(path)
    path.with_name("folder").mkdir()
    assert code_of(tmp_path, "own-code", "link") == "EXC-STA-003"
    assert code_of(tmp_path, "own-code", "folder") == "EXC-STA-002"
    for call in (remove_index, lambda *words: put_index(*words, b"y")):
        with pytest.raises(StateError, match="EXC-STA-003"):
            call(tmp_path, "own-code", "folder")


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    path = put_index(tmp_path, "own-code", "main", b"x")
    path.with_name("folder").mkdir()
    with pytest.raises(StateError):
        put_index(tmp_path, "own-code", "folder", b"y")
    assert sorted(each.name for each in path.parent.iterdir()) == ["folder", "main"]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../key", ".hidden", "a" * 65, "a\n", "ä"])
def test_a_name_cannot_lead_elsewhere(tmp_path: Path, name: str) -> None:
    assert not is_name(name)
    with pytest.raises(ValueError, match="name"):
        put_index(tmp_path, "own-code", name, b"x")
    with pytest.raises(ValueError, match="name"):
        put_index(tmp_path, name, "main", b"x")


@given(name=st.from_regex(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}", fullmatch=True), data=st.binary())
def test_any_bytes_under_any_name(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any"
    put_index(folder, "kind", name, data)
    assert get_index(folder, "kind", name) == data
    assert remove_index(folder, "kind", name)
