"""Every number of the page is the number of lines that say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from dashboard.trails import build_lines, write_trail

from excise.audit.counted import open_counted
from excise.audit.select import Wanted
from excise.dashboard import questions

LINES = build_lines(400)
WANTED = (Wanted(), Wanted(group="sales"), Wanted(since="2030-06-11", until="2030-06-13T12"))
Line = dict[str, Any]


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with open_counted(write_trail(tmp_path_factory.mktemp("trail"), LINES)) as connection:
        yield connection


def tally(lines: list[Line], of: Callable[[Line], Any]) -> dict[Any, int]:
    return {name: often for name, often in Counter(map(of, lines)).items() if name is not None}


@pytest.mark.parametrize("wanted", WANTED, ids=lambda wanted: str(wanted.given()))
def test_the_overview_counts_what_fits(counted: Any, wanted: Wanted) -> None:
    lines = [line for line in LINES if wanted.fits(line)]
    judged = [line for line in lines if "action" in line]
    told = questions.overview(counted, wanted)
    totals = told["totals"]
    assert (totals["lines"], totals["messages"]) == (len(lines), len(judged))
    assert totals["unread"] == sum("reasons" in line for line in lines)
    assert totals["shadow"] == sum(line["action"] != line["would"] for line in judged)
    assert totals["input"] == sum(line["usage"]["input"] for line in judged)
    assert {row["name"]: row["messages"] for row in told["actions"]} == tally(
        judged, lambda line: line["action"]
    )
    assert sum(row["messages"] for row in told["trend"]) == len(judged)
    apps = {row["name"]: row["messages"] for row in told["apps"]}
    assert apps == tally(judged, lambda line: line["client"]["family"])
    found: Counter[str] = Counter()
    for line in lines:
        for ruling in line.get("rulings", ()):
            found[ruling["rule"]] += ruling["count"]
    assert {row["name"]: row["found"] for row in told["rules"]} == found


def test_shadow_rules_are_told_apart(counted: Any) -> None:
    told = questions.shadow(counted, Wanted())
    rules = {row["name"]: row["messages"] for row in told["rules"]}
    assert set(rules) == {"injection.direct", "topics.legal"}
    pairs = {(row["action"], row["would"]): row["messages"] for row in told["actions"]}
    assert pairs == tally(
        [line for line in LINES if line.get("action") != line.get("would")],
        lambda line: (line["action"], line["would"]),
    )


def test_gaps_are_named_by_reason_and_host(counted: Any) -> None:
    told = questions.coverage(counted, Wanted())
    unread = {
        (row["reason"], row["host"], row["action"]): row["messages"] for row in told["unread"]
    }
    assert unread == tally(
        [line for line in LINES if "reasons" in line],
        lambda line: (line["reasons"][0], line["host"], line["action"]),
    )
    tunnels = sum(row["connections"] for row in told["tunnels"])
    assert tunnels == sum(line["stage"] == "tunnel" for line in LINES)
    assert told["missing"] == told["faults"] == told["notices"] == []


@pytest.mark.parametrize(
    ("since", "until", "step", "length"),
    [
        ("2030-06-14T02", "2030-06-14T09", "hour", 13),
        ("2030-06-07", "2030-06-14", "hour", 13),
        ("2030-05-14", "2030-06-14", "day", 10),
        ("2029-06-14", "2030-06-14", "month", 7),
    ],
)
def test_a_trend_is_as_fine_as_its_stretch(
    counted: Any, since: str, until: str, step: str, length: int
) -> None:
    told = questions.overview(counted, Wanted(since=since, until=until))
    assert told["step"] == step
    assert {len(row["bucket"]) for row in told["trend"]} == {length}


def test_files_that_hold_what_is_wanted_are_named(counted: Any) -> None:
    first = "audit-20300101T000000-000000.jsonl"
    assert first in questions.holding(counted, Wanted())
    late = Wanted(since=LINES[-1]["time"][:13])
    assert questions.holding(counted, late) == frozenset()
