"""Counts and lists agree with the lines, and only files that hold what is wanted are read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dashboard.trails import append, build_lines, write_trail

from excise.audit import reader
from excise.audit.select import Wanted
from excise.dashboard.ledger import Ledger
from excise.dashboard.questions import overview

LINES = build_lines(300)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(write_trail(tmp_path / "trail", LINES))
    made.start()
    yield made
    made.close()


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(action="redact"),
        Wanted(since="2030-06-12T09", until="2030-06-13"),
        Wanted(until="2030-06-12T10:30:00.000Z"),
        Wanted(rule="gdpr.email", app="openai"),
    ],
)
def test_the_newest_lines_that_are_wanted_come_first(ledger: Ledger, wanted: Wanted) -> None:
    expected = [line for line in LINES if wanted.fits(line)][::-1]
    assert expected
    assert ledger.lines(wanted, 500).result() == expected
    assert ledger.lines(wanted, 7).result() == expected[:7]


def test_only_files_with_such_lines_are_opened(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    real = reader.open_file
    monkeypatch.setattr(reader, "open_file", lambda file: opened.append(file.name) or real(file))
    first = LINES[3]
    found = ledger.exchange(first["id"], first["time"]).result()
    assert first in found
    names = {name.removesuffix(".zst") for name in opened}
    assert names == {"audit-20300101T000000-000000.jsonl", "audit.jsonl"}


def test_counts_follow_the_trail(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("excise.dashboard.ledger._STALE", 0.0)
    before = ledger.count(overview, Wanted()).result()
    append(ledger.path, LINES[0], LINES[1])
    after = ledger.count(overview, Wanted()).result()
    assert after["totals"]["lines"] == before["totals"]["lines"] + 2 == len(LINES) + 2


def test_a_question_is_asked_once_until_the_trail_grows(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("excise.dashboard.ledger._STALE", 0.0)
    asked: list[Wanted] = []

    def question(_: object, wanted: Wanted) -> int:
        asked.append(wanted)
        return len(asked)

    sales = Wanted(group="sales")
    for wanted, answer in ((Wanted(), 1), (Wanted(), 1), (sales, 2), (Wanted(), 1), (sales, 2)):
        assert ledger.count(question, wanted).result() == answer
    append(ledger.path, LINES[0])
    assert ledger.count(question, Wanted()).result() == 3


def test_a_mark_of_another_run_brings_nothing(ledger: Ledger) -> None:
    assert ledger.fresh(10**9, Wanted()).records == []
