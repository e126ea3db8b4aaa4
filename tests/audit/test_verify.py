"""What was done to the files of a trail is found and told with its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from excise.audit.archive import path_of, rotated, trail_name
from excise.audit.chain import Flaw
from excise.audit.fields import Stage
from excise.audit.heads import head_path, read_head
from excise.audit.record import Facts, build_record
from excise.audit.trail import Keeping, Seal
from excise.audit.verify import Report, verify_files, verify_trail
from excise.audit.writer import AuditWriter
from excise.errors import AuditError
from excise.state.signing import load_or_create_signer


def write(
    path: Path, count: int, *, size: int = 10**9, files: int = 0, packing: str = "none"
) -> None:
    signer = load_or_create_signer(path.parent)
    seal = Seal(signer.sign, signer.key_id, head_path(path.parent, path), lines=4)
    keeping = Keeping(bytes=size, files=files, packing=packing)
    with AuditWriter(path, keeping=keeping, seal=seal) as audit:
        for number in range(count):
            audit.commit_sync(build_record(Facts(stage=Stage.TUNNEL, id=f"x{number}")))


def verify(path: Path) -> Report:
    check = load_or_create_signer(path.parent).verifier.check
    reports = verify_trail(path, check, lambda each: read_head(head_path(path.parent, each)))
    return reports[0]


def found(report: Report) -> list[tuple[Flaw, str, int]]:
    return [(each.flaw, Path(each.file).name, each.line) for each in report.faults]


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize("packing", ["none", "zstd", "gzip"])
def test_a_trail_over_many_files_holds(tmp_path: Path, packing: str) -> None:
    path = tmp_path / "t.jsonl"
    for _ in range(2):
        write(path, 20, size=2000, packing=packing)
    report = verify(path)
    assert report.faults == [] and report.notes == []
    assert report.files > 3 and report.lines > 40 and report.sealed == report.lines
    assert report.first <= report.last


@pytest.mark.parametrize("files", [1, 3])
def test_retention_leaves_a_trail_that_holds(tmp_path: Path, files: int) -> None:
    path = tmp_path / "t.jsonl"
    write(path, 60, size=1500, files=files)
    assert len(rotated(path)) <= files + 1
    assert verify(path).faults == []
    rotated(path)[0].unlink()
    [fault] = verify(path).faults
    assert fault.flaw is Flaw.MISSING and "neither" in fault.got


Change = Callable[[Path], object]
CHANGES: dict[str, tuple[Change, list[tuple[Flaw, str, int]]]] = {
    "a word": (
        lambda p: p.write_bytes(p.read_bytes().replace(b'"x3"', b'"y3"')),
        [(Flaw.EDITED, "t.jsonl", 4)],
    ),
    "a line out": (
        lambda p: p.write_bytes(b"".join([*lines_of(p)[:3], *lines_of(p)[4:]])),
        [(Flaw.MISSING, "t.jsonl", 4)],
    ),
    "the tail cut off": (
        lambda p: p.write_bytes(b"".join(lines_of(p)[:7])),
        [(Flaw.TRUNCATED, "t.jsonl", 7)],
    ),
    "the tail torn": (
        lambda p: p.write_bytes(p.read_bytes()[:-5]),
        [(Flaw.TORN, "t.jsonl", 13), (Flaw.TRUNCATED, "t.jsonl", 12)],
    ),
    "the last newline": (
        lambda p: p.write_bytes(p.read_bytes()[:-1] + b"\x0b"),
        [(Flaw.TORN, "t.jsonl", 13), (Flaw.TRUNCATED, "t.jsonl", 12)],
    ),
    "the file gone": (lambda p: p.unlink(), [(Flaw.TRUNCATED, "", 0)]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_done_is_named_with_its_place(tmp_path: Path, change: str) -> None:
    path = tmp_path / "t.jsonl"
    write(path, 10)
    do, wanted = CHANGES[change]
    do(path)
    assert found(verify(path)) == wanted


def test_a_restart_launders_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    write(path, 10)
    path.write_bytes(b"".join(lines_of(path)[:7]))
    write(path, 2)
    report = verify(path)
    assert found(report) == [(Flaw.MISSING, "t.jsonl", 8)]
    assert "6 lines were found to be gone" in report.notes[0]


def test_an_altered_last_line_is_found_also_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    write(path, 2)
    path.write_bytes(path.read_bytes().replace(b'"reason":"stop"', b'"reason":"sto "'))
    write(path, 1)
    assert (Flaw.EDITED, "t.jsonl", 3) in found(verify(path))


def test_a_torn_line_behind_the_remembered_head_is_what_a_kill_leaves(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    write(path, 3)
    with path.open("ab") as file:
        file.write(b'{"half')
    report = verify(path)
    assert report.faults == [] and "next start mends it" in report.notes[0]


def test_a_damaged_packed_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    write(path, 20, size=2000, packing="zstd")
    first = rotated(path)[0]
    damaged = bytearray(first.read_bytes())
    damaged[len(damaged) // 2] ^= 4
    first.write_bytes(bytes(damaged))
    assert verify(path).faults[0].flaw is Flaw.UNREADABLE


def test_files_alone_are_verified_as_the_piece_they_are(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    write(path, 30, size=1500)
    write(path_of(path, "2"), 3)
    check = load_or_create_signer(tmp_path).verifier.check
    pieces = [*rotated(path)[2:4], path_of(path, "2")]
    reports = verify_files(pieces, check)
    assert [(each.trail, each.faults) for each in reports] == [("t", []), ("t.w2", [])]
    [report] = verify_files([rotated(path)[0], rotated(path)[2]], check)
    assert report.faults[0].flaw is Flaw.MISSING
    assert trail_name(rotated(path)[0]) == str(path)


def test_workers_are_verified_each_on_its_own(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    for worker in ("", "1", "2"):
        write(path_of(path, worker), 3)
    reports = verify_trail(path, None, lambda each: None)
    assert [each.trail for each in reports] == ["t", "t.w1", "t.w2"]
    assert all("not checked" in each.notes[0] for each in reports)


def test_without_the_head_the_loose_tail_is_stated(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    write(path, 10)
    check = load_or_create_signer(tmp_path).verifier.check
    path.write_bytes(b"".join(lines_of(path)[:7]))
    [report] = verify_trail(path, check, lambda each: None)
    assert report.faults == [] and "the last 2 lines" in report.notes[0]


def test_no_trail_at_all_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path / "t.jsonl", tmp_path / "nowhere" / "t.jsonl"):
        with pytest.raises(AuditError, match="no trail yet"):
            verify_trail(path, None, lambda each: None)
