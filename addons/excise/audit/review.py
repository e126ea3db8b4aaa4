"""What people say of findings in the trail: right or wrong. One JSON object a line.

A review names an exchange and a rule, never a value, so the file may be shown to anybody who may
read the trail.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from excise.audit.query import open_lines, quoted
from excise.errors import AuditError

FILE: Final = "reviews.jsonl"  # in the folder of state
BANDS: Final = (0.0, 0.5, 0.7, 0.9, 1.0)  # a queue asks as much of each, the last alone
_Z: Final = 1.959963984540054  # two sides of 95 %


class Review(NamedTuple):
    """One verdict; `at` is a time in UTC as the trail writes it."""

    id: str
    rule: str
    verdict: bool  # whether the finding is right
    reason: str
    by: str
    at: str


class Hits(NamedTuple):
    """How often a rule fired: exchanges of all, findings in them, principals."""

    exchanges: int
    findings: int
    principals: int
    of: int


class Waiting(NamedTuple):
    """An exchange in which a rule fired and that nobody has judged."""

    id: str
    rule: str
    entity: str
    score: float
    time: str


class Interval(NamedTuple):
    """A share with the interval that holds it in 95 of 100 cases (Wilson, without correction)."""

    share: float
    low: float
    high: float


def wilson(hits: int, of: int) -> Interval:
    """The share of `hits` in `of`; all of 0 to 1 where there is nothing."""
    if not of:
        return Interval(0.0, 0.0, 1.0)
    share, z2 = hits / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    # Rounding may leave the share a hair outside.
    return Interval(share, max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)))


def read_reviews(path: Path) -> list[Review]:
    """All reviews; of one exchange and rule the last counts. Raises `AuditError`."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "not UTF-8"
        raise AuditError("EXC-AUD-001", f"the reviews cannot be read ({why}).", at=str(path)) \
            from None  # fmt: skip
    found: dict[tuple[str, str], Review] = {}
    for number, line in enumerate(text.splitlines(), 1):
        review = _parsed(line, f"{path}:{number}")
        found[review.id, review.rule] = review
    return list(found.values())


def append_review(path: Path, review: Review) -> None:
    """Write one more. Raises `AuditError`."""
    line = json.dumps({**review._asdict(), "verdict": "true" if review.verdict else "false"})
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(line + "\n")
    except OSError as fault:
        raise AuditError(
            "EXC-AUD-001", f"the review cannot be written ({fault.strerror}).", at=str(path)
        ) from None


def count_hits(trail: Path, rule: str) -> Hits:
    """How often a rule fired, or a clause spoke of a finding. Raises `AuditError`."""
    with open_lines(
        trail, ("id", "principal.id", "rulings.rule", "rulings.clause", "rulings.count")
    ) as lines:
        row = lines.execute(
            "SELECT count(DISTINCT id) FILTER (WHERE r.rule = $1 OR r.clause = $1), "
            "coalesce(sum(r.count) FILTER (WHERE r.rule = $1 OR r.clause = $1), 0), "
            "count(DISTINCT principal.id) FILTER (WHERE r.rule = $1 OR r.clause = $1), "
            "(SELECT count(DISTINCT id) FROM lines) "
            "FROM (SELECT id, principal, unnest(rulings) AS r FROM lines)",
            [rule],
        ).fetchone()
    return Hits(*map(int, row)) if row else Hits(0, 0, 0, 0)


def queue(trail: Path, reviews: Iterable[Review], rule: str = "", each: int = 5) -> list[Waiting]:
    """For each rule and band of scores some exchanges that wait for a verdict, drawn by the digest
    of their id: the same again as long as nobody judges them. Raises `AuditError`."""
    known = {(review.id, review.rule) for review in reviews}
    only = f"WHERE rule = {quoted(rule)}" if rule else ""
    names = ("id", "time", "rulings.rule", "rulings.entity", "rulings.score")
    with open_lines(trail, names) as lines:
        rows = lines.execute(
            "SELECT id, rule, any_value(entity), max(score) AS best, min(time) FROM ("
            "SELECT id, time, r.rule AS rule, r.entity AS entity, coalesce(r.score, 1.0) AS score "
            f"FROM (SELECT id, time, unnest(rulings) AS r FROM lines)) {only} "
            "GROUP BY id, rule ORDER BY rule, md5(id)"
        ).fetchall()
    taken: dict[tuple[str, int], list[Waiting]] = {}
    for row in rows:
        waiting = Waiting(*row)
        band = taken.setdefault((waiting.rule, _band(waiting.score)), [])
        if (waiting.id, waiting.rule) not in known and len(band) < each:
            band.append(waiting)
    return [waiting for _, some in sorted(taken.items()) for waiting in some]


def precision(reviews: Sequence[Review], rule: str) -> tuple[int, int]:
    """How many of the judged findings of a rule are right, and how many are judged."""
    mine = [review.verdict for review in reviews if review.rule == rule]
    return sum(mine), len(mine)


def _band(score: float) -> int:
    return sum(score >= edge for edge in BANDS[1:])


def _parsed(line: str, at: str) -> Review:
    try:
        given = json.loads(line)
        fields = [given[name] for name in Review._fields]
        if not all(isinstance(each, str) for each in fields) or fields[2] not in ("true", "false"):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise AuditError(
            "EXC-AUD-001",
            "no review; wanted an object of id, rule, verdict (true or false), reason, by and at.",
            at=at,
        ) from None
    name, rule, verdict, reason, by, when = fields
    return Review(name, rule, verdict == "true", reason, by, when)
