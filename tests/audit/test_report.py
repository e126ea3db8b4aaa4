"""The report counts a stretch of the trail and repeats what verification said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from excise.audit.chain import Fault, Flaw
from excise.audit.report import build_report, month_after
from excise.audit.verify import Report

LINES = [
    {"time": "2030-01-05T00:00:00.000Z", "stage": "start", "profile": "p", "policy": "a" * 64},
    {"time": "2030-01-06T00:00:00.000Z", "stage": "request", "direction": "request", "host": "h",
     "provider": "o", "action": "block", "would": "block", "principal": {"id": "ann"},
     "reasons": ["uninspectable:size"], "profile": "p", "policy": "b" * 64,
     "rulings": [{"rule": "r", "entity": "e", "severity": "high", "mode": "enforce", "count": 2}]},
    {"time": "2030-01-07T00:00:00.000Z", "stage": "fault", "fault": {"kind": "ValueError"}},
    {"time": "2030-02-01T00:00:00.000Z", "stage": "fault", "fault": {"kind": "Later"}},
]  # fmt: skip


def test_each_section_counts_the_month(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    integrity = Report("t", lines=4, faults=[Fault(Flaw.EDITED, "d/t.jsonl", 3, "x", "y")])
    report = build_report(path, since="2030-01", until="2030-02", made="now", integrity=[integrity])
    tables = {table.title: table.rows for section in report.sections for table in section.tables}
    assert tables["Requests by host"] == (("h", "o", 1, 1, 1),)
    assert tables["Unread, by reason"] == (("uninspectable:size", 1),)
    assert [row[1] for row in tables["Policies in force"]] == ["a" * 64, "b" * 64]
    assert tables["Actions"] == (("request", "block", 1),)
    assert tables["Findings by entity"] == (("e", "high", "enforce", 2, 1),)
    assert tables["Principals with most refusals and redactions"] == (("ann", "", 1, 0, 1),)
    assert [row[0] for row in tables["Faults"]] == ["ValueError"]
    assert tables["Flaws"] == (("t.jsonl:3", "edited", "x", "y"),) and report.holds is False
    titles = [section.title for section in report.sections]
    assert titles == ["Coverage", "Policy changes", "Verdicts", "Exceptions", "Integrity"]


def test_long_tables_are_cut_and_say_so(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    lines = ({**LINES[2], "fault": {"kind": f"K{number}"}} for number in range(40))
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    report = build_report(path, since="2030-01", until="2030-02", made="now", integrity=[])
    [faults] = [t for s in report.sections for t in s.tables if s.title == "Exceptions"
                and t.title == "Faults"]  # fmt: skip
    assert len(faults.rows) == 26 and faults.rows[-1][0] == "…"
    assert report.holds is None


@pytest.mark.parametrize(("month", "after"), [("2030-01", "2030-02"), ("2030-12", "2031-01")])
def test_months_follow_each_other(month: str, after: str) -> None:
    assert month_after(month) == after


@pytest.mark.parametrize("month", ["", "2030", "2030-13", "2030-00", "30-01", "2030-xx"])
def test_what_is_no_month_is_refused(month: str) -> None:
    with pytest.raises(ValueError):
        month_after(month)
