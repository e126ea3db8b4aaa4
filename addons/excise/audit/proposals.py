"""What verdicts speak for: an exception where one value or place is always a false alarm, a
threshold where low scores are. Evidence only; a person changes the policy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from excise.audit.counted import BANDS
from excise.audit.review import Interval, Review, wilson

FEWEST_VALUES: Final = 2  # exchanges in which one value was wrong, and never right
FEWEST_PLACES: Final = 5  # different values at one place, all wrong
_POSITION: Final = re.compile(r"(?<![^/])\d+(?![^/])")
SURE: Final = 0.5  # below a threshold at least so many must be wrong, in 95 of 100 cases
LOST: Final = 0.1  # of the findings that are right, at most so many may fall below


class Suppression(NamedTuple):
    """A value (`fingerprint`) or a place (`path`) where a rule was always wrong."""

    rule: str
    by: str
    value: str
    wrong: int


class Threshold(NamedTuple):
    """A score below which a rule is mostly wrong: how much of that was judged, what of the right
    ones would be lost."""

    rule: str
    below: float
    wrong: int
    judged: int
    false: Interval
    lost: int
    right: int


def find_suppressions(reviews: Iterable[Review]) -> list[Suppression]:
    """Values first; a place is named where its values are many, and the rule is right elsewhere:
    else the rule is in question and not the place. Positions in lists of a place are `*`."""
    known = list(reviews)
    found = [
        Suppression(rule, "fingerprint", value, len({each.id for each in some}))
        for (rule, value), some in _grouped(known, "fingerprint").items()
        if _all_wrong(some) and len({each.id for each in some}) >= FEWEST_VALUES
    ]
    right = {review.rule for review in known if review.verdict}
    for (rule, value), some in _grouped(known, "path").items():
        values = {each.seen.get("fingerprint") for each in some}
        if rule in right and _all_wrong(some) and len(values) >= FEWEST_PLACES:
            found.append(Suppression(rule, "path", value, len(some)))
    return sorted(found, key=lambda each: (each.rule, each.by, -each.wrong, each.value))


def find_thresholds(reviews: Iterable[Review]) -> list[Threshold]:
    """For each rule the highest edge of a band below which it is surely mostly wrong."""
    rules: dict[str, list[Review]] = {}
    for review in reviews:
        if isinstance(review.seen.get("score"), int | float):
            rules.setdefault(review.rule, []).append(review)
    found = []
    for rule, some in sorted(rules.items()):
        cuts = (_cut(rule, some, edge) for edge in reversed(BANDS[1:]))
        found += [cut for cut in cuts if _speaks(cut)][:1]
    return found


def _cut(rule: str, reviews: Sequence[Review], edge: float) -> Threshold:
    low = [each for each in reviews if each.seen["score"] < edge]
    wrong = sum(not each.verdict for each in low)
    right = sum(each.verdict for each in reviews)
    false = wilson(wrong, len(low))
    return Threshold(rule, edge, wrong, len(low), false, len(low) - wrong, right)


def _speaks(cut: Threshold) -> bool:
    # Where nothing above was judged, the rule as a whole is in question and no score of it.
    above = cut.right - cut.lost
    return bool(cut.judged) and cut.false.low > SURE and above > 0 and cut.lost <= LOST * cut.right


def _grouped(reviews: Iterable[Review], name: str) -> dict[tuple[str, str], list[Review]]:
    found: dict[tuple[str, str], list[Review]] = {}
    for review in reviews:
        if value := review.seen.get(name):
            shown = _POSITION.sub("*", str(value)) if name == "path" else str(value)
            found.setdefault((review.rule, shown), []).append(review)
    return found


def _all_wrong(reviews: Iterable[Review]) -> bool:
    return not any(each.verdict for each in reviews)
