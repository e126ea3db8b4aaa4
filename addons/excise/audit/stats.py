"""Counts over the trail, asked of the view in one scan."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from excise.audit.query import open_lines
from excise.audit.select import Wanted

_COLUMNS: Final = (
    "time", "stage", "direction", "action", "would", "host", "model", "principal.id", "reasons",
    "rulings.rule", "rulings.entity", "rulings.count", "fault.kind", "timings.total", "lost",
    "missing",
)  # fmt: skip
# Counter → what is counted, and over which lines.
_COUNTED: Final[dict[str, tuple[str, str]]] = {
    "stages": ("stage", "true"),
    "actions": ("action", "true"),
    "would": ("would", "would <> action"),
    "hosts": ("host", "direction = 'request'"),
    "models": ("model", "direction = 'request'"),
    "principals": ("principal.id", "direction = 'request'"),
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
    where, values = wanted.where()
    names = (*_COLUMNS, *(("provider", "principal.group") if values else ()))
    with open_lines(path, names, load=not values) as lines:
        if values:
            lines.execute(f"CREATE TEMP TABLE wanted AS SELECT * FROM lines WHERE {where}", values)
        return _count(lines, "wanted" if values else "lines")


def _count(lines: Any, table: str) -> Stats:
    stats = Stats()
    row = lines.execute(
        f"SELECT count(*), min(time), max(time), sum(lost), quantile_disc(timings.total, 0.5), "
        f"quantile_disc(timings.total, 0.99) FROM {table}"
    ).fetchone()
    stats.records, stats.first, stats.last = row[0], row[1] or "", row[2] or ""
    stats.lost, stats.p50, stats.p99 = int(row[3] or 0), row[4], row[5]
    for name, (what, where) in _COUNTED.items():
        found = lines.execute(
            f"SELECT word, count(*) AS often FROM (SELECT {what} AS word FROM {table} "
            f"WHERE {where}) WHERE word IS NOT NULL GROUP BY word ORDER BY often DESC, word"
        )
        setattr(stats, name, Counter(dict(found.fetchall())))
    found = lines.execute(
        f"SELECT r.rule, r.entity, sum(r.count) FROM (SELECT unnest(rulings) AS r FROM {table} "
        f"WHERE len(rulings) > 0) GROUP BY ALL"
    )
    for rule, entity, often in found.fetchall():
        stats.rules[rule] += int(often)
        stats.entities[entity] += int(often)
    return stats
