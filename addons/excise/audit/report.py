"""What an auditor asks of a month: coverage, policy changes, verdicts, exceptions, integrity.

Gathered from the view in one pass; nothing here holds text of the traffic, since no line does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from excise.audit.counted import SHADOWED
from excise.audit.query import open_lines
from excise.audit.verify import Report as Integrity

_COLUMNS: Final = (
    "time", "stage", "direction", "action", "would", "host", "provider", "dialect", "principal.id",
    "principal.group", "reasons", "rulings.rule", "rulings.entity", "rulings.severity",
    "rulings.mode", "rulings.count", "fault.kind", "fault.where", "lost", "missing", "profile",
    "policy", "version",
)  # fmt: skip
_ROWS: Final = 25


class Table(NamedTuple):
    """One table of a section: a title, names of columns, rows of plain values."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One heading of the report."""

    title: str
    says: str
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The report of one stretch of time; `holds` is None where nothing was verified."""

    period: str
    made: str
    holds: bool | None
    sections: tuple[Section, ...] = field(default=())


# Section → what it says → tables: title, columns, query over `period`.
_SECTIONS: Final[dict[str, tuple[str, tuple[tuple[str, tuple[str, ...], str], ...]]]] = {
    "Coverage": (
        "Which traffic was read, and which could not be. A message counts as unread where its "
        "line gives a reason that begins with `uninspectable`.",
        (
            (
                "Requests by host",
                ("host", "provider", "requests", "unread", "principals"),
                "SELECT host, any_value(provider), count(*), "
                "count(*) FILTER (len(list_filter(reasons, "
                "lambda r: starts_with(r, 'uninspectable'))) > 0), "
                "count(DISTINCT principal.id) FROM period "
                "WHERE stage = 'request' GROUP BY host ORDER BY 3 DESC, 1",
            ),
            (
                "Unread, by reason",
                ("reason", "messages"),
                "SELECT r, count(*) FROM (SELECT unnest(reasons) AS r FROM period) "
                "WHERE starts_with(r, 'uninspectable') GROUP BY r ORDER BY 2 DESC, 1",
            ),
            (
                "Not decrypted",
                ("host", "connections"),
                "SELECT host, count(*) FROM period WHERE stage = 'tunnel' "
                "GROUP BY host ORDER BY 2 DESC, 1",
            ),
        ),
    ),
    "Policy changes": (
        "Each policy that decided anything, by the digest of all of its files, in the order of "
        "its first use.",
        (
            (
                "Policies in force",
                ("profile", "digest", "first", "last", "lines", "version"),
                "SELECT profile, policy, min(time), max(time), count(*), max(version) FROM period "
                "WHERE policy IS NOT NULL GROUP BY profile, policy ORDER BY 3",
            ),
        ),
    ),
    "Verdicts": (
        "What was done, and what rules that are only in shadow would have done.",
        (
            (
                "Actions",
                ("direction", "action", "messages"),
                "SELECT direction, action, count(*) FROM period WHERE action IS NOT NULL "
                "GROUP BY ALL ORDER BY 1, 3 DESC",
            ),
            (
                "Would have, by shadow rules",
                ("action", "would have been", "messages"),
                "SELECT coalesce(action, 'allow'), would, count(*) FROM period "
                f"WHERE {SHADOWED} GROUP BY ALL ORDER BY 3 DESC",
            ),
            (
                "Findings by entity",
                ("entity", "severity", "mode", "found", "messages"),
                "SELECT r.entity, r.severity, r.mode, sum(r.count)::BIGINT, count(*) FROM "
                "(SELECT unnest(rulings) AS r FROM period) GROUP BY ALL ORDER BY 4 DESC, 1",
            ),
            (
                "Principals with most refusals and redactions",
                ("principal", "group", "block", "redact", "messages"),
                'SELECT principal.id, any_value(principal."group"), '
                "count(*) FILTER (action = 'block'), count(*) FILTER (action = 'redact'), "
                "count(*) FROM period WHERE action IS NOT NULL GROUP BY 1 "
                "HAVING count(*) FILTER (action IN ('block', 'redact')) > 0 "
                "ORDER BY 3 DESC, 4 DESC, 1",
            ),
        ),
    ),
    "Exceptions": (
        "Where the firewall itself failed, was short of a detector, or could not write.",
        (
            (
                "Faults",
                ("kind", "where", "times", "last"),
                "SELECT fault.kind, fault.where, count(*), max(time) FROM period "
                "WHERE fault.kind IS NOT NULL GROUP BY ALL ORDER BY 3 DESC, 1",
            ),
            (
                "Detectors that did not answer",
                ("detector", "messages"),
                "SELECT m, count(*) FROM (SELECT unnest(missing) AS m FROM period) "
                "GROUP BY m ORDER BY 2 DESC, 1",
            ),
            (
                "Records refused while the trail could not be written",
                ("time", "records"),
                "SELECT time, lost FROM period WHERE lost > 0 ORDER BY time",
            ),
            (
                "Starts and stops",
                ("stage", "times", "first", "last"),
                "SELECT stage, count(*), min(time), max(time) FROM period "
                "WHERE stage IN ('start', 'stop') GROUP BY stage ORDER BY stage",
            ),
        ),
    ),
}


def build_report(
    path: Path, *, since: str, until: str, made: str, integrity: Sequence[Integrity]
) -> Audit:
    """The report on lines from `since` up to `until` (left out itself), times as lines spell them.
    Raises `AuditError`."""
    with open_lines(path, _COLUMNS) as lines:
        lines.execute(
            "CREATE TEMP TABLE period AS SELECT * FROM lines WHERE time >= ? AND time < ?",
            [since, until],
        )
        sections = [
            Section(title=title, says=says, tables=tuple(_table(lines, *each) for each in tables))
            for title, (says, tables) in _SECTIONS.items()
        ]
    return Audit(
        period=f"{since} to {until}",
        made=made,
        holds=not any(each.faults for each in integrity) if integrity else None,
        sections=(*sections, _integrity(integrity)),
    )


def month_after(month: str) -> str:
    """`2030-12` → `2031-01`. Raises `ValueError` where it is no month."""
    year, _, number = month.partition("-")
    if len(year) != 4 or len(number) != 2 or not 1 <= int(number) <= 12:
        raise ValueError
    return f"{int(year) + int(number) // 12:04d}-{int(number) % 12 + 1:02d}"


def _table(lines: Any, title: str, columns: tuple[str, ...], query: str) -> Table:
    rows = lines.execute(f"SELECT * FROM ({query}) LIMIT {_ROWS + 1}").fetchall()
    shown = [tuple("" if cell is None else cell for cell in row) for row in rows[:_ROWS]]
    if len(rows) > _ROWS:
        shown.append(("…", *("" for _ in columns[1:])))
    return Table(title, columns, tuple(shown))


def _integrity(reports: Sequence[Integrity]) -> Section:
    chains = tuple(
        (each.trail, each.files, each.lines, each.checkpoints, each.sealed, len(each.faults))
        for each in reports
    )
    faults = tuple(
        (f"{Path(fault.file).name}:{fault.line}", str(fault.flaw), fault.wanted, fault.got)
        for each in reports
        for fault in each.faults[:_ROWS]
    )
    notes = tuple((each.trail, note) for each in reports for note in each.notes[:_ROWS])
    return Section(
        title="Integrity",
        says="The whole trail was checked line by line: each carries the digest of the one before, "
        "and checkpoints are signed.",
        tables=(
            Table(
                "Chains",
                ("trail", "files", "lines", "checkpoints", "signed up to", "faults"),
                chains,
            ),
            Table("Flaws", ("where", "what", "expected", "found"), faults),
            Table("Notes", ("trail", "note"), notes),
        ),
    )
