"""Refusals that their user may overrule: which, how that is offered, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from excise.enforce.overrule import digest_of, is_reason, is_valid, make_token, read_wish
from excise.model import REFUSING, Decision, Exchange, Mode
from excise.policy.build import Policy, without_clauses
from excise.policy.schema import Clause, Override


class Desk(Protocol):
    """Remembers what was spent, offered and granted."""

    def spend(self, token: str) -> bool:
        """Whether this token had not been used; it is from now on."""
        ...

    def offer(self, digest: bytes, reference: str, expires: float) -> None:
        """A refusal was given a reference under which it can be granted."""
        ...

    def granted(self, digest: bytes, unix_time: float) -> str | None:
        """The reason for which this request was granted, which is used up by asking."""
        ...


class Offer(NamedTuple):
    """How a refusal can be overruled."""

    token: str
    minutes: int


class Overruled(NamedTuple):
    """What a decision became: what it is now, and either the offer or the reason why."""

    decision: Decision
    offer: Offer | None = None
    clauses: tuple[str, ...] = ()  # those that were lifted
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """Settles overrides with a key of their own."""

    key: bytes
    desk: Desk

    def __repr__(self) -> str:
        return "<Overrides>"

    def settle(
        self,
        exchange: Exchange,
        decision: Decision,
        policy: Policy,
        again: Callable[[Policy], Decision],
        unix_time: float,
    ) -> Overruled:
        """Lift the clauses that refuse, or offer to; `again` decides under another policy.

        Nothing is offered where something refuses that nobody may overrule.
        """
        clauses = refusing(decision, policy)
        if not clauses:
            return Overruled(decision)
        names = tuple(clause.id for clause in clauses)
        milder = again(without_clauses(policy, names))
        if milder.action in REFUSING:
            return Overruled(decision)
        digest = digest_of(exchange)
        terms = [clause.override for clause in clauses if clause.override]
        because = self._reason(exchange, digest, names, terms, unix_time)
        if because is None:
            return Overruled(decision, self._offer(exchange, digest, names, terms, unix_time))
        reasons = (*milder.reasons, *(f"override:{name}" for name in names))
        lifted = replace(milder, would=decision.action, reasons=reasons)
        return Overruled(lifted, None, names, because)

    def _reason(
        self,
        exchange: Exchange,
        digest: bytes,
        names: Sequence[str],
        terms: Sequence[Override],
        unix_time: float,
    ) -> str | None:
        wish = read_wish(exchange.override) if exchange.override else None
        if wish is None:
            return self.desk.granted(digest, unix_time)
        justified = any(each.justified for each in terms)
        if (
            is_reason(wish.because, required=justified)
            and is_valid(self.key, wish.token, digest, names, unix_time)
            and self.desk.spend(wish.token)
        ):
            return wish.because
        return None

    def _offer(
        self,
        exchange: Exchange,
        digest: bytes,
        names: Sequence[str],
        terms: Sequence[Override],
        unix_time: float,
    ) -> Offer:
        minutes = min(each.minutes for each in terms)
        expires = int(unix_time) + 60 * minutes
        self.desk.offer(digest, exchange.id, expires)
        return Offer(make_token(self.key, digest, names, expires), minutes)


def refusing(decision: Decision, policy: Policy) -> tuple[Clause, ...]:
    """The clauses that refuse, where all that refuses are clauses with an override; else none."""
    said = [(r.clause, r.action, r.mode) for r in decision.rulings]
    said += [(s.clause, s.action, s.mode) for s in decision.clauses]
    names = {name for name, action, mode in said if mode is Mode.ENFORCE and action in REFUSING}
    clauses = [policy.clauses.get(name) for name in sorted(names)]
    found = tuple(clause for clause in clauses if clause is not None and clause.override)
    return found if len(found) == len(clauses) else ()
