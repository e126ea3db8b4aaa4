"""Files keep their order and their lines whatever they are packed in."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from excise.audit.archive import (
    broken,
    family_of,
    open_file,
    pack,
    path_of,
    plain_name,
    rotated,
    sync_dir,
)

LINES = b"".join(b'{"n":%d}\n' % number for number in range(5000))


@pytest.mark.parametrize(("packing", "suffix"), [("zstd", ".zst"), ("gzip", ".gz")])
def test_a_packed_file_reads_like_the_plain_one(tmp_path: Path, packing: str, suffix: str) -> None:
    path = tmp_path / "t-20300101T000000-000000.jsonl"
    path.write_bytes(LINES)
    packed = pack(path, packing)
    assert packed is not None and packed.suffix == suffix and plain_name(packed) == path.name
    assert not path.exists() and packed.stat().st_mode & 0o777 == 0o600
    assert packed.stat().st_size < len(LINES) / 3
    with open_file(packed) as file:
        assert list(file) == LINES.splitlines(keepends=True)
    damaged = bytearray(packed.read_bytes())
    damaged[len(damaged) // 2] ^= 8
    packed.write_bytes(bytes(damaged))
    with pytest.raises(broken()), open_file(packed) as file:
        list(file)
    assert pack(tmp_path / "gone.jsonl", packing) is None


def test_of_two_processes_one_packs(tmp_path: Path) -> None:
    path = tmp_path / "t-20300101T000000-000000.jsonl"
    path.write_bytes(LINES)
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert pack(path, "zstd") is None
    assert path.exists()


def test_rotated_files_come_in_order_and_a_half_packed_one_once(tmp_path: Path) -> None:
    names = ["t-20300101T000000-000000.jsonl.zst", "t-20300101T000000-000001.jsonl",
             "t-20300102T000000-000000.jsonl.gz"]  # fmt: skip
    others = ["t-20300101T000000-000001.jsonl.zst", "t-20300101T000000-000001.jsonl.zst.part",
              "t-notes.jsonl", "t.jsonl", "tt-20300101T000000-000000.jsonl",
              "t.w1-20300101T000000-000000.jsonl"]  # fmt: skip
    for name in (*names, *others):
        (tmp_path / name).touch()
    assert [file.name for file in rotated(tmp_path / "t.jsonl")] == names


def test_workers_write_beside_the_main_trail(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    assert path_of(path, "") == path
    for worker in ("2", "10"):
        path_of(path, worker).touch()
    (tmp_path / "t.w3-20300101T000000-000000.jsonl.zst").touch()
    assert [each.name for each in family_of(path)] == [
        "t.jsonl", "t.w10.jsonl", "t.w2.jsonl", "t.w3.jsonl",
    ]  # fmt: skip


def test_a_folder_that_cannot_be_synced_does_no_harm(tmp_path: Path) -> None:
    sync_dir(tmp_path)
    sync_dir(tmp_path / "gone")
