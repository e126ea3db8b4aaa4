"""The trail reads back in the order it was written, over rotations and unfinished lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from excise.audit.archive import pack, path_of, rotated
from excise.audit.fields import Stage
from excise.audit.query import files_of
from excise.audit.reader import (
    find_exchange,
    find_last,
    find_records,
    follow,
)
from excise.audit.record import Facts, build_record
from excise.audit.select import Wanted
from excise.audit.trail import Keeping
from excise.audit.writer import AuditWriter
from excise.errors import AuditError


def write(path: Path, count: int, *, rotate_bytes: int = 10**9, start: int = 0) -> None:
    with AuditWriter(path, keeping=Keeping(bytes=rotate_bytes, files=0)) as audit:
        for number in range(start, start + count):
            audit.commit_sync(build_record(Facts(stage=Stage.TUNNEL, id=f"x{number}")))


def names(records: object) -> list[str]:
    return [record["id"] for record in records]  # type: ignore[attr-defined]


def test_records_come_in_order_over_all_files(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    write(path, 30, rotate_bytes=500)
    assert len(files_of(path)) > 3
    assert names(find_records(path)) == [f"x{number}" for number in range(30)]


@pytest.mark.parametrize("count", [1, 5, 29, 30, 99])
def test_the_last_records_come_from_as_many_files_as_it_takes(tmp_path: Path, count: int) -> None:
    path = tmp_path / "t.jsonl"
    write(path, 30, rotate_bytes=500)
    with path.open("ab") as file:
        file.write(b'{"id": "unfin')
    assert names(find_last(path, count)) == [f"x{number}" for number in range(30)][-count:]


def test_an_unfinished_line_is_not_read_and_a_foreign_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"id":"x"}\n{"id":"y')
    assert names(find_records(path)) == ["x"]
    path.write_bytes(b'{"id":"x"}\nplanted words\n')
    with pytest.raises(AuditError) as refused:
        list(find_records(path))
    assert "t.jsonl:2" in str(refused.value)
    assert "planted" not in str(refused.value)


def test_a_missing_trail_is_said_so(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsonl", tmp_path / "nowhere" / "none.jsonl"):
        with pytest.raises(AuditError, match="no trail yet"):
            files_of(path)
    (tmp_path / "file").write_text("")
    with pytest.raises(AuditError, match="Not a directory"):
        files_of(tmp_path / "file" / "t.jsonl")
    with pytest.raises(AuditError, match="no trail yet"):
        list(follow(tmp_path / "none.jsonl", rounds=1))


@pytest.mark.parametrize("packing", ["zstd", "gzip"])
def test_following_goes_on_over_files_that_were_packed_meanwhile(
    tmp_path: Path, packing: str
) -> None:
    path = tmp_path / "t.jsonl"
    write(path, 2)

    def step() -> None:
        write(path, 9, start=2, rotate_bytes=300)
        for file in rotated(path):
            pack(file, packing)

    steps = iter([step, lambda: write(path_of(path, "2"), 1, start=11)])
    seen = follow(path, wait=lambda _: next(steps, lambda: None)(), rounds=20)
    assert names(seen) == [f"x{number}" for number in range(2, 12)]


def test_the_lines_of_several_processes_come_in_the_order_of_their_times(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    for worker, moments in (("", (1.0, 4.0)), ("2", (2.0, 3.0))):
        times = iter(moments)
        with AuditWriter(path_of(path, worker), clock=times.__next__) as audit:
            for moment in moments:
                audit.commit_sync(build_record(Facts(stage=Stage.TUNNEL, id=f"x{moment:.0f}")))
    assert names(find_records(path)) == ["x1", "x2", "x3", "x4"]
    assert names(find_last(path, 2)) == ["x3", "x4"]


def test_the_last_ones_that_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    write(path, 9, rotate_bytes=500)
    with AuditWriter(path) as audit:
        audit.commit_sync(build_record(Facts(stage=Stage.FAULT, id="f")))
    assert names(find_last(path, 2, Wanted(stage="tunnel"))) == ["x7", "x8"]


def test_an_exchange_is_found_by_id_and_by_reference(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    with AuditWriter(path) as audit:
        for stage, reference in ((Stage.TUNNEL, ""), (Stage.FAULT, "r7")):
            audit.offer(build_record(Facts(stage=stage, id="x7", reference=reference)))
    assert [len(find_exchange(path, name)) for name in ("x7", "r7", "zz")] == [2, 1, 0]


def test_following_sees_every_new_line_over_many_rotations(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    write(path, 2)
    steps = iter(
        [lambda: write(path, 9, start=2, rotate_bytes=300), lambda: write(path, 2, start=11)]
    )
    seen = follow(path, wait=lambda _: next(steps, lambda: None)(), rounds=40)
    assert names(seen) == [f"x{number}" for number in range(2, 13)]
