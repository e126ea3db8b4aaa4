"""One audit line for a person: what was decided, what for, and what else is known of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

_RULING: Final = (
    "rule", "entity", "severity", "action", "mode", "clause", "place", "role", "part", "path",
    "score", "fingerprint", "count", "excerpt",
)  # fmt: skip
_APART: Final = ("rulings", "schema", "time", "stage", "action", "would")


def explain(record: Mapping[str, Any]) -> Iterator[RenderableType]:
    """A headline, a table of what was found, and every other field. Values come from a file, so
    they are shown as they are, never as markup."""
    yield Text(_headline(record), style="bold")
    rulings = record.get("rulings", ())
    if rulings:
        yield _rulings(rulings)
    yield _rest(record)


def _headline(record: Mapping[str, Any]) -> str:
    action, would = record.get("action", ""), record.get("would", "")
    words = [record.get("time", ""), record.get("stage", ""), action]
    if would and would != action:
        words.append(f"(with shadow rules enforced: {would})")
    return " ".join(word for word in words if word)


def _rulings(rulings: Any) -> Table:
    shown = [
        name for name in _RULING if any(ruling.get(name) not in (None, "") for ruling in rulings)
    ]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in shown:
        table.add_column(name, overflow="fold")
    for ruling in rulings:
        table.add_row(*(Text(str(ruling.get(name, ""))) for name in shown))
    return table


def _rest(record: Mapping[str, Any]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in flatten(record):
        if name.partition(".")[0] not in _APART:
            table.add_row(name, Text(str(value)))
    return table


def flatten(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Fields of objects by dotted names; lists of words joined."""
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{name}.")
        elif isinstance(value, list) and all(isinstance(each, str) for each in value):
            yield f"{prefix}{name}", ", ".join(value)
        else:
            yield f"{prefix}{name}", value
