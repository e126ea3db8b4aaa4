"""Who shall hear of what, how often, and that nothing is lost in silence."""

from __future__ import annotations

import json
from typing import Any

import pytest

from excise.audit.alerts import Alerts, alerts_of

RULING = {
    "rule": "own.code", "entity": "code.own", "severity": "high", "action": "alert",
    "mode": "enforce", "clause": "c", "fingerprint": "0123456789abcdef", "count": 2,
}  # fmt: skip


def line(**fields: Any) -> dict[str, Any]:
    who = {"id": "user:1", "source": "address", "group": "g"}
    return {"stage": "request", "id": "x", "action": "alert", "principal": who, **fields}


@pytest.mark.parametrize(
    ("record", "names"),
    [
        (line(rulings=[RULING]), ["own.code"]),
        (line(rulings=[RULING], action="block"), ["own.code"]),
        (line(rulings=[{**RULING, "mode": "shadow"}], action="allow"), []),
        (line(rulings=[{**RULING, "action": "redact"}], action="redact"), []),
        (line(clauses=[{"clause": "late", "action": "alert", "mode": "enforce"}]), ["late"]),
        (line(reasons=["uninspectable:media"]), ["uninspectable:media"]),
        (line(reasons=["uninspectable:media"], action="block"), []),
        (line(reasons=["uninspectable:media"], rulings=[RULING]), ["own.code"]),
        ({"stage": "notice", "notice": {"event": "kill-switch-on"}}, ["kill-switch-on"]),
        (
            {"stage": "notice", "notice": {"event": "policy-rejected", "subject": "EXC-POL-009"}},
            ["policy-rejected"],
        ),
        ({"stage": "notice", "notice": {"event": "self-test-failed"}}, ["self-test-failed"]),
        ({"stage": "notice", "notice": {"event": "policy-loaded"}}, []),
        ({"stage": "start"}, []),
    ],
)
def test_what_asks_for_an_alert_gives_one(record: dict[str, Any], names: list[str]) -> None:
    assert [alert["alert"] for alert in alerts_of(record)] == names


def test_an_alert_says_what_the_line_says_and_no_more() -> None:
    (alert,) = alerts_of(line(rulings=[RULING], host="api.example", seq=7))
    assert alert == {
        "alert": "own.code", "entity": "code.own", "severity": "high", "clause": "c", "count": 2,
        "id": "x", "host": "api.example", "done": "alert", "principal": "user:1", "group": "g",
        "seq": 7,
    }  # fmt: skip


def sent(alerts: Alerts, *records: dict[str, Any]) -> list[tuple[str, int | None]]:
    lines = [json.dumps(record).encode() for record in records]
    return [(each["alert"], each.get("more")) for each in map(json.loads, alerts.pick(lines))]


def test_the_same_thing_is_told_once_in_a_while_and_then_with_how_often() -> None:
    now = [0.0]
    alerts = Alerts(lambda: now[0], every=60)
    other = line(rulings=[{**RULING, "rule": "own.other"}])
    noisy = line(rulings=[RULING])
    assert sent(alerts, noisy, noisy, other) == [("own.code", None), ("own.other", None)]
    now[0] = 59
    assert sent(alerts, noisy, noisy) == []
    now[0] = 60
    assert sent(alerts, {"stage": "request"}) == [("own.code", 2)]
    now[0] = 119
    assert sent(alerts, noisy) == []
    assert sent(alerts, {"stage": "stop"}) == [("own.code", None)]
    now[0] = 300
    assert sent(alerts) == []
    assert sent(alerts, noisy) == [("own.code", None)]


def test_every_alert_is_counted_once_however_lines_are_batched() -> None:
    now = [0.0]
    alerts, told = Alerts(lambda: now[0], every=10), 0
    for number in range(100):
        now[0] += 1.7
        told += sum(1 + (more or 0) for _, more in sent(alerts, *[line(rulings=[RULING])] * number))
    told += sum(1 + (more or 0) for _, more in sent(alerts, {"stage": "stop"}))
    assert told == sum(range(100))
