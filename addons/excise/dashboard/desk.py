"""What the page may ask for and change besides the trail: limits, verdicts and what follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from excise.audit.reader import find_exchange
from excise.audit.record import render_time
from excise.audit.review import FILE, Review, append_review, queue, rates, read_reviews, seen_of
from excise.dashboard.ledger import Ledger
from excise.dashboard.login import Login
from excise.dashboard.server import Bad, Desk, Given, is_time

_LONGEST: Final = 300  # characters of a reason
_EACH: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Where things are, and who judges; `limits` and `proposals` may take their time."""

    trail: Path
    state_dir: Path
    reviewer: str
    limits: Callable[[], Any]
    proposals: Callable[[], Sequence[Mapping[str, str]]] = list

    @property
    def reviews(self) -> Path:
        """Where verdicts are kept."""
        return self.state_dir / FILE


def build_desk(books: Books, facts: Mapping[str, str], login: Login | None = None) -> Desk:
    """The desk over a trail."""
    ledger = Ledger(books.trail)
    return Desk(
        ledger=ledger,
        login=login or Login(),
        facts=facts,
        asked={
            "limits": lambda _: books.limits(),
            "queue": lambda _: _queue(ledger, books),
            "reviews": lambda _: _reviews(books),
        },
        changes={"review": lambda given: _judge(ledger, books, given)},
    )


def _queue(ledger: Ledger, books: Books) -> list[dict[str, Any]]:
    known = read_reviews(books.reviews)
    waiting = ledger.ask(lambda counted: queue(counted, known, each=_EACH)).result()
    return [each._asdict() for each in waiting]


def _reviews(books: Books) -> dict[str, Any]:
    known = rates(read_reviews(books.reviews))
    shown = [
        {"rule": each.rule, "wrong": each.wrong, "judged": each.judged, **each.false._asdict()}
        for each in known
    ]
    return {"rates": shown, "proposals": books.proposals()}


def _judge(ledger: Ledger, books: Books, given: Given) -> dict[str, Any]:
    name, rule, moment = (given.get(field) for field in ("id", "rule", "time"))
    verdict, reason = given.get("verdict"), given.get("reason", "")
    if not all(isinstance(each, str) for each in (name, rule, moment, reason)):
        raise Bad("wanted id, rule, time and reason as texts")
    if not is_time(str(moment)):
        raise Bad("time is none of a line")
    if not isinstance(verdict, bool) or len(reason) > _LONGEST:
        raise Bad(f"wanted a verdict, and a reason of at most {_LONGEST} characters")
    records = find_exchange(books.trail, str(name), ledger.near(str(moment)))
    seen = seen_of(records, str(rule))
    if seen is None:
        raise Bad("the trail knows no such finding")
    now = render_time(datetime.now(UTC))
    review = Review(str(name), str(rule), verdict, reason, books.reviewer, now, seen)
    append_review(books.reviews, review)
    (mine,) = rates(each for each in read_reviews(books.reviews) if each.rule == rule)
    return {"rule": mine.rule, "wrong": mine.wrong, "judged": mine.judged}
