"""What of the trail somebody shall hear of at once: made from lines that are on disk, masked as
they stand there, and held back where the same thing happens all the time.

An alert is for each rule or clause in force that asked for `alert`, whatever stricter was done
besides; for a message that passed unread with an `alert`; and for notices, save ordinary ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from excise.audit.fields import Stage
from excise.model import Action, Mode

EVERY: Final = 60.0  # seconds between two alerts of the same name
ORDINARY: Final = frozenset({"policy-loaded"})  # notices that nobody need hear of at once
_MARKS: Final = (b'"alert"', b'"notice"')

Alert = dict[str, Any]


def alerts_of(record: Mapping[str, Any]) -> list[Alert]:
    """The alerts of one line of the trail; `alert` names what speaks."""
    notice = record.get("notice") or {}
    if notice:
        said = [{"alert": notice["event"], **notice}] if notice["event"] not in ORDINARY else []
    else:
        said = [*_rulings(record), *_clauses(record)] or _unread(record)
    around = _around(record)
    return [{**each, **around} for each in said]


def _rulings(record: Mapping[str, Any]) -> Iterator[Alert]:
    for entry in filter(_is_alert, record.get("rulings", ())):
        yield {
            "alert": entry["rule"],
            **{name: entry[name] for name in ("entity", "severity", "clause", "count")
               if entry.get(name)},
        }  # fmt: skip


def _clauses(record: Mapping[str, Any]) -> Iterator[Alert]:
    for entry in filter(_is_alert, record.get("clauses", ())):
        yield {"alert": entry["clause"], "clause": entry["clause"]}


def _unread(record: Mapping[str, Any]) -> list[Alert]:
    if record.get("action") != Action.ALERT:
        return []
    return [{"alert": reason} for reason in record.get("reasons", ())]


def _is_alert(entry: Mapping[str, Any]) -> bool:
    return entry.get("action") == Action.ALERT and entry.get("mode") == Mode.ENFORCE


def _is_stop(line: bytes) -> bool:
    return b'"stop"' in line and json.loads(line)["stage"] == Stage.STOP


def _around(record: Mapping[str, Any]) -> Alert:
    who = record.get("principal") or {}
    told = {
        **{name: record.get(name) for name in ("time", "id", "direction", "host", "model")},
        "done": record.get("action"),
        "principal": who.get("id"),
        "group": who.get("group"),
        **{name: record.get(name) for name in ("profile", "policy", "seq", "worker")},
    }
    return {name: value for name, value in told.items() if value}


class _Quiet(NamedTuple):
    """Since when nothing of this name is sent, the newest that was held back, and how many."""

    since: float
    last: Alert | None = None
    held: int = 0


class Alerts:
    """Picks alerts from lines; at most one of each name in a while. For one thread."""

    def __init__(self, clock: Callable[[], float], every: float = EVERY) -> None:
        """`clock` in seconds; `every` is the while."""
        self._clock = clock
        self._every = every
        self._quiet: dict[str, _Quiet] = {}

    def pick(self, lines: Sequence[bytes]) -> list[bytes]:
        """What is to be sent now that these lines were written.

        What was held back goes out as its newest, with `more` for those before, once the while is
        over and the trail has another line; or when the proxy stops.
        """
        now, out = self._clock(), list[Alert]()
        stopping = False
        for line in lines:
            if any(mark in line for mark in _MARKS):
                out += self._heard(alerts_of(json.loads(line)), now)
            stopping = stopping or _is_stop(line)
        out += self._released(now, everything=stopping)
        return [json.dumps(alert, separators=(",", ":")).encode("ascii") for alert in out]

    def _heard(self, alerts: Sequence[Alert], now: float) -> Iterator[Alert]:
        for alert in alerts:
            quiet = self._quiet.get(alert["alert"])
            if quiet is None:
                self._quiet[alert["alert"]] = _Quiet(now)
                yield alert
            else:
                self._quiet[alert["alert"]] = _Quiet(quiet.since, alert, quiet.held + 1)

    def _released(self, now: float, *, everything: bool) -> Iterator[Alert]:
        for name, quiet in list(self._quiet.items()):
            if not everything and now - quiet.since < self._every:
                continue
            if quiet.last is None:
                del self._quiet[name]
                continue
            self._quiet[name] = _Quiet(now)
            yield {**quiet.last, "more": quiet.held - 1} if quiet.held > 1 else quiet.last
