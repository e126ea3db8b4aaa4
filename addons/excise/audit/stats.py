"""Counts over the trail, from what is kept beside its full files."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from excise.audit.counted import SHADOWED, TIMES, open_counted
from excise.audit.select import Wanted

_ASKED: Final = "direction = 'request' AND stage <> 'shadow'"
# Counter → what is counted, and over which lines.
_COUNTED: Final[dict[str, tuple[str, str]]] = {
    "stages": ("stage", "true"),
    "actions": ("action", "true"),
    "would": ("would", SHADOWED),
    "hosts": ("host", _ASKED),
    "models": ("model", _ASKED),
    "principals": ("principal.id", _ASKED),
    "faults": ("fault.kind", "true"),
    "reasons": ("unnest(reasons)", "len(reasons) > 0"),
    "missing": ("unnest(missing)", "len(missing) > 0"),
}


@dataclass(slots=True)
class Stats:
    """Counts over a stretch of the trail; `p50` and `p99` are milliseconds of a message, None where
    none was timed."""

    records: int = 0
    first: str = ""
    last: str = ""
    stages: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    would: Counter[str] = field(default_factory=Counter)  # where shadow rules would have done more
    rules: Counter[str] = field(default_factory=Counter)
    entities: Counter[str] = field(default_factory=Counter)
    hosts: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    principals: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    p50: float | None = None
    p99: float | None = None


def read_stats(path: Path, wanted: Wanted = Wanted()) -> Stats:  # noqa: B008  # frozen
    """The counts of the lines that are wanted. Raises `AuditError`."""
    where, values = wanted.where("hour")
    with open_counted(path, exact=not wanted.is_hourly) as counted:
        if values:
            counted.execute(
                f"CREATE TEMP TABLE wanted AS SELECT * FROM kinds WHERE {where}", values
            )
        return _count(counted, "wanted" if values else "kinds")


def _count(counted: Any, table: str) -> Stats:
    stats = Stats()
    row = counted.execute(
        f"SELECT coalesce(sum(n), 0), min(first), max(last), sum(lost) FROM {table}"
    ).fetchone()
    stats.records, stats.first, stats.last = int(row[0]), row[1] or "", row[2] or ""
    stats.lost = int(row[3] or 0)
    times = TIMES.format(table=table, where="true")
    stats.p50, stats.p99 = counted.execute(times).fetchone()
    for name, (what, where) in _COUNTED.items():
        found = counted.execute(
            f"SELECT word, sum(n)::BIGINT AS often FROM (SELECT {what} AS word, n FROM {table} "
            f"WHERE {where}) WHERE word IS NOT NULL GROUP BY word ORDER BY often DESC, word"
        )
        setattr(stats, name, Counter(dict(found.fetchall())))
    found = counted.execute(
        f"SELECT r.rule, r.entity, sum(n * r.count) FROM (SELECT unnest(rulings) AS r, n "
        f"FROM {table} WHERE len(rulings) > 0) GROUP BY ALL"
    )
    for rule, entity, often in found.fetchall():
        stats.rules[rule] += int(often)
        stats.entities[entity] += int(often)
    return stats
