"""The file keeps whole lines, turns over by size, and stays with its owner."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from excise.audit.trail import Trail, make_private_dir, rotated
from excise.errors import AuditError


def open_trail(path: Path, said: list[str], *, rotate_bytes: int = 10**9, keep: int = 0) -> Trail:
    trail = Trail(path, rotate_bytes=rotate_bytes, keep=keep, clock=lambda: 0.0, notice=said.append)
    trail.open()
    return trail


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (b"one\n", b"one\n"),
        (b"one\ntw", b"one\n"),
        (b"torn", b""),
        (b"one\n" + b"x" * 200_000, b"one\n"),
        (b"y" * 70_000 + b"\n" + b"x" * 70_000, b"y" * 70_000 + b"\n"),
    ],
)
def test_opening_cuts_an_unfinished_last_line(tmp_path: Path, before: bytes, after: bytes) -> None:
    path, said = tmp_path / "t.jsonl", list[str]()
    path.write_bytes(before)
    path.chmod(0o600)
    open_trail(path, said).close()
    assert path.read_bytes() == after
    assert len(said) == (before != after)


def test_a_full_file_turns_over_and_the_oldest_go(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    trail = open_trail(path, [], rotate_bytes=10, keep=2)
    for number in range(5):
        trail.append(b"0123456789-%d\n" % number, sync=False)
    trail.append(b"rest\n", sync=True)
    trail.close()
    assert [each.read_bytes() for each in rotated(path)] == [b"0123456789-3\n", b"0123456789-4\n"]
    assert path.read_bytes() == b"rest\n"


def test_other_files_of_a_like_name_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    other = tmp_path / "t-notes.jsonl"
    other.write_text("mine")
    trail = open_trail(path, [], rotate_bytes=1, keep=1)
    for _ in range(4):
        trail.append(b"line\n", sync=False)
    trail.close()
    assert other.exists()
    assert len(rotated(path)) == 1


def test_a_rotation_that_fails_lets_the_file_grow_and_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, said = tmp_path / "t.jsonl", list[str]()
    trail = open_trail(path, said, rotate_bytes=3)

    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    trail.append(b"one\n", sync=False)
    trail.append(b"two\n", sync=False)
    trail.close()
    assert path.read_bytes() == b"one\ntwo\n"
    assert len(said) == 1 and "grows on" in said[0]


def test_a_file_that_was_moved_away_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    trail = open_trail(path, [])
    trail.append(b"one\n", sync=False)
    path.rename(tmp_path / "moved")
    trail.append(b"two\n", sync=False)
    trail.close()
    assert path.read_bytes() == b"two\n"
    assert (tmp_path / "moved").read_bytes() == b"one\n"


def test_a_pipe_is_no_trail(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(AuditError, match="regular file"):
        open_trail(tmp_path / "pipe", [])


def test_a_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.jsonl"
    path.touch()
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(AuditError, match="another user"):
        open_trail(path, [])


def test_a_folder_others_may_write_is_named(tmp_path: Path) -> None:
    folder, said = tmp_path / "open", list[str]()
    folder.mkdir()
    folder.chmod(0o777)
    make_private_dir(folder, said.append)
    assert "go-w" in said[0]
    assert folder.stat().st_mode & 0o777 == 0o777
