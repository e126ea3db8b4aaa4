"""A firewall that knows again what came before, byte for byte: a poll, a repeated request, a batch.

What a chat sends anew with each turn is remembered text by text (`detectors.memory`); here a whole
message is, so that none of its stages runs twice. Kept is what was decided and what the trail said,
under a digest of all that was read: no text. And kept is only what passed unchanged, where nothing
but its bytes counted: not the hour, the conversation so far, a vault, a judge or another process.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from excise.audit.record import Record, printable
from excise.catalogue import Host
from excise.codecs.base import Dialect
from excise.detectors.memory import Memory
from excise.model import Action, Answer, Decision, Exchange
from excise.pipeline.answers import AnswerStream
from excise.pipeline.firewall import Firewall
from excise.pipeline.outcome import Context, RequestOutcome, ResponseOutcome
from excise.pipeline.positive import as_it_is
from excise.pipeline.sessions import reads_sessions
from excise.pipeline.socket import Socket

LARGEST: Final = 262_144  # bytes of a body; what is larger hardly comes twice
REMEMBERED: Final = 1024  # messages of either way; one is its line of the trail, some kilobytes


class Asked(NamedTuple):
    """What was made of a request."""

    host: Host
    dialect: Dialect
    model: str
    tokens: int
    hidden: bool
    decision: Decision
    record: Record


class Answered(NamedTuple):
    """What was made of an answer."""

    decision: Decision
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallingFirewall(Firewall):
    """A firewall of one policy version, with its memory. Safe for several threads."""

    asked: Memory[Asked] = field(init=False)
    answered: Memory[Answered] = field(init=False)
    is_steady: bool = field(init=False)  # whether its verdicts hang on nothing but the bytes

    def __post_init__(self) -> None:
        Firewall.__post_init__(self)
        # Not by argument: who changes anything of a firewall gets one that remembers nothing.
        object.__setattr__(self, "asked", Memory[Asked](REMEMBERED))
        object.__setattr__(self, "answered", Memory[Answered](REMEMBERED))
        steady = (
            not self.is_slow
            and not self.excerpts  # which are text, in a line
            and self.judging is None
            and self.positive is as_it_is
            and not self.policy.is_timed
            and not (self.sessions is not None and reads_sessions(self.policy.reads))
        )
        object.__setattr__(self, "is_steady", steady)

    def inspect_request(self, exchange: Exchange) -> RequestOutcome:
        """Judge one whole request, or remember it."""
        if not self._may_know(exchange):
            return Firewall.inspect_request(self, exchange)
        began, digest = self.timer(), digest_of(exchange)
        known = self.asked.get(digest)
        if known is None:
            outcome = Firewall.inspect_request(self, exchange)
            context = outcome.context
            if _is_quiet(outcome) and not context.stream:
                self.asked.put(
                    digest,
                    Asked(
                        context.host,
                        context.dialect,
                        context.model,
                        context.tokens,
                        context.hidden,
                        _bare(outcome.decision),
                        outcome.record,
                    ),
                )
            return outcome
        return RequestOutcome(
            context=Context(
                exchange=exchange,
                host=known.host,
                dialect=known.dialect,
                model=known.model,
                tokens=known.tokens,
                hidden=known.hidden,
                recalled=digest,
            ),
            decision=known.decision,
            record=self._line(known.record, exchange, began),
            reply=None,
            target=exchange.target,
            headers=exchange.headers,
            body=exchange.body,
            changed=False,
            kept={},
        )

    def inspect_response(
        self, exchange: Exchange, answer: Answer, context: Context
    ) -> ResponseOutcome:
        """Judge one whole answer, or remember it as the answer to the same request."""
        began, digest = self.timer(), b""
        if len(answer.body) <= LARGEST and (
            request := context.recalled or self._known_as(exchange)
        ):
            digest = digest_of_answer(request, answer)
        known = self.answered.get(digest) if digest else None
        if known is None:
            outcome = Firewall.inspect_response(self, exchange, answer, self._whole(context))
            if digest and _is_quiet(outcome):
                self.answered.put(digest, Answered(_bare(outcome.decision), outcome.record))
            return outcome
        return ResponseOutcome(
            decision=known.decision,
            record=self._line(known.record, exchange, began),
            reply=None,
            body=answer.body,
            changed=False,
        )

    def open_stream(
        self, exchange: Exchange, answer: Answer, context: Context
    ) -> AnswerStream | None:
        """An inspector for a streamed answer; None where it is none."""
        stream = Firewall.open_stream(self, exchange, answer, context)
        if stream is None or not context.recalled:
            return stream
        return Firewall.open_stream(self, exchange, answer, self._whole(context))

    def open_socket(self, context: Context) -> Socket:
        """An inspector for the messages of an upgraded exchange."""
        return Firewall.open_socket(self, self._whole(context))

    def _known_as(self, exchange: Exchange) -> bytes:
        """The digest of a request that is remembered; b"" of any other."""
        digest = digest_of(exchange) if self._may_know(exchange) else b""
        return digest if digest and self.asked.get(digest) is not None else b""

    def _may_know(self, exchange: Exchange) -> bool:
        return (
            self.is_steady
            and not exchange.override
            and len(exchange.body) <= LARGEST
            and not self.waits(exchange, exchange.body)
        )

    def _whole(self, context: Context) -> Context:
        """A context with all that reads the answer, which is not kept: it knows texts."""
        if not context.recalled:
            return context
        return Firewall.inspect_request(self, context.exchange).context

    def _line(self, record: Record, exchange: Exchange, began: float) -> Record:
        spent = round((self.timer() - began) * 1000, 3)
        return {**record, "id": printable(exchange.id, 64), "timings": {"total": spent}}


def digest_of(exchange: Exchange) -> bytes:
    """Stands for all of a request but its id and what overrules it: equal only for equal ones."""
    who = exchange.principal
    head = repr(
        (
            exchange.method,
            exchange.host,
            exchange.port,
            exchange.target,
            exchange.headers,
            (who.id, who.source, who.group),
            exchange.address,
        )
    )
    return _digest(b"", head, exchange.body)


def digest_of_answer(request: bytes, answer: Answer) -> bytes:
    """Stands for all of an answer to the request of that digest."""
    return _digest(request, repr((answer.status, answer.headers)), answer.body)


def _digest(before: bytes, head: str, body: bytes) -> bytes:
    told = head.encode()  # of a repr, in which nothing stands that UTF-8 cannot say
    digest = hashlib.sha256(b"%b%d %b" % (before, len(told), told))
    digest.update(body)
    return digest.digest()


def _is_quiet(outcome: RequestOutcome | ResponseOutcome) -> bool:
    """Whether a message passed as it was, and would again."""
    decision = outcome.decision
    return (
        outcome.steady
        and outcome.reply is None
        and not outcome.changed
        and outcome.afterthought is None
        and max(decision.action.rank, decision.would.rank) <= Action.ALERT.rank
    )


def _bare(decision: Decision) -> Decision:
    """Without the segments that rulings are about: what they say stands in the line."""
    return Decision(action=decision.action, would=decision.would)
