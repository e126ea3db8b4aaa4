"""Reviewed verdicts as regression cases: what is known of a finding, and never the finding.

A case has no id, fingerprint, person or path; the text beside it is made up by whoever knows the
rule's own examples.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from excise.audit.review import Review
from excise.errors import AuditError

FEATURES: Final = (
    "entity", "kind", "severity", "action", "mode", "role", "part", "score", "older", "direction",
    "provider", "host", "model", "group",
)  # fmt: skip
_NEEDED: Final = ("entity", "kind", "severity", "action", "direction")
_LENGTH: Final = 12  # hex digits of a name


class Case(NamedTuple):
    """`right` says whether the finding was; `text` is made up, and empty where there is none."""

    name: str
    rule: str
    right: bool
    features: Mapping[str, Any]
    text: str = ""


def build_cases(reviews: Iterable[Review]) -> list[Case]:
    """One case for each way in which rules were judged, in an order of its own; those of which
    features are missing are left out."""
    made: dict[str, Case] = {}
    for review in reviews:
        features = {name: review.seen[name] for name in FEATURES if name in review.seen}
        if all(name in features for name in _NEEDED):
            told = json.dumps([review.rule, review.verdict, features], sort_keys=True)
            name = hashlib.sha256(told.encode()).hexdigest()[:_LENGTH]
            made[name] = Case(name, review.rule, review.verdict, features)
    return [made[name] for name in sorted(made)]


def record_of(case: Case) -> dict[str, Any]:
    """A line that says no more than the case, for `policy.replay`."""
    features = case.features
    line = {name: features[name] for name in ("provider", "host", "model") if name in features}
    ruling = {name: features[name] for name in
              ("entity", "kind", "severity", "action", "mode", "role", "part", "score", "older")
              if name in features}  # fmt: skip
    return {
        "stage": features["direction"], "direction": features["direction"],
        "time": "2030-01-01T00:00:00.000Z", **line,
        "principal": {"id": "case", "source": "case", "group": features.get("group", "")},
        "rulings": [{**ruling, "rule": case.rule, "count": 1}],
    }  # fmt: skip


def render_cases(cases: Iterable[Case]) -> str:
    """One JSON object a line."""
    return "".join(f"{json.dumps(case._asdict())}\n" for case in cases)


def parse_cases(text: str, origin: str) -> list[Case]:
    """Raises `AuditError`, with the line."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            case = Case(**json.loads(line))
            fits = isinstance(case.features, dict) and all(n in case.features for n in _NEEDED)
        except (ValueError, TypeError):
            fits = False
        if not fits:
            raise AuditError("EXC-AUD-003", "the line is no case.", at=f"{origin}:{number}")
        found.append(case)
    return found
