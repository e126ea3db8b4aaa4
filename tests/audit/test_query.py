"""The view shows every field of every line of every file, and nothing that is no record."""

from __future__ import annotations

from pathlib import Path

import pytest

from excise.audit.archive import pack, path_of, rotated
from excise.audit.fields import FIELDS, Stage
from excise.audit.query import column_types, files_of, open_lines, quoted
from excise.audit.record import Facts, build_record
from excise.audit.trail import Keeping
from excise.audit.writer import AuditWriter
from excise.errors import AuditError


def write(path: Path, count: int) -> None:
    with AuditWriter(path, keeping=Keeping(bytes=600, files=0)) as audit:
        for number in range(count):
            facts = Facts(stage=Stage.TUNNEL, id=f"x{number}", timings={"total": float(number)})
            audit.commit_sync(build_record(facts))


def test_one_view_over_plain_and_packed_files_of_all_workers(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    write(path, 9)
    write(path_of(path, "2"), 3)
    packings = ("zstd", "gzip")
    for number, file in enumerate(rotated(path)[:2]):
        pack(file, packings[number])
    assert {file.suffix for file in files_of(path)} == {".jsonl", ".zst", ".gz"}
    with open_lines(path) as lines:
        found = lines.execute(
            "SELECT count(*), count(DISTINCT id), max(timings.total), "
            "min(moment) < TIMESTAMP '2200-01-01' FROM lines"
        ).fetchone()
        shown = [row[0] for row in lines.execute("DESCRIBE lines").fetchall()]
    assert found == (12, 9, 8.0, True)
    assert shown == [*(field.name for field in FIELDS), "moment"]


def test_a_torn_and_a_foreign_line_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"stage":"start"}\nplanted words\n{"stage":"sto')
    with open_lines(path, ["stage"], load=True) as lines:
        rows = lines.execute("SELECT stage FROM lines WHERE stage IS NOT NULL").fetchall()
    assert rows == [("start",)]


def test_an_object_with_open_names_is_a_map(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"stage":"request","risk":{"lexical":0.5}}\n')
    with open_lines(path) as lines:
        assert lines.execute("SELECT risk['lexical'] FROM lines").fetchone() == (0.5,)


def test_columns_can_be_narrowed_into_objects() -> None:
    assert column_types(["time", "timings.total", "rulings.rule", "rulings.count", "reasons"]) == {
        "time": "VARCHAR",
        "timings": 'STRUCT("total" DOUBLE)',
        "rulings": 'STRUCT("rule" VARCHAR, "count" BIGINT)[]',
        "reasons": "VARCHAR[]",
    }


def test_no_trail_is_an_error_and_quotes_are_doubled(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="no trail yet"), open_lines(tmp_path / "t.jsonl"):
        pass
    assert quoted("it's") == "'it''s'"
    odd = tmp_path / "it's"
    odd.mkdir()
    write(odd / "t.jsonl", 2)
    with open_lines(odd / "t.jsonl", ["id"]) as lines:
        assert lines.execute("SELECT count(*) FROM lines").fetchone() == (2,)
