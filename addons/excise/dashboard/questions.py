"""What the page asks of the counted trail: each question is SQL over `kinds`, each answer plain
values under names.

`{where}` stands for the filters. Questions about findings go through `found`, one row for each
finding of a kind of lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from excise.audit.counted import SHADOWED, TIMES
from excise.audit.select import Wanted
from excise.model import Action

TOP: Final = 12
_UNREAD: Final = "len(list_filter(reasons, lambda r: starts_with(r, 'uninspectable'))) > 0"
_JUDGED: Final = "action IS NOT NULL"
_FOUND: Final = (
    "WITH found AS (SELECT * EXCLUDE r, r.* FROM (SELECT unnest(rulings) AS r, n, hour, last,"
    " principal, client, host, action AS done FROM kinds WHERE {where} AND len(rulings) > 0)) "
)
# Column of a table of the busiest → what it is grouped by.
_BUSIEST: Final = {
    "principals": "principal.id",
    "groups": 'principal."group"',
    "apps": "client.family",
    "hosts": "host",
    "models": "model",
}
_ACTS: Final = (
    "sum(n)::BIGINT AS messages, "
    "coalesce(sum(n) FILTER (action = 'block'), 0)::BIGINT AS block, "
    "coalesce(sum(n) FILTER (action = 'redact'), 0)::BIGINT AS redact"
)
_TOTALS: Final = (
    "SELECT coalesce(sum(n), 0)::BIGINT AS lines, min(first) AS first, max(last) AS last, "
    f"coalesce(sum(n) FILTER ({_JUDGED}), 0)::BIGINT AS messages, "
    "coalesce(sum(n) FILTER (stage = 'request'), 0)::BIGINT AS requests, "
    "count(DISTINCT principal.id) AS principals, count(DISTINCT client.family) AS apps, "
    "count(DISTINCT host) AS hosts, "
    f"coalesce(sum(n) FILTER ({_UNREAD}), 0)::BIGINT AS unread, "
    f"coalesce(sum(n) FILTER ({SHADOWED}), 0)::BIGINT AS shadow, "
    "coalesce(sum(n) FILTER (fault.kind IS NOT NULL), 0)::BIGINT AS faults, "
    "coalesce(sum(input), 0)::BIGINT AS input, coalesce(sum(output), 0)::BIGINT AS output, "
    "coalesce(sum(lost), 0)::BIGINT AS lost FROM kinds WHERE {where}"
)
_ACTIONS: Final = (
    "SELECT action AS name, sum(n)::BIGINT AS messages FROM kinds "
    f"WHERE {{where}} AND {_JUDGED} GROUP BY 1 ORDER BY 2 DESC"
)
_TREND: Final = (
    "SELECT hour[:{length}] AS bucket, action, sum(n)::BIGINT AS messages FROM kinds "
    f"WHERE {{where}} AND {_JUDGED} GROUP BY ALL ORDER BY 1"
)
_BY_FINDING: Final = (
    _FOUND + "SELECT {what} AS name, any_value(entity) AS entity, any_value(severity) AS severity, "
    'sum(n * "count")::BIGINT AS found, sum(n)::BIGINT AS messages, '
    "count(DISTINCT principal.id) AS principals FROM found GROUP BY 1 ORDER BY 4 DESC, 1 "
    f"LIMIT {TOP}"
)
_SHADOW_RULES: Final = (
    _FOUND + "SELECT rule AS name, any_value(entity) AS entity, action AS would, "
    'sum(n * "count")::BIGINT AS found, sum(n)::BIGINT AS messages, '
    "count(DISTINCT principal.id) AS principals, count(DISTINCT client.family) AS apps, "
    "max(last) AS last FROM found WHERE mode = 'shadow' GROUP BY rule, action "
    "ORDER BY 5 DESC, 1 LIMIT 100"
)
_SHADOW_ACTIONS: Final = (
    "SELECT coalesce(action, 'allow') AS action, would, sum(n)::BIGINT AS messages FROM kinds "
    f"WHERE {{where}} AND {SHADOWED} GROUP BY ALL ORDER BY 3 DESC"
)
_GAPS: Final[dict[str, str]] = {
    "unread": "SELECT reason, host, action, sum(n)::BIGINT AS messages, "
    "count(DISTINCT principal.id) AS principals, max(last) AS last FROM "
    "(SELECT unnest(reasons) AS reason, * FROM kinds WHERE {where}) "
    "WHERE starts_with(reason, 'uninspectable') GROUP BY ALL ORDER BY 4 DESC, 1 LIMIT 100",
    "tunnels": "SELECT host, provider, sum(n)::BIGINT AS connections, max(last) AS last FROM kinds "
    "WHERE {where} AND stage = 'tunnel' GROUP BY ALL ORDER BY 3 DESC, 1 LIMIT 100",
    "missing": "SELECT detector AS name, sum(n)::BIGINT AS messages, max(last) AS last FROM "
    "(SELECT unnest(missing) AS detector, * FROM kinds WHERE {where}) GROUP BY 1 ORDER BY 2 DESC",
    "faults": "SELECT fault.kind AS name, fault.where AS at, sum(n)::BIGINT AS messages, "
    "max(last) AS last FROM kinds WHERE {where} AND fault.kind IS NOT NULL "
    "GROUP BY ALL ORDER BY 3 DESC LIMIT 100",
    "dialects": "SELECT coalesce(dialect, 'none') AS name, sum(n)::BIGINT AS messages, "
    f"coalesce(sum(n) FILTER ({_UNREAD}), 0)::BIGINT AS unread FROM kinds "
    f"WHERE {{where}} AND {_JUDGED} GROUP BY 1 ORDER BY 2 DESC LIMIT 100",
}
_NOTICES: Final = (
    "SELECT notice.event AS name, notice.subject AS subject, sum(n)::BIGINT AS messages, "
    "max(last) AS last FROM kinds WHERE {where} AND notice.event IS NOT NULL "
    "GROUP BY ALL ORDER BY 4 DESC LIMIT 100"
)
_HOLDING: Final = (
    "SELECT file, min(first) AS first, max(last) AS last FROM kinds WHERE {where} GROUP BY file"
)
# Least hours of a stretch of time → characters of a time that name a bar of its trend.
_STEPS: Final = ((24 * 92, 7, "month"), (24 * 8, 10, "day"), (0, 13, "hour"))

Row = dict[str, Any]


class Counted(Protocol):
    """A connection with the view `kinds`."""

    def execute(self, query: str, parameters: Sequence[str], /) -> Any:
        """Run a query."""
        ...


def overview(counted: Counted, wanted: Wanted) -> dict[str, Any]:
    """Totals, the trend and what is busiest."""
    totals = _ask(counted, _TOTALS, wanted)[0]
    totals |= _ask(counted, TIMES, wanted, table="kinds")[0]
    length, step = _step(
        wanted.since or totals["first"] or "", wanted.until or totals["last"] or ""
    )
    busiest = {
        name: _ask(
            counted,
            f"SELECT {what} AS name, {_ACTS} FROM kinds WHERE {{where}} AND {_JUDGED} "
            f"AND {what} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {TOP}",
            wanted,
        )
        for name, what in _BUSIEST.items()
    }
    return {
        "totals": totals,
        "actions": sorted(_ask(counted, _ACTIONS, wanted), key=lambda row: _rank(row["name"])),
        "step": step,
        "trend": _ask(counted, _TREND, wanted, length=str(length)),
        "entities": _ask(counted, _BY_FINDING, wanted, what="entity"),
        "rules": _ask(counted, _BY_FINDING, wanted, what="rule"),
        **busiest,
    }


def shadow(counted: Counted, wanted: Wanted) -> dict[str, Any]:
    """What rules in shadow found, and what would have become of messages."""
    return {
        "rules": _ask(counted, _SHADOW_RULES, wanted),
        "actions": _ask(counted, _SHADOW_ACTIONS, wanted),
    }


def coverage(counted: Counted, wanted: Wanted) -> dict[str, Any]:
    """What was not read, and why; where the firewall itself fell short."""
    found = {name: _ask(counted, query, wanted) for name, query in _GAPS.items()}
    return {**found, "notices": _ask(counted, _NOTICES, wanted)}


def holding(counted: Counted, wanted: Wanted) -> frozenset[str]:
    """Names of the full files in which lines that are wanted stand."""
    return frozenset(row["file"] for row in _ask(counted, _HOLDING, wanted) if row["file"])


def _ask(counted: Counted, query: str, wanted: Wanted, **words: str) -> list[Row]:
    where, values = wanted.where("hour")
    asked = counted.execute(query.format(where=where, **words), values)
    names = [column[0] for column in asked.description]
    return [dict(zip(names, row, strict=True)) for row in asked.fetchall()]


def _step(first: str, last: str) -> tuple[int, str]:
    """How fine a trend over these times is: characters of a time, and what they name."""
    try:
        hours = (_moment(last) - _moment(first)).total_seconds() / 3600
    except ValueError:
        hours = 0.0
    return next((length, step) for least, length, step in _STEPS if hours >= least)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text[:10] if len(text) < 13 else f"{text[:13]}:00")


def _rank(action: str) -> int:
    known: Mapping[str, int] = {str(each): each.rank for each in Action}
    return known.get(action, -1)
