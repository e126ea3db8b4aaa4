"""The figures as tables, for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from evaluate_figures import Share
from evaluate_measures import FAMILIES, LABELS

Figures = Mapping[str, Sequence[int]]
_PARTS: Final = ("by_source", "by_group", "by_kind")
_COUNTING: Final = ("recall", "alarms", "alarms on look-alikes")
_FEWEST: Final = 10  # rows of a part that is shown
_OTHERS: Final = {
    "dates covered": "dates covered",
    "alarms on texts not labelled positive elsewhere": "alarms elsewhere",
    "right where every word is known": "of known words",
}


class Grid(NamedTuple):
    """A table: its first `names` columns are words, the others figures."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    names: int = 2


def grids(report: Mapping[str, Any], *, kinds: bool = False) -> Iterator[Grid]:
    """The tables of a report; those that would be empty are left out."""
    for grid in (detection(report, kinds=kinds), names(report), ordinary(report)):
        if grid.rows:
            yield grid


def detection(report: Mapping[str, Any], *, kinds: bool = False) -> Grid:
    """Recall and alarms of secrets, payment data, personal data and code."""
    columns = ("set", "part", "of", "recall", "95 %", "covered or named", "precision", "alarms",
               "95 %", "more")  # fmt: skip
    rows = []
    for name, each in report.items():
        if _is_names(each) or _is_ordinary(each):
            continue
        rows.append((name, "", _rows(each), *_detected(each["figures"])))
        rows += [
            ("", part, str(_most(figures)), *_detected(figures))
            for part, figures in _parts(each, _PARTS if kinds else _PARTS[:2])
        ]
    return Grid("Detection by set, source and part", columns, rows)


def names(report: Mapping[str, Any]) -> Grid:
    """Exact names by label and source."""
    rows = []
    for name, each in report.items():
        if _is_names(each):
            rows.append((name, "", _rows(each), *_named(each["figures"])))
            rows += [("", part, "", *_named(figures)) for part, figures in _parts(each, _PARTS[:1])]
    columns = ("set", "part", "rows", *LABELS, "characters covered")
    return Grid("Names: F1 of exact spans by label", columns, rows)


def ordinary(report: Mapping[str, Any]) -> Grid:
    """Rows of ordinary traffic with a finding, by family."""
    rows = []
    for name, each in report.items():
        if _is_ordinary(each):
            rows.append((name, "", _rows(each), *_alarmed(each["figures"])))
            rows += [
                ("", part, str(_most(figures)), *_alarmed(figures))
                for part, figures in _parts(each, ("by_group",))
            ]
            rates = [str(each["per_10000_lines"][family]) for family in FAMILIES]
            rows.append(("", "findings that act, in 10 000 lines", str(each["lines"]), *rates))
    title = "Ordinary traffic: rows in 10 000 with a finding that acts (with one of any rule)"
    return Grid(title, ("set", "part", "rows", *FAMILIES), rows)


def _is_names(each: Mapping[str, Any]) -> bool:
    return "characters covered" in each["figures"]


def _is_ordinary(each: Mapping[str, Any]) -> bool:
    return "per_10000_lines" in each


def _rows(each: Mapping[str, Any]) -> str:
    return f"{each['rows']} of {each['of_rows']}" if "of_rows" in each else str(each["rows"])


def _parts(each: Mapping[str, Any], parts: Sequence[str]) -> Iterator[tuple[str, Figures]]:
    for part in parts:
        own = each.get(part, {})
        if len(own) > 1 or part == "by_kind":
            yield from ((name, each) for name, each in own.items() if _most(each) >= _FEWEST)


def _most(figures: Figures) -> int:
    """Of how many rows, or marks where these are counted."""
    return sum(figures[name][1] for name in _COUNTING if name in figures) or max(
        each[1] for each in figures.values()
    )


def _detected(figures: Figures) -> Iterator[str]:
    yield from _pair(figures, "recall", "taken for code")
    yield next(_shares(figures, "spans covered", "language named"), "")
    yield next(_shares(figures, "precision"), "")
    yield from _pair(figures, "alarms", "alarms on look-alikes")
    yield ", ".join(
        f"{_OTHERS[name]} {Share(*figures[name])}" for name in _OTHERS if name in figures
    )


def _named(figures: Figures) -> Iterator[str]:
    for label in LABELS:
        share = Share(*figures.get(f"F1 {label}", (0, 0)))
        true = figures.get(f"recall {label}", (0, 0))[1]
        yield f"{share.share:.2f} ({true})" if true else ""
    yield next(_shares(figures, "characters covered"), "")


def _alarmed(figures: Figures) -> Iterator[str]:
    for family in FAMILIES:
        acting, any_rule = (
            Share(*figures[f"{each}: {family}"]).share * 10_000
            for each in ("alarms", "alarms or notes")
        )
        yield f"{acting:.1f} ({any_rule:.1f})"


def _shares(figures: Figures, *names: str) -> Iterator[str]:
    for name in names:
        if name in figures and figures[name][1]:
            yield str(Share(*figures[name]))


def _pair(figures: Figures, *names: str) -> tuple[str, str]:
    name = next((each for each in names if each in figures and figures[each][1]), "")
    share = Share(*figures[name]) if name else None
    return (str(share), share.spread) if share else ("", "")
