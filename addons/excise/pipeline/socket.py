"""A WebSocket under inspection: each message of the client's is a request, what the server says is
one long stream of answers.

Messages go on as they came, edited, or not at all; what a message led to is a `SocketStep`. How
messages were cut into frames is not known here, so it can change nothing.

Lines: one for each message of the client's that asks for an answer or about which anything was
ruled; one for what was ruled in an answer, one at its end, and one at the end of the socket. Lines
of one answer carry the id of the message that asked for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from excise.audit.fields import Stage
from excise.audit.record import Facts
from excise.codecs.messages import cut_messages, put_end
from excise.codecs.sockets import SocketDialect, load_message
from excise.detectors.asked.judge import UNSAFE
from excise.detectors.base import Findings
from excise.enforce.redact import Lookup
from excise.model import (
    REFUSING,
    Action,
    Decision,
    Direction,
    Exchange,
    Part,
    Refusal,
    RefusalClass,
    Role,
    Segment,
    SocketMessage,
    Span,
    Usage,
)
from excise.pipeline import answers
from excise.pipeline.afterthought import Overheard
from excise.pipeline.alongside import Alongside, read_along
from excise.pipeline.judging import Wall
from excise.pipeline.listening import Listener, Risk, decided
from excise.pipeline.outcome import Context, Record, RequestOutcome, Thought
from excise.pipeline.stream import ResponseStream
from excise.pipeline.stream import Step as StreamStep
from excise.policy.running import Progress, Said

POLICY_VIOLATION: Final = 1008  # RFC 6455, 7.4.1
SWITCHING: Final = 101
MEDIA_TYPE: Final = "media-type"  # of a binary message that is no text


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketStep:
    """What one message led to. Where `durable`, the records must be on disk before anything goes
    out; `close` is the code the socket is then closed with, 0 where it stays open."""

    onward: tuple[SocketMessage, ...] = ()  # to the other side
    back: tuple[SocketMessage, ...] = ()  # to the side the message came from
    records: tuple[Record, ...] = ()
    durable: bool = False
    kept: Mapping[str, str] = field(default_factory=dict, repr=False)
    close: int = 0
    reason: str = ""  # told with the close
    afterthought: Thought | None = None


class Judge(answers.Judge, Wall, Protocol):
    """What a socket needs of the firewall; each message may come with a newer one."""

    @property
    def lookup(self) -> Callable[[str], Lookup]:
        """Principal id → its vault."""
        ...

    def inspect_message(self, exchange: Exchange) -> RequestOutcome:
        """Judge a message of the client's as a request."""
        ...

    def verdict(
        self, exchange: Exchange, decision: Decision, direction: Direction = Direction.RESPONSE
    ) -> Refusal:
        """What a client is told of a decision that refuses."""
        ...

    def overhear(self) -> Overheard | None:
        """What keeps an answer for those that are asked when it is over."""
        ...

    def close_code(self) -> int:
        """With what a socket is closed of which a message was refused; 0 where it stays open."""
        ...


class Socket:
    """Inspects both directions of one socket. Not for several threads at once."""

    def __init__(self, judge: Judge, dialect: SocketDialect, context: Context) -> None:
        self._judge = judge
        self._dialect = dialect
        upgrade = context.exchange
        agent = tuple(pair for pair in upgrade.headers if pair[0] == "user-agent")
        # Messages are no heirs of the upgrade's head, which was judged and may have been edited.
        self._exchange = replace(upgrade, headers=agent, target=upgrade.path, body=b"")
        self._context = replace(context, stream=True)
        self._kinds: deque[bool] = deque()
        self._binary = False
        self._muted: frozenset[str] = frozenset()
        self._tally = Tally()
        self._asked = 0  # tokens of what the client has sent since the last answer, estimated
        self._listener: Listener | None = None
        self._along: Alongside | None = None  # a judge that reads the newest answer along
        self._open_stream()

    @property
    def busy(self) -> bool:
        """Whether an answer is under way."""
        return bool(self._reader.live) or self._stream.waits

    # -- the client's side ---------------------------------------------------------------------

    def client(self, judge: Judge, message: SocketMessage, reference: str) -> SocketStep:
        """A message of the client's; `reference` becomes the id of what it asks for."""
        self._adopt(judge)
        exchange = replace(self._exchange, id=reference, body=message.data)
        if _is_binary(message):
            return self._unread_request(replace(exchange, body=b""), message)
        outcome = judge.inspect_message(exchange)
        document = load_message(message.data)
        decision = outcome.decision
        if outcome.reply is not None:
            step = self._refuse(outcome.context, decision, document, outcome.record)
            return replace(step, afterthought=outcome.afterthought)
        self._asked += judge.usage(outcome.context, 0).input or 0
        asks = self._dialect.asks(document)
        if asks:
            self._follow(outcome.context)
        told = bool(decision.rulings or decision.missing) or self._tally.is_news(decision.reasons)
        return SocketStep(
            onward=(SocketMessage(outcome.body, message.binary),),
            records=(outcome.record,) if asks or told else (),
            durable=decision.action.rank >= Action.REDACT.rank,
            kept=outcome.kept,
            afterthought=outcome.afterthought,
        )

    def _follow(self, context: Context) -> None:
        """What the server says from now on answers this. The body is not kept: it was sent."""
        bare = replace(context.exchange, body=b"")
        self._context = replace(context, exchange=bare, stream=True)
        self._stream.scanner = self._judge.scanner_of(self._context)
        self._along = read_along(self._judge, self._context)

    def _unread_request(self, exchange: Exchange, message: SocketMessage) -> SocketStep:
        reason = f"uninspectable:{MEDIA_TYPE}"
        action = self._judge.unread(MEDIA_TYPE)
        decision = Decision(action=action, would=action, reasons=(reason,))
        context = replace(self._context, exchange=exchange)
        blocked = action is Action.BLOCK
        facts = Facts(
            stage=Stage.REQUEST,
            direction=Direction.REQUEST,
            reference=exchange.id if blocked else "",
            bytes_in=len(message.data),
            bytes_out=0 if blocked else len(message.data),
        )
        record = self._judge.describe(context, decision, facts)
        if blocked:
            return self._refuse(context, decision, None, record)
        told = self._tally.is_news(decision.reasons)
        return SocketStep(onward=(message,), records=(record,) if told else ())

    def _refuse(
        self, context: Context, decision: Decision, document: Any, record: Record
    ) -> SocketStep:
        refusal = self._judge.verdict(context.exchange, decision, Direction.REQUEST)
        back = self._dialect.refuse(refusal, document)
        return SocketStep(
            back=tuple(SocketMessage(each, self._binary) for each in back),
            records=(record,),
            durable=True,
            close=self._judge.close_code() or (0 if back else POLICY_VIOLATION),
            reason=_closing(context.exchange.id),
        )

    # -- the server's side ---------------------------------------------------------------------

    def server(self, judge: Judge, message: SocketMessage) -> SocketStep:
        """A message of the server's."""
        self._adopt(judge)
        began = judge.timer()
        step = _joined(self._interjected(), self._server(message))
        self._tally.seconds += judge.timer() - began
        return step

    def _interjected(self) -> SocketStep:
        """What a judge has found by now ends the answers that are under way."""
        heard = self._along.poll() if self._along and self.busy else None
        if heard is None:
            return SocketStep()
        part = self._stream.interject(*heard)
        self._tally.take(self._stream, part)
        sent = self._messages(part.out)
        if part.closed:
            self._along = None
            self._mute()
        return self._given(part, sent, ended=False)

    def _server(self, message: SocketMessage) -> SocketStep:
        tally = self._tally
        tally.bytes_in += len(message.data)
        if _is_binary(message):
            return self._unread_answer(message)
        self._binary = message.binary
        if self._muted:
            key, ends = self._dialect.turn_of(load_message(message.data))
            if key in self._muted:
                self._muted -= {key} if ends else set()
                return SocketStep()
        self._kinds.append(message.binary)
        reader, turns = self._reader, self._reader.turns
        part = self._stream.feed(put_end(message.data))
        tally.take(self._stream, part)
        for reason in part.unread:
            tally.unread(reason, self._judge.unread(reason))
        out = part.out
        if part.unreadable:
            out += self._give_up(part.unreadable)
        sent = self._messages(out)
        ended = reader.turns != turns
        if ended and not part.closed:
            last = self._stream.conclude()
            tally.take(self._stream, last)
            if self._stream.blocked:  # what ends the answer is held back, and refused instead
                part, sent = part._replace(closed=True), ()
        if part.closed:
            self._mute()
        return self._given(part, sent, ended=ended)

    def _unread_answer(self, message: SocketMessage) -> SocketStep:
        """What is held goes first, so that order is kept."""
        action, tally = self._judge.unread(MEDIA_TYPE), self._tally
        tally.unread(MEDIA_TYPE, action)
        part = self._stream.finish()
        tally.take(self._stream, part)
        sent = self._messages(part.out)
        if action is not Action.BLOCK:
            sent = (*sent, message)
        self._open_stream()
        return self._given(part, sent, ended=False)

    def _give_up(self, reason: str) -> bytes:
        action = self._judge.unread(reason)
        self._tally.unread(reason, action)
        if action is Action.BLOCK:
            ending = self._stream.close(self._notice(RefusalClass.UNINSPECTABLE).message)
            self._mute()
            return ending
        rest = self._stream.surrender()
        self._open_stream()
        return rest

    def _mute(self) -> None:
        """The answers under way are over for the client, whatever upstream still says of them."""
        self._muted = frozenset(self._reader.live)
        self._open_stream()

    def _messages(self, out: bytes) -> tuple[SocketMessage, ...]:
        """What a reader gave out, each of the kind it came in."""
        return tuple(
            SocketMessage(data, self._kinds.popleft() if self._kinds else self._binary)
            for data in cut_messages(out)
        )

    def _given(self, part: StreamStep, sent: tuple[SocketMessage, ...], ended: bool) -> SocketStep:
        decision = self._decided()
        if ended and self._along is not None and (self._along.silent or self._along.lasts):
            decision = replace(decision, missing=(UNSAFE,))
        blocked = decision.action in REFUSING
        if part.closed and not sent:  # no answer was under way that could be ended
            told = self._dialect.refuse(self._notice(RefusalClass.LEAK), {})
            sent = tuple(SocketMessage(each, self._binary) for each in told)
        self._tally.bytes_out += sum(len(each.data) for each in sent)
        durable = bool(decision.rulings or decision.clauses) or blocked
        if ended and self._tally.usage is None:
            self._tally.usage = Usage(
                input=self._asked, output=self._stream.tokens, counted="estimate"
            )
        records = (self._record(decision),) if durable or ended else ()
        thought = None
        if ended:
            thought = self._overheard.afterthought(self._context) if self._overheard else None
            self._asked = 0
            self._stream.begin()
            self._tally = Tally()
        return SocketStep(
            onward=sent,
            records=records,
            durable=durable,
            close=self._judge.close_code() if blocked else 0,
            reason=_closing(self._context.exchange.id) if blocked else "",
            afterthought=thought,
        )

    # -- both ------------------------------------------------------------------------------------

    def end(self) -> SocketStep:
        """The socket is closed: what is held goes out, and the last line is written."""
        tally = self._tally
        part = self._stream.finish()
        tally.take(self._stream, part)
        sent = self._messages(part.out)
        tally.bytes_out += sum(len(each.data) for each in sent)
        tally.ended = "cut" if self._reader.live else "whole"
        decision = self._decided()
        record = self._record(decision)
        return SocketStep(
            onward=sent, records=(record,), durable=bool(decision.rulings or decision.clauses)
        )

    def control(self, judge: Judge, text: bytes) -> bytes:
        """The text of a ping, a pong or a close, empty where anything stands in it."""
        segment = Segment(text.decode("utf-8", "replace"), Role.USER, Part.METADATA, 0)
        if not text or not judge.scanner.scan([segment])[0]:
            return text
        self._tally.anomalies.add("control-text")
        return b""

    def _adopt(self, judge: Judge) -> None:
        """A newer policy holds from the next message on, save for a text in the middle."""
        if judge is not self._judge:
            self._judge = judge
            if not self._stream.waits and not self._reader.live:
                self._open_stream()

    def _open_stream(self) -> None:
        self._kinds.clear()
        self._reader = self._dialect.open_reader()
        judge = self._judge
        self._overheard = judge.overhear()
        self._stream = ResponseStream(
            reader=self._reader,
            scanner=judge.scanner_of(self._context),
            judge=self._listen,
            redact=judge.name,
            lookup=judge.lookup(self._exchange.principal.id),
            notice=self._last_words,
            stops=lambda reason: judge.unread(reason) is Action.BLOCK,
            watch=judge.watch(self._context),
            overhear=self._overhear,
        )

    def _overhear(self, segment: Segment, findings: Findings, span: Span) -> None:
        for each in (self._along, self._overheard):
            if each is not None:
                each.overhear(segment, findings, span)

    def _listen(self, progress: Callable[[], Progress]) -> Listener:
        self._listener = self._judge.listen(self._context, progress)
        return self._listener

    def _decided(self) -> Decision:
        return self._tally.decision(self._listener.risk if self._listener else ())

    def _notice(self, cls: RefusalClass) -> Refusal:
        return self._judge.refusal(cls, self._context.exchange)

    def _last_words(self, parts: Sequence[Said]) -> str:
        return self._judge.verdict(self._context.exchange, answers.last_word(parts)).message

    def _record(self, decision: Decision) -> Record:
        tally = self._tally
        record = self._judge.describe(
            self._context,
            decision,
            Facts(
                stage=Stage.STREAM,
                direction=Direction.RESPONSE,
                status=SWITCHING,
                reference=self._context.exchange.id if decision.action in REFUSING else "",
                anomalies=tuple(sorted(tally.anomalies)),
                edits=tally.edits,
                restored=tally.restored,
                bytes_in=tally.bytes_in,
                bytes_out=tally.bytes_out,
                usage=tally.usage,
                timings={"total": tally.seconds * 1000},
                upstream_status=SWITCHING,
                upstream_ended=tally.ended,
            ),
        )
        tally.settle()
        return record


class Tally:
    """What has happened in an answer, and of that what no line has told of yet."""

    def __init__(self) -> None:
        self.bytes_in = self.bytes_out = 0
        self.seconds = 0.0
        self.ended = ""
        self.usage: Usage | None = None
        self.edits = self.restored = 0
        self.anomalies: set[str] = set()
        self._parts: list[StreamStep] = []
        self._reasons: dict[str, Action] = {}
        self._seen: set[str] = set()

    def take(self, stream: ResponseStream, part: StreamStep) -> None:
        """Count what a stream has done, and let it count anew."""
        self.edits += stream.redacted
        self.restored += stream.restored
        self.usage = stream.usage or self.usage
        stream.redacted = stream.restored = 0
        self._parts.append(part)

    def unread(self, reason: str, action: Action) -> None:
        """Something of the answer was not read."""
        self._reasons[f"uninspectable:{reason}"] = action

    def is_news(self, reasons: Iterable[str]) -> bool:
        """Whether the client's messages have given no such reason since the last answer."""
        fresh = set(reasons) - self._seen
        self._seen |= fresh
        return bool(fresh)

    def decision(self, risk: Risk) -> Decision:
        """The worst of what was done."""
        floor = max(self._reasons.values(), key=_rank, default=Action.ALLOW)
        return decided(self._parts, tuple(self._reasons), floor, risk)

    def settle(self) -> None:
        """A line has told of it."""
        self.edits = self.restored = 0
        self.anomalies.clear()
        self._parts.clear()
        self._reasons.clear()


def _joined(one: SocketStep, other: SocketStep) -> SocketStep:
    """Two steps that nothing stands between."""
    if not (one.onward or one.records):
        return other
    return replace(
        other,
        onward=one.onward + other.onward,
        records=one.records + other.records,
        durable=one.durable or other.durable,
        close=one.close or other.close,
        reason=one.reason or other.reason,
    )


def _closing(reference: str) -> str:
    """Why a socket is closed; RFC 6455 leaves 123 bytes for it."""
    return f"Stopped by your organisation's LLM firewall. Reference: {reference}."


def _rank(action: Action) -> int:
    return action.rank


def _is_binary(message: SocketMessage) -> bool:
    """Whether a message is no text; Gemini sends JSON in binary messages."""
    if not message.binary or message.data.isascii():
        return False
    try:
        message.data.decode()
    except UnicodeDecodeError:
        return True
    return False
