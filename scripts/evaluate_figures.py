"""Counted shares with their intervals, tallied by source, group and kind, and compared to a run.

A report is plain data that JSON keeps: per set `figures`, `by_source`, `by_group` and `by_kind`,
each a share as `[hits, of]`. Shares named `alarms…` are the better the smaller they are.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

_Z: Final = 1.96
_LEEWAY: Final = 0.01  # of shares of characters: those of one value stand or fall together


class Share(NamedTuple):
    """So many of so many."""

    hits: int
    of: int

    @property
    def share(self) -> float:
        """Between 0 and 1; 0 where nothing was counted."""
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's at 95 %; (0, 1) where nothing was counted."""
        if not self.of:
            return 0.0, 1.0
        share, spread = self.hits / self.of, _Z * _Z / self.of
        middle = (share + spread / 2) / (1 + spread)
        half = _Z / (1 + spread) * math.sqrt(share * (1 - share) / self.of + spread / (4 * self.of))
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        return f"{self.share * 100:.1f} %"

    @property
    def spread(self) -> str:
        """The interval in words."""
        low, high = self.interval
        return f"{low * 100:.1f}–{high * 100:.1f} %"


class Count(NamedTuple):
    """One outcome of a row: what was asked, how often it was so, of how many, and of which kind."""

    figure: str
    hits: int
    of: int = 1
    kind: str = ""


class Tally:
    """Counts outcomes of one set, overall and by source, group and kind."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(
            lambda: defaultdict(lambda: [0, 0])
        )

    def add(self, count: Count, *, source: str = "", group: str = "") -> None:
        """One outcome; what has no source, group or kind counts overall alone."""
        for place in (
            ("figures", ""), ("by_source", source), ("by_group", group), ("by_kind", count.kind)
        ):  # fmt: skip
            if place[1] or place[0] == "figures":
                counts = self._counts[place][count.figure]
                counts[0] += count.hits
                counts[1] += count.of

    def report(self) -> dict[str, Any]:
        """The shares, as a report of a set keeps them."""
        parts: dict[str, Any] = {"figures": {}}
        for (part, name), figures in sorted(self._counts.items()):
            shares = {figure: Share(*counts) for figure, counts in sorted(figures.items())}
            if part == "figures":
                parts[part] = shares
            else:
                parts.setdefault(part, {})[name] = shares
        return parts


def touches(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether one of the spans overlaps the stretch."""
    return any(begin < end and stop > start for begin, stop in spans)


def covers(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether every character of the stretch lies in one of the spans."""
    for begin, stop in sorted(spans):
        start = max(start, stop) if begin <= start else start
    return start >= end


def is_alarm(figure: str) -> bool:
    """Whether a figure is the better the smaller it is."""
    return figure.startswith("alarms")


def compare(now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """A sentence for each figure that is worse than the interval of the stored run's.

    Where fewer or other rows were read than then, the two intervals must lie apart.
    """
    worse = []
    for name, was in before.items():
        if name not in now or now[name]["origin"] != was["origin"]:
            continue
        for place, figure, share in _headlines(was):
            fresh = _at(now[name], place).get(figure)
            if fresh is not None and _is_worse(figure, Share(*fresh), share):
                at = f"{name}, {place[1]}" if place[1] else name
                worse.append(f"{at}: {figure} {Share(*fresh)}, was {share} ({share.spread}).")
        rates = now[name].get("per_10000_lines", {})
        for family, then in was.get("per_10000_lines", {}).items():
            if rates.get(family, 0.0) > 1.2 * then + 1:
                worse.append(f"{name}: {family} {rates[family]} in 10 000 lines, were {then}.")
    return worse


def _headlines(report: dict[str, Any]) -> Iterator[tuple[tuple[str, str], str, Share]]:
    for figure, share in report["figures"].items():
        yield ("figures", ""), figure, Share(*share)
    for part in ("by_source", "by_group"):
        for name, figures in report.get(part, {}).items():
            for figure, share in figures.items():
                yield (part, name), figure, Share(*share)


def _at(report: dict[str, Any], place: tuple[str, str]) -> dict[str, Any]:
    part: dict[str, Any] = report.get(place[0], {})
    return part.get(place[1], {}) if place[1] else part


def _is_worse(figure: str, now: Share, was: Share) -> bool:
    if figure.startswith("characters"):
        return now.of == was.of and now.share < was.share - _LEEWAY
    low, high = now.interval if now.of != was.of else (now.share, now.share)
    return low > was.interval[1] if is_alarm(figure) else high < was.interval[0]


def spelled(each: Any) -> Any:
    """The report with every share as its counts, share and interval, for other programs."""
    if isinstance(each, Share):
        low, high = each.interval
        return {
            "hits": each.hits,
            "of": each.of,
            "share": round(each.share, 4),
            "interval": [round(low, 4), round(high, 4)],
        }
    return {key: spelled(value) for key, value in each.items()} if isinstance(each, dict) else each


def written(reports: dict[str, Any]) -> str:
    """Reports as JSON, the figures of one part a line."""
    text = json.dumps(reports, indent=1, ensure_ascii=False)
    text = re.sub(r"\[\s+(\d+),\s+(\d+)\s+\]", r"[\1, \2]", text)
    return re.sub(r"\{[^{}]*\}", lambda part: re.sub(r"\s*\n\s*", " ", part[0]), text) + "\n"
