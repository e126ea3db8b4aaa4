"""Who talks to what looks like a model and is none of the catalogue's: the trail, summed up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from excise.audit.query import open_lines
from excise.audit.select import Wanted

# How much a sign says: names in a body are seen, a cadence is inferred.
_WEIGHTS: Final[Mapping[str, int]] = {
    "llm-answer": 3,
    "llm-body": 2,
    "llm-path": 2,
    "llm-cadence": 1,
}
SIGNS: Final = tuple(_WEIGHTS)
_QUERY: Final = f"""
    SELECT coalesce(principal.id, 'address:' || client.address, '') AS who, host,
        count(*) AS lines, sum(coalesce(shape.answers, 0))::BIGINT AS answers,
        sum(coalesce(shape.sent, 0))::BIGINT AS sent,
        sum(coalesce(shape.received, 0))::BIGINT AS received,
        list_sort(list_distinct(flatten(list(anomalies)))) AS signs,
        list_sort(list_distinct(list(path) FILTER (path IS NOT NULL))) AS paths,
        min(time) AS first, max(time) AS last
    FROM lines WHERE stage = 'tunnel' AND list_has_any(anomalies, {list(SIGNS)}) AND {{where}}
    GROUP BY ALL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """One principal and one host. `sent` and `received` are encrypted bytes of connections that
    were not read; `signs` and `paths` are those of all its lines."""

    who: str
    host: str
    lines: int
    answers: int
    sent: int
    received: int
    signs: tuple[str, ...]
    paths: tuple[str, ...]
    first: str
    last: str

    @property
    def score(self) -> int:
        """The sum of its signs' weights: 1 is an outline alone, 5 and more were read."""
        return sum(_WEIGHTS.get(sign, 0) for sign in self.signs)


def find_suspects(path: Path, wanted: Wanted) -> list[Suspect]:
    """All of them, the surest and then the busiest first. Raises `AuditError`."""
    where, values = wanted.where()
    with open_lines(path) as lines:
        query = lines.execute(_QUERY.format(where=where), values)
        names = [each[0] for each in query.description or ()]
        found = [_suspect(dict(zip(names, row, strict=True))) for row in query.fetchall()]
    return sorted(found, key=lambda each: (-each.score, -each.lines, each.host, each.who))


def _suspect(row: dict[str, Any]) -> Suspect:
    listed = {name: tuple(row[name] or ()) for name in ("signs", "paths")}
    return Suspect(**(row | listed))
