"""The file keeps whole lines, turns over by size, and stays with its owner."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from excise.audit.archive import counts_name, rotated
from excise.audit.chain import Head, link
from excise.audit.fields import Stage
from excise.audit.heads import read_head
from excise.audit.trail import Keeping, Seal, Trail, make_private_dir
from excise.errors import AuditError


def render(stage: Stage, facts: Mapping[str, Any]) -> bytes:
    return json.dumps({"stage": stage, **facts}, separators=(",", ":")).encode() + b"\n"


def open_trail(
    path: Path,
    said: list[str],
    *,
    rotate_bytes: int = 10**9,
    keep: int = 0,
    seal: Seal | None = None,
    clock: Callable[[], float] = lambda: 0.0,
    **keeping: Any,
) -> Trail:
    trail = Trail(
        path,
        keeping=Keeping(bytes=rotate_bytes, files=keep, **keeping),
        clock=clock,
        notice=said.append,
        render=render,
        seal=seal,
    )
    trail.open()
    return trail


def line(name: object) -> bytes:
    return f'{{"id":"{name}"}}\n'.encode()


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(each) for each in path.read_text("utf-8").splitlines()]


def ids(path: Path) -> list[str]:
    return [record["id"] for record in read(path) if "id" in record]


def make_seal(tmp_path: Path, lines: int = 1000) -> Seal:
    return Seal(lambda message: bytes(64), "0" * 16, tmp_path / "heads" / "t.head", lines)


@pytest.mark.parametrize(
    ("whole", "torn"),
    [
        (b"", b""),
        (b'{"a":1}\n', b""),
        (b'{"a":1}\n', b"tw"),
        (b"", b"torn"),
        (b'{"a":1}\n', b"x" * 200_000),
        (b'{"a":"' + b"y" * 70_000 + b'"}\n', b"x" * 70_000),
    ],
)
def test_opening_cuts_an_unfinished_last_line_and_says_so_in_the_chain(
    tmp_path: Path, whole: bytes, torn: bytes
) -> None:
    path, said = tmp_path / "t.jsonl", list[str]()
    path.write_bytes(whole + torn)
    path.chmod(0o600)
    open_trail(path, said).close()
    assert path.read_bytes().startswith(whole)
    told = path.read_bytes()[len(whole) :]
    assert bool(told) == bool(torn) == len(said)
    if torn:
        facts = json.loads(told)
        assert facts["recovery"] == {"cut_bytes": len(torn), "missing_lines": 0}


def test_every_line_says_its_number_and_the_digest_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    trail = open_trail(path, [])
    trail.append([line(1), line(2)], sync=True)
    trail.append([line(3)], sync=False)
    trail.close()
    head, wanted = Head(), b""
    for number in (1, 2, 3):
        linked, head = link(head, line(number))
        wanted += linked
    assert path.read_bytes() == wanted


def test_a_second_opener_goes_on_where_the_first_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    one, two = open_trail(path, []), open_trail(path, [])
    for number, trail in enumerate((one, two, two, one, two)):
        trail.append([line(number)], sync=False)
    assert [record["seq"] for record in read(path)] == [1, 2, 3, 4, 5]
    one.close()
    two.close()


def test_what_another_process_left_torn_is_mended_before_the_next_line(tmp_path: Path) -> None:
    path, said = tmp_path / "t.jsonl", list[str]()
    trail = open_trail(path, said)
    trail.append([line(1)], sync=False)
    with path.open("ab") as file:
        file.write(b'{"id":"to')
    trail.append([line(2)], sync=False)
    trail.close()
    assert [record.get("stage", record.get("id")) for record in read(path)] == [
        "1", "recovery", "2",
    ]  # fmt: skip


def test_lines_that_vanished_leave_a_hole_in_the_numbers(tmp_path: Path) -> None:
    path, said = tmp_path / "t.jsonl", list[str]()
    seal = make_seal(tmp_path)
    trail = open_trail(path, said, seal=seal)
    trail.append([line(1), line(2), line(3)], sync=True)
    trail.close()
    assert read_head(seal.head) == Head(3, read_head(seal.head).digest)  # type: ignore[union-attr]
    assert seal.head.stat().st_mode & 0o777 == 0o600
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    open_trail(path, said, seal=seal).close()
    last = read(path)[-1]
    assert last["recovery"] == {"cut_bytes": 0, "missing_lines": 2}
    assert last["seq"] == 4
    assert "2 lines" in said[0]


def test_a_checkpoint_comes_after_so_many_lines_and_after_so_long(tmp_path: Path) -> None:
    path, now = tmp_path / "t.jsonl", [0.0]
    trail = open_trail(path, [], seal=make_seal(tmp_path, lines=3), clock=lambda: now[0])
    for number in range(4):
        trail.append([line(number)], sync=False)
    assert [record.get("stage") for record in read(path)] == [None, None, None, "checkpoint", None]
    assert trail.checkpoint_due() == 60.0
    now[0] = 61.0
    trail.append([line(5)], sync=False)
    trail.checkpoint("stop")
    trail.close()
    last = read(path)[-1]
    assert last["checkpoint"]["reason"] == "interval" and len(last["signature"]) == 128


def test_a_full_file_turns_over_and_the_oldest_go_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    trail = open_trail(path, [], rotate_bytes=10, keep=2)
    for number in range(5):
        trail.append([line(number)], sync=False)
    trail.append([line("rest")], sync=True)
    trail.close()
    assert [ids(each) for each in rotated(path)] == [["4"], ["rest"]]
    noted = [drop["file"] for file in (*rotated(path), path) for record in read(file)
             for drop in record.get("retention", {}).get("dropped", ())]  # fmt: skip
    assert noted and not any((tmp_path / name).exists() for name in noted)


def test_counts_of_a_file_go_with_it(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    trail = open_trail(path, [], rotate_bytes=10, keep=1)
    trail.append([line(0)], sync=False)
    (first,) = rotated(path)
    counts = counts_name(first, "kinds-0")
    counts.touch()
    for number in range(3):
        assert counts.exists() == first.exists()
        trail.append([line(number)], sync=False)
    trail.close()
    assert not first.exists() and not counts.exists()


def test_a_file_turns_over_by_age_and_goes_by_age_and_size(tmp_path: Path) -> None:
    path, now = tmp_path / "t.jsonl", [1_000_000.0]
    day = 86_400
    trail = open_trail(path, [], seconds=day, days=3, total_bytes=100_000, clock=lambda: now[0])
    for number in range(8):
        trail.append([line(number)], sync=False)
        now[0] += day
    trail.close()
    assert [ids(each) for each in rotated(path)] == [["4"], ["5"], ["6"], ["7"]]
    small = open_trail(path, [], total_bytes=10, clock=lambda: now[0])
    small.close()
    assert rotated(path) == []


def test_other_files_of_a_like_name_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    other = tmp_path / "t-notes.jsonl"
    other.write_text("mine")
    trail = open_trail(path, [], rotate_bytes=1, keep=1)
    for _ in range(4):
        trail.append([line(0)], sync=False)
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
    trail.append([line("one")], sync=False)
    trail.append([line("two")], sync=False)
    trail.close()
    assert ids(path) == ["one", "two"]
    assert len(said) == 1 and "grows on" in said[0]


def test_a_file_that_was_moved_away_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    trail = open_trail(path, [])
    trail.append([line("one")], sync=False)
    path.rename(tmp_path / "moved")
    trail.append([line("two")], sync=False)
    trail.close()
    assert ids(path) == ["two"]
    assert ids(tmp_path / "moved") == ["one"]


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
