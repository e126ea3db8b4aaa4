"""Every format holds the wanted lines, and its file is the owner's alone."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import duckdb
import pytest

from excise.audit.fields import Stage
from excise.audit.mapping import EXPORTS, leaves
from excise.audit.record import Facts, build_record
from excise.audit.writer import AuditWriter
from excise.cli.main import main


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    with AuditWriter(path, clock=lambda: 0.0) as audit:
        for number in range(3):
            audit.offer(build_record(Facts(stage=Stage.TUNNEL, id=f"x{number}", host="h")))
        audit.offer(build_record(Facts(stage=Stage.FAULT, id="f", fault="ValueError")))
    return path


def export(trail: Path, form: str, *more: str) -> int:
    return main(["audit", "export", "--format", form, "--audit", str(trail), *more])


@pytest.mark.parametrize("form", EXPORTS)
def test_lines_in_every_vocabulary(trail: Path, tmp_path: Path, form: str) -> None:
    target = tmp_path / "out"
    target.write_text("old")
    target.chmod(0o644)
    assert export(trail, form, "-o", str(target), "--stage", "tunnel") == 0
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    assert len(lines) == 3 and all("h" in json.dumps(line) for line in lines)
    assert target.stat().st_mode & 0o777 == 0o600


def test_standard_output(trail: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(trail, "jsonl") == 0
    assert capsys.readouterr().out == trail.read_text()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_tables_hold_every_field(trail: Path, tmp_path: Path, form: str) -> None:
    target = tmp_path / f"out.{form}"
    assert export(trail, form, "-o", str(target), "--since", "1970") == 0
    assert target.stat().st_mode & 0o777 == 0o600
    if form == "csv":
        with target.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == list(leaves())
        assert sorted(row["id"] for row in rows) == ["f", "x0", "x1", "x2"]
    else:
        found = duckdb.sql(f"SELECT id, \"fault.kind\" FROM '{target}' ORDER BY id").fetchall()
        assert found == [("f", "ValueError"), ("x0", None), ("x1", None), ("x2", None)]


def test_what_cannot_be_written_is_said(
    trail: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(trail, "parquet") == 2
    assert export(trail, "ecs", "-o", str(tmp_path / "no" / "where")) == 2
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert export(trail, "ecs", "-o", str(tmp_path / "link")) == 2
    assert "EXC-CFG-003" in capsys.readouterr().err
