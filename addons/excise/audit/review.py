"""What people say of findings in the trail: right or wrong. One JSON object a line.

A review names an exchange and a rule and repeats what the trail says of the finding, never a value,
so the file may be shown to anybody who may read the trail.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from excise.audit.query import open_lines
from excise.errors import AuditError

FILE: Final = "reviews.jsonl"  # in the folder of state
# What a review repeats of its finding and its line, so that proposals need not search the trail.
SEEN: Final = (
    "entity", "kind", "severity", "action", "mode", "clause", "place", "role", "part", "path",
    "score", "fingerprint", "older",
)  # fmt: skip
_OF_LINE: Final = ("direction", "host", "provider", "model", "profile")
_Z: Final = 1.959963984540054  # two sides of 95 %


class Review(NamedTuple):
    """One verdict; `at` is a time in UTC as the trail writes it."""

    id: str
    rule: str
    verdict: bool  # whether the finding is right
    reason: str
    by: str
    at: str
    seen: Mapping[str, Any] = MappingProxyType({})  # fields of `SEEN` and of the line


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
    band: int  # of scores, as `counted.BANDS` has them


class Interval(NamedTuple):
    """A share with the interval that holds it in 95 of 100 cases (Wilson, without correction)."""

    share: float
    low: float
    high: float


class Rate(NamedTuple):
    """How often a rule was wrong, of what was judged, and which share of all it may be wrong in."""

    rule: str
    wrong: int
    judged: int
    false: Interval


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
    verdict = "true" if review.verdict else "false"
    line = json.dumps({**review._asdict(), "verdict": verdict, "seen": dict(review.seen)})
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


def queue(counted: Any, reviews: Iterable[Review], rule: str = "", each: int = 5) -> list[Waiting]:
    """For each rule and band of scores some exchanges that wait for a verdict, drawn by the digest
    of their id: the same again as long as nobody judges them. `counted` is a connection of
    `open_counted`."""
    known = {(review.id, review.rule) for review in reviews}
    rows = counted.execute(
        "SELECT id, rule, any_value(entity), max(score), min(time), max(band) AS band FROM samples "
        "WHERE ? IN ('', rule) GROUP BY id, rule ORDER BY rule, band, md5(id)",
        [rule],
    ).fetchall()
    taken: dict[tuple[str, int], list[Waiting]] = {}
    for waiting in map(Waiting._make, rows):
        some = taken.setdefault((waiting.rule, waiting.band), [])
        if (waiting.id, waiting.rule) not in known and len(some) < each:
            some.append(waiting)
    return [waiting for some in taken.values() for waiting in some]


def seen_of(records: Iterable[Mapping[str, Any]], rule: str) -> dict[str, Any] | None:
    """What lines of an exchange say of a finding, its surest one first; None where there is
    none."""
    found = [
        (ruling, record)
        for record in records
        for ruling in record.get("rulings", ())
        if ruling.get("rule") == rule
    ]
    if not found:
        return None
    ruling, record = max(found, key=lambda pair: pair[0].get("score", 1.0))
    who = record.get("principal", {})
    said = {
        **{name: ruling.get(name) for name in SEEN},
        **{name: record.get(name) for name in _OF_LINE},
        "principal": who.get("id"),
        "group": who.get("group"),
        "app": record.get("client", {}).get("family"),
    }
    return {name: value for name, value in said.items() if value not in (None, "")}


def rates(reviews: Iterable[Review]) -> list[Rate]:
    """How often each rule that was judged was wrong, the worst first."""
    counts: dict[str, list[bool]] = {}
    for review in reviews:
        counts.setdefault(review.rule, []).append(not review.verdict)
    made = [
        Rate(rule, sum(wrong), len(wrong), wilson(sum(wrong), len(wrong)))
        for rule, wrong in counts.items()
    ]
    return sorted(made, key=lambda rate: (-rate.false.low, -rate.false.share, rate.rule))


def _parsed(line: str, at: str) -> Review:
    try:
        given = json.loads(line)
        fields = [given[name] for name in Review._fields[:-1]]
        seen = given.get("seen", {})
        if not isinstance(seen, dict):
            raise ValueError
        if not all(isinstance(each, str) for each in fields) or fields[2] not in ("true", "false"):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise AuditError(
            "EXC-AUD-001",
            "no review; wanted an object of id, rule, verdict (true or false), reason, by and at.",
            at=at,
        ) from None
    name, rule, verdict, reason, by, when = fields
    return Review(name, rule, verdict == "true", reason, by, when, seen)
