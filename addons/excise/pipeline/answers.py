"""A streamed answer on its way to the client: decoded, inspected, and described for the trail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from excise.audit.fields import Stage
from excise.audit.record import Facts
from excise.codecs.base import StreamReader
from excise.codecs.framing.encoding import Decoder
from excise.detectors.asked.judge import UNSAFE
from excise.detectors.base import Findings, Scanner
from excise.enforce.redact import Lookup
from excise.errors import Unreadable
from excise.model import (
    REFUSING,
    Action,
    Answer,
    Decision,
    Direction,
    Exchange,
    Refusal,
    RefusalClass,
    Ruling,
    Segment,
    Span,
    Spoken,
    Usage,
)
from excise.pipeline.afterthought import Overheard
from excise.pipeline.alongside import Alongside
from excise.pipeline.listening import Listener, decided
from excise.pipeline.outcome import Context, Record, Thought
from excise.pipeline.stream import Overhear, ResponseStream, Watch
from excise.pipeline.stream import Step as Part
from excise.policy.running import Progress, Said
from excise.text.tokencount import encoding_of


class Step(NamedTuple):
    """What one chunk led to. With rulings or clauses, `record()` must be on disk before `data`
    goes out."""

    data: bytes = b""
    rulings: tuple[Ruling, ...] = ()
    clauses: tuple[Spoken, ...] = ()
    closed: bool = False
    wait: Callable[[], None] | None = None  # blocks; then `resume` gives the rest of this step

    def __repr__(self) -> str:
        return f"<Step {len(self.data)} bytes>"


class Judge(Protocol):
    """What a stream needs of the firewall that opened it."""

    @property
    def scanner(self) -> Scanner:
        """What finds in any text."""
        ...

    def scanner_of(self, context: Context) -> Scanner:
        """What finds in the answer to a request."""
        ...

    def listen(self, context: Context, progress: Callable[[], Progress]) -> Listener:
        """What rules on a streamed answer of this exchange."""
        ...

    def watch(self, context: Context) -> Watch:
        """What looks at the events of an answer beside the detectors."""
        ...

    def name(self, ruling: Ruling, value: str) -> str:
        """The placeholder that stands for a value from now on."""
        ...

    def usage(self, context: Context, output: int) -> Usage:
        """Tokens of an exchange whose provider did not count them."""
        ...

    def unread(self, reason: str) -> Action:
        """What the policy does about a body that cannot be read."""
        ...

    def refusal(self, cls: RefusalClass, exchange: Exchange) -> Refusal:
        """What a client is told."""
        ...

    def verdict(self, exchange: Exchange, decision: Decision) -> Refusal:
        """What a client is told of a decision that ends an answer."""
        ...

    def describe(self, context: Context, decision: Decision, facts: Facts) -> Record:
        """An audit line."""
        ...


def last_word(parts: Sequence[Said]) -> Decision:
    """The decision that ends an answer; where nothing said so, something in it was not read."""
    decision = decided(parts, (), Action.ALLOW, ())
    if decision.action in REFUSING:
        return decision
    return replace(decision, action=Action.BLOCK, would=Action.BLOCK)


def _all(listeners: Sequence[Overhear]) -> Overhear:
    def overhear(segment: Segment, findings: Findings, span: Span) -> None:
        for listener in listeners:
            listener(segment, findings, span)

    return overhear if len(listeners) != 1 else listeners[0]


def _joined(one: Step, other: Step) -> Step:
    return Step(
        data=one.data + other.data,
        rulings=one.rulings + other.rulings,
        clauses=one.clauses + other.clauses,
        closed=other.closed,
        wait=other.wait,
    )


class AnswerStream:
    """Feeds an answer's bytes through decoder and inspection. Not for several threads."""

    def __init__(
        self,
        *,
        judge: Judge,
        reader: StreamReader,
        answer: Answer,
        context: Context,
        lookup: Lookup,
        decoder: Decoder | None,
        timer: Callable[[], float],
        alongside: Alongside | None = None,
        overheard: Overheard | None = None,
    ) -> None:
        self._along = alongside
        self._overheard = overheard
        self._judge = judge
        self._answer = answer
        self._context = context
        self._decoder = decoder
        self._timer = timer
        self._inner = ResponseStream(
            reader=reader,
            scanner=judge.scanner_of(context),
            judge=self._listen,
            redact=judge.name,
            lookup=lookup,
            notice=self._last_words,
            encoding=encoding_of(context.model),
            stops=lambda reason: judge.unread(reason) is Action.BLOCK,
            overhear=_all([each.overhear for each in (alongside, overheard) if each]),
            lasts=self._lasts,
            watch=judge.watch(context),
        )
        self._is_last = False  # whether the end of the answer is held
        self._listener: Listener | None = None
        self._parts: list[Part] = []  # of which no line has told
        self._reasons: list[str] = []
        self._unread_action = Action.ALLOW
        self._passing = False  # unreadable, and policy lets it pass
        self._ended = ""
        self._bytes_in = self._bytes_out = 0
        self._seconds = 0.0
        self._told = (0, 0)  # edits and restores that a line has told of already

    def feed(self, chunk: bytes) -> Step:
        """The next bytes of upstream, as they came off the wire."""
        began = self._timer()
        self._bytes_in += len(chunk)
        step = self._attended(lambda: self._fed(chunk))
        self._bytes_out += len(step.data)
        self._seconds += self._timer() - began
        return step

    def finish(self, *, cut: bool = False) -> Step:
        """Upstream has ended the answer, or with `cut` has died in the middle of it."""
        began = self._timer()
        step = self._finished(cut)
        self._bytes_out += len(step.data)
        self._seconds += self._timer() - began
        return step

    def resume(self) -> Step:
        """What was held until the judge had spoken, or its time was over."""
        step = self._rest()
        self._bytes_out += len(step.data)
        return step

    def close(self, reference: str, cls: RefusalClass) -> bytes:
        """A clean native ending in the words of a class, fit to follow what was released."""
        self._ended = "closed"
        exchange = replace(self._context.exchange, id=reference)
        return self._inner.close(self._judge.refusal(cls, exchange).message)

    def afterthought(self) -> Thought | None:
        """What is to be asked of the answer now that it is over."""
        return self._overheard.afterthought(self._context) if self._overheard else None

    def record(self) -> Record:
        """The audit line of what happened since the last one; the last one tells how it ended."""
        parts, self._parts = self._parts, []
        reasons, self._reasons = tuple(self._reasons), []
        floor = self._unread_action if reasons else Action.ALLOW
        decision = decided(parts, reasons, floor, self._listener.risk if self._listener else ())
        if self._along is not None and self._along.silent and self._ended:
            decision = replace(decision, missing=(UNSAFE,))
        told, inner = self._told, self._inner
        self._told = (inner.redacted, inner.restored)
        return self._judge.describe(
            self._context,
            decision,
            Facts(
                stage=Stage.STREAM,
                direction=Direction.RESPONSE,
                status=self._answer.status,
                reference=self._context.exchange.id if decision.action in REFUSING else "",
                edits=inner.redacted - told[0],
                restored=inner.restored - told[1],
                bytes_in=self._bytes_in,
                bytes_out=self._bytes_out,
                usage=inner.usage or self._usage(),
                timings={"total": self._seconds * 1000},
                upstream_status=self._answer.status,
                upstream_ended=self._ended,
            ),
        )

    def _listen(self, progress: Callable[[], Progress]) -> Listener:
        self._listener = self._judge.listen(self._context, progress)
        return self._listener

    # -- a judge alongside -------------------------------------------------------------------

    def _attended(self, feed: Callable[[], Step]) -> Step:
        """What a judge has found by now ends the answer in front of what comes next."""
        if self._along is None or self._ended:
            return feed()
        heard = self._interjected()
        if heard.closed:
            return heard
        self._is_last = False
        step = _joined(heard, feed())
        if not self._is_last or step.closed:
            return step
        return step._replace(wait=self._along.wait)

    def _rest(self) -> Step:
        heard = self._interjected()
        return heard if heard.closed else _joined(heard, self._given(self._inner.let_go()))

    def _lasts(self) -> bool:
        self._is_last = self._along is not None and self._along.lasts
        return self._is_last

    def _interjected(self) -> Step:
        heard = self._along.poll() if self._along else None
        if heard:
            return self._given(self._inner.interject(*heard))
        return self._unjudged() if self._along is not None and self._along.refuses else Step()

    def _unjudged(self) -> Step:
        """A judge that the policy requires did not answer: the answer ends here."""
        self._reasons.append(f"required:{UNSAFE}")
        self._unread_action, self._ended = Action.BLOCK, "closed"
        return Step(data=self._inner.close(self._notice(RefusalClass.POLICY)), closed=True)

    # -- steps -------------------------------------------------------------------------------

    def _fed(self, chunk: bytes) -> Step:
        if self._ended:
            return Step(closed=self._ended == "closed")
        try:
            plain = self._decoder.feed(chunk) if self._decoder else chunk
        except Unreadable as why:
            return self._unreadable(b"", why.reason, coded=True)
        if self._passing:
            return Step(data=plain)
        return self._given(self._inner.feed(plain))

    def _finished(self, cut: bool) -> Step:
        if self._ended:
            return Step(closed=self._ended == "closed")
        self._ended = "cut" if cut else "whole"
        if self._decoder is not None and not cut:
            try:
                self._decoder.finish()
            except Unreadable as why:
                return self._unreadable(b"", why.reason, coded=True)
        return Step() if self._passing else self._given(self._inner.finish())

    def _given(self, part: Part) -> Step:
        if part.rulings or part.clauses or part.failed:
            self._parts.append(part)
        for reason in part.unread:
            self._note(reason, self._judge.unread(reason))
        if part.unreadable:
            step = self._unreadable(part.out, part.unreadable)
            return step._replace(rulings=part.rulings, clauses=part.clauses)
        if part.closed:
            self._ended = "closed"
        return Step(data=part.out, rulings=part.rulings, clauses=part.clauses, closed=part.closed)

    def _unreadable(self, out: bytes, reason: str, *, coded: bool = False) -> Step:
        """Policy decides; what can no longer be decoded can only be ended."""
        action = Action.BLOCK if coded else self._judge.unread(reason)
        self._note(reason, action)
        if action is Action.BLOCK:
            self._ended = "closed"
            ending = self._inner.close(self._notice(RefusalClass.UNINSPECTABLE))
            return Step(data=out + ending, closed=True)
        self._passing = True
        return Step(data=out + self._inner.surrender())

    def _note(self, reason: str, action: Action) -> None:
        self._reasons.append(f"uninspectable:{reason}")
        self._unread_action = max(self._unread_action, action, key=lambda each: each.rank)

    def _usage(self) -> Usage | None:
        """An estimate, for the last line of a stream whose provider did not count."""
        if not self._ended or not 200 <= self._answer.status < 300:
            return None
        return self._judge.usage(self._context, self._inner.tokens)

    def _notice(self, cls: RefusalClass) -> str:
        return self._judge.refusal(cls, self._context.exchange).message

    def _last_words(self, parts: Sequence[Said]) -> str:
        return self._judge.verdict(self._context.exchange, last_word(parts)).message
