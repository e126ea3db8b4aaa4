"""How the firewall answers in place of the model: in whose words, and in which shape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from excise.codecs.base import Asked
from excise.codecs.framing.encoding import decode
from excise.codecs.given import Said, give
from excise.enforce.block import build_refusal, class_of, topics_in
from excise.enforce.replies import PLAIN, Replies
from excise.errors import Unreadable
from excise.model import (
    OVERRIDE_HEADER,
    Action,
    Decision,
    Direction,
    Exchange,
    Mode,
    Refusal,
    RefusalClass,
    Reply,
)
from excise.pipeline.outcome import Context
from excise.pipeline.overrule import Offer
from excise.pipeline.reading import DEFAULT_LIMITS, Limits
from excise.policy.build import Policy
from excise.policy.schema import Clause

_NOTHING_DECIDED = Decision(action=Action.BLOCK, would=Action.BLOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """The words and statuses of refusals."""

    replies: Replies = PLAIN
    classic: bool = False
    fault_status: int = 400
    limits: Limits = DEFAULT_LIMITS

    def refusal(
        self,
        cls: RefusalClass,
        exchange: Exchange,
        decision: Decision = _NOTHING_DECIDED,
        clause: Clause | None = None,
        *,
        retry_after: int = 0,
    ) -> Refusal:
        """What a client is told, in its language; `clause` is the one that refuses."""
        fixed = clause is not None and clause.then is Action.FALLBACK
        message = self.replies.tell(
            cls,
            exchange.id,
            accepts=exchange.header("accept-language"),
            topics=topics_in(decision) if self.replies.names_topics else (),
            more=clause.tell if clause else "",
        )
        if clause is not None and clause.then is Action.LIMIT:
            retry_after = clause.retry_after
        return build_refusal(
            cls,
            exchange.id,
            message=clause.text if clause is not None and fixed else message,
            classic=self.classic,
            fault_status=self.fault_status,
            retry_after=retry_after,
        )

    def refuse(
        self,
        context: Context,
        decision: Decision,
        direction: Direction,
        clause: Clause | None = None,
        offer: Offer | None = None,
    ) -> Reply:
        """The answer to a message that is refused, or a fixed one in the model's place."""
        exchange, asked = context.exchange, self.asked(context.exchange)
        if decision.action is Action.FALLBACK and clause is not None:
            said = Said(clause.text, context.model, exchange.id)
            reply = give(context.dialect, said, asked, stream=context.stream)
            if reply is not None:
                return reply
        refusal = self.refusal(class_of(decision, direction), exchange, decision, clause)
        if offer is None:
            return context.dialect.refuse(refusal, asked)
        how = self.replies.tell_override(
            offer.token, offer.minutes, accepts=exchange.header("accept-language")
        )
        refusal = replace(refusal, message=f"{refusal.message} {how}")
        reply = context.dialect.refuse(refusal, asked)
        return replace(reply, headers=(*reply.headers, (OVERRIDE_HEADER, offer.token)))

    def asked(self, exchange: Exchange) -> Asked:
        """What a refusal must know of the request it answers."""
        body, coding = exchange.body, exchange.header("content-encoding")
        try:
            if coding:
                limits = self.limits
                body = decode(body, coding, limit=limits.decoded, ratio=limits.ratio)
        except Unreadable:
            body = b""
        return Asked(exchange.target, exchange.header("content-type"), body)


DEFAULT_VOICE = Voice()


def deciding(decision: Decision, policy: Policy) -> Clause | None:
    """The first clause whose word was taken; None where it was a rule's own action."""
    return next(iter(clauses_for(decision.action, decision, policy)), None)


def clauses_for(action: Action, decision: Decision, policy: Policy) -> Iterable[Clause]:
    """The enforced clauses that asked for an action, each once, in the profile's order."""
    said = [(r.clause, r.action, r.mode) for r in decision.rulings]
    said += [(s.clause, s.action, s.mode) for s in decision.clauses]
    names = {name for name, each, mode in said if each is action and mode is Mode.ENFORCE}
    return [clause for clause in policy.profile.clauses if clause.id in names]
