"""What is kept beside full files says what the lines say, holds nothing of one line, and is made
anew where a file changed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from excise.audit.archive import COUNTS, drop_counts, pack
from excise.audit.counted import MOST, open_counted
from excise.audit.select import Wanted
from excise.audit.stats import Stats, read_stats
from excise.errors import AuditError

FULL = "audit-20300101T000000-000000.jsonl"


def line(number: int, **more: Any) -> dict[str, Any]:
    return {
        "time": f"2030-01-0{1 + number % 3}T{number % 24:02}:05:07.{number:03}Z",
        "stage": "request", "id": f"exchange-{number}", "direction": "request",
        "action": ("allow", "redact")[number % 2], "would": ("allow", "block")[number % 2],
        "host": "api.example.org", "model": f"m{number % 2}", "path": "/planted/path",
        "principal": {"id": f"user:p{number % 4}", "group": "staff"},
        "client": {"address": "192.0.2.77", "family": "sdk"},
        "rulings": [{"rule": "pii.email", "entity": "email", "count": 1 + number % 2,
                     "score": number % 10 / 10, "fingerprint": "feedfacefeedface",
                     "path": "messages/7/content"}] * (number % 2),
        "timings": {"total": number / 4}, "usage": {"input": number, "output": 1}, **more,
    }  # fmt: skip


def write(folder: Path, full: int, growing: int) -> Path:
    """A trail with so many lines in a packed file and in the one that is written to."""
    lines = [json.dumps(line(number)) + "\n" for number in range(full + growing)]
    (folder / FULL).write_text("".join(lines[:full]))
    pack(folder / FULL, "zstd")
    path = folder / "audit.jsonl"
    path.write_text("".join(lines[full:]))
    return path


def kept(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{COUNTS}*"))


@pytest.mark.parametrize(("full", "growing"), [(0, 9), (1, 0), (17, 1), (24, 24)])
def test_where_a_trail_was_cut_changes_no_count(tmp_path: Path, full: int, growing: int) -> None:
    path = write(tmp_path, full, growing)
    whole = tmp_path / "whole" / "audit.jsonl"
    whole.parent.mkdir()
    whole.write_text("".join(json.dumps(line(n)) + "\n" for n in range(full + growing)))
    first, again = read_stats(path), read_stats(path)
    assert first == again == read_stats(whole)
    assert first.records == full + growing


@pytest.mark.parametrize(
    "wanted",
    [
        {"since": "2030-01-02"},
        {"since": "2030-01-01T03", "until": "2030-01-02T11"},
        {"since": "2030-01-01T03:05:07.003Z", "until": "2030-01-02T10:05"},
        {"principal": "user:p1", "model": "m1"},
        {"rule": "pii.email", "until": "2030-01-03"},
        {"app": "sdk", "entity": "email"},
        {"app": "other"},
    ],
)
def test_filters_count_what_fits(tmp_path: Path, wanted: dict[str, str]) -> None:
    path = write(tmp_path, 30, 18)
    some = Wanted(**wanted)
    fitting = [line(number) for number in range(48) if some.fits(line(number))]
    stats = read_stats(path, some)
    assert stats.records == len(fitting)
    assert stats.actions.total() == len(fitting)
    assert stats.first == min((each["time"] for each in fitting), default="")


def test_counts_are_kept_for_the_owner_and_hold_nothing_of_one_line(tmp_path: Path) -> None:
    path = write(tmp_path, 20, 3)
    read_stats(path)
    made = kept(tmp_path)
    assert len(made) == 2 and all(each.name.startswith(FULL) for each in made)
    assert all(each.stat().st_mode & 0o777 == 0o600 for each in made)
    (kinds,) = [each for each in made if ".kinds-" in each.name]
    with open_counted(path) as counted:
        rows = repr(counted.execute(f"SELECT * FROM read_parquet('{kinds}')").fetchall())
        columns = {row[0] for row in counted.execute("DESCRIBE kinds").fetchall()}
    for private in ("exchange-", "192.0.2.77", "feedface", "messages/7", "/planted"):
        assert private not in rows
    assert {"hour", "n", "took"} < columns and not {"id", "path"} & columns


def test_a_file_that_changed_is_counted_anew(tmp_path: Path) -> None:
    path = write(tmp_path, 20, 0)
    assert read_stats(path).records == 20
    before = kept(tmp_path)
    (tmp_path / f"{FULL}.zst").unlink()
    (tmp_path / FULL).write_text(json.dumps(line(1)) + "\n")
    assert read_stats(path).records == 1
    after = kept(tmp_path)
    assert len(after) == 2 and not set(before) & set(after)
    drop_counts(tmp_path / FULL)
    assert kept(tmp_path) == []


def test_counts_are_used_and_not_only_written(tmp_path: Path) -> None:
    """Lines altered under the same size and time are a case for `verify`, not for counting."""
    path = write(tmp_path, 4, 0)
    read_stats(path)
    packed = tmp_path / f"{FULL}.zst"
    facts = packed.stat()
    packed.write_bytes(bytes(facts.st_size))
    os.utime(packed, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert read_stats(path).records == 4


def test_where_nothing_may_be_written_counts_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, 20, 3)

    def refuse(*_: object) -> int:
        raise PermissionError

    monkeypatch.setattr("excise.audit.counted.os.open", refuse)
    assert read_stats(path).records == 23
    assert kept(tmp_path) == []


def test_samples_are_few_of_each_rule_and_band(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    rulings = [{"rule": "r", "entity": "e", "count": 1, "score": 0.6}, {"rule": "s", "count": 1}]
    lines = [line(n % 900, id=f"x{n}", rulings=rulings) for n in range(MOST + 30)]
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    with open_counted(path) as counted:
        found = counted.execute(
            "SELECT rule, band, count(DISTINCT id) FROM samples GROUP BY ALL ORDER BY rule"
        ).fetchall()
    assert found == [("r", 1, MOST), ("s", 4, MOST)]


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, 20, 3)
    (tmp_path / f"{FULL}.zst").write_bytes(b"no frame of zstandard")
    with pytest.raises(AuditError, match="cannot be read"):
        read_stats(path)


def test_an_empty_trail_has_no_kinds(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.touch()
    assert read_stats(path) == Stats()
