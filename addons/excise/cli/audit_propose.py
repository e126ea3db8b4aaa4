"""`excise audit propose`: changes that verdicts speak for, as diffs. Nothing is applied."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from excise.audit.proposals import Suppression, Threshold, find_suppressions, find_thresholds
from excise.audit.review import FILE, Review, read_reviews
from excise.cli.options import settings_of
from excise.cli.policy_allow import with_exception
from excise.config import Settings
from excise.folders import Folders

DAYS: Final = 90  # for which an exception is proposed
_CLAUSES: Final = re.compile(r"^clauses:[ \t]*(?:#.*)?$", re.MULTILINE)
_PLURAL: Final = {"fingerprint": "fingerprints", "path": "paths"}


class Proposal(NamedTuple):
    """A change: what it is, what speaks for it, and the change itself as a unified diff."""

    title: str
    says: str
    diff: str


def add_propose(commands: Any) -> None:
    """The command and its options."""
    verb = commands.add_parser("propose", help="changes that verdicts speak for, as diffs")
    verb.add_argument("--profile", metavar="NAME|FILE", help="that thresholds go to")
    verb.add_argument("--policies", type=Path, metavar="DIR", help="a folder of your own")
    verb.add_argument("--state-dir", type=Path, metavar="DIR", help="where verdicts are")
    verb.set_defaults(func=run_propose)


def run_propose(args: argparse.Namespace) -> int:
    """Print each with what speaks for it."""
    settings = settings_of(args)
    found = build_proposals(settings, read_reviews(settings.state_dir / FILE), _today())
    for each in found:
        print(f"# {each.title}\n# {each.says}\n{each.diff}")
    if not found:
        print("the verdicts speak for no change")
    return 0


def proposals_of(settings: Settings) -> list[dict[str, str]]:
    """The same for the page."""
    reviews = read_reviews(settings.state_dir / FILE)
    return [each._asdict() for each in build_proposals(settings, reviews, _today())]


def build_proposals(settings: Settings, reviews: Iterable[Review], today: date) -> list[Proposal]:
    """Exceptions first. Raises `ConfigError` where the file to change cannot be read."""
    known = list(reviews)
    return [
        *(_excused(settings, each, today) for each in find_suppressions(known)),
        *(_lowered(settings, each) for each in find_thresholds(known)),
    ]


def _excused(settings: Settings, found: Suppression, today: date) -> Proposal:
    before, origin = Folders(settings.policies).exceptions(settings.state_dir)
    entry = {
        _PLURAL[found.by]: [found.value],
        "rules": [found.rule],
        "because": f"Judged a false positive {found.wrong} times, and never right.",
        "until": (today + timedelta(days=DAYS)).isoformat(),
    }
    return Proposal(
        f"Except one {found.by} from {found.rule}",
        f"{found.wrong} of {found.wrong} findings judged there were false positives.",
        _diff(before, with_exception(before, entry), origin),
    )


def _lowered(settings: Settings, found: Threshold) -> Proposal:
    text, origin = Folders(settings.policies).profile(settings.profile)
    return Proposal(
        f"Only log {found.rule} below a score of {found.below}",
        f"{found.wrong} of {found.judged} findings judged below were false positives "
        f"({found.false.low:.0%} to {found.false.high:.0%}); {found.lost} of {found.right} right "
        "ones would only be logged.",
        _diff(text, with_threshold(text, found), origin),
    )


def with_threshold(text: str, found: Threshold) -> str:
    """A profile's text with one clause more in front; nothing else in it is touched."""
    name = f"{found.rule}-below-{found.below}".replace(".", "-").replace("_", "-").lower()
    clause = (
        f"  - id: {name}\n"
        f"    when: {{rules: [{found.rule}]}}\n"
        f"    if: finding.score < {found.below}\n"
        "    then: log\n"
    )
    head = _CLAUSES.search(text)
    if head is None:
        return f"{text.rstrip(chr(10))}\nclauses:\n{clause}"
    at = text.index("\n", head.start()) + 1
    return text[:at] + clause + text[at:]


def _diff(before: str, after: str, origin: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), origin, origin, lineterm="", n=2
    )
    return "\n".join(lines) + "\n"


def _today() -> date:
    return datetime.now(UTC).date()
