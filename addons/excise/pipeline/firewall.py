"""Joins the stages: an exchange in, an outcome out. Pure: it reads no clock, file or socket.

request:  decode → dialect → segments (body and head) → scan → decide → splice or refuse
response: the same, and then placeholders of this principal are put back
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from excise.audit.fields import Stage
from excise.audit.record import Facts, build_record
from excise.audit.trajectory import read_trajectory
from excise.catalogue import Catalogue, Host
from excise.codecs import DIALECTS, SOCKETS
from excise.codecs.base import Asked, Dialect
from excise.codecs.dialect import is_event_stream
from excise.codecs.encoding import Decoder, decode
from excise.codecs.facts import streams_by_path
from excise.codecs.head import read_head, splice_head
from excise.codecs.logprobs import drop_logprobs
from excise.codecs.systemnote import add_note
from excise.detectors.base import Scanner
from excise.detectors.guests import host as hosting
from excise.detectors.leak import Instructions
from excise.enforce.block import build_refusal, class_of
from excise.enforce.redact import (
    Lookup,
    Placeholders,
    Redaction,
    build_redaction,
    restore_segment,
)
from excise.errors import Unreadable
from excise.model import (
    Action,
    Answer,
    Decision,
    Direction,
    Edit,
    Exchange,
    Part,
    Place,
    Principal,
    Refusal,
    RefusalClass,
    Reply,
    Role,
    Ruling,
    Segment,
    Usage,
)
from excise.pipeline.answers import AnswerStream
from excise.pipeline.inside import Read, is_inside, look_inside, may_hold_document
from excise.pipeline.listening import Listener
from excise.pipeline.outcome import Context, Headers, Record, RequestOutcome, ResponseOutcome
from excise.pipeline.reading import DEFAULT_LIMITS, Limits, Message, read_message
from excise.pipeline.scene import build_situation, signals_of
from excise.pipeline.socket import POLICY_VIOLATION, Socket
from excise.pipeline.usage import estimate_tokens, estimate_usage
from excise.pipeline.weigh import Found, find, forbid_edits, seal
from excise.pipeline.written import holds_json, is_signed, outside, written
from excise.policy.build import Policy
from excise.policy.decide import decide
from excise.policy.running import Progress
from excise.policy.schema import Images, Sockets
from excise.policy.situation import Session, Situation

# A stream may run for hours; its memory is bounded elsewhere, so only the ratio counts.
NO_LIMIT: Final = 1 << 62
_NO_EDITS: Final = Redaction((), {})
_NOTHING: Final = Decision(action=Action.ALLOW, would=Action.ALLOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewall:
    """Everything one policy version needs; immutable, so that a reload swaps one reference."""

    catalogue: Catalogue
    policy: Policy
    scanner: Scanner
    placeholders: Placeholders
    fingerprint_key: bytes
    lookup: Callable[[str], Lookup]  # principal id → its vault
    timer: Callable[[], float]  # seconds, monotonic
    session: Callable[[Exchange], Session] | None = None  # what is remembered of a conversation
    clock: Callable[[], float] = float  # seconds since 1970, for clauses about the time
    instructions: Instructions = field(default_factory=Instructions)
    limits: Limits = DEFAULT_LIMITS
    classic: bool = False
    fault_status: int = 400
    is_slow: bool = False  # some detector waits for another process: not for an event loop
    documents: Read | None = None  # None: no document is read
    resign: Callable[[Exchange], Headers] | None = None  # headers with a signature of ours

    def waits(self, exchange: Exchange, body: bytes) -> bool:
        """Whether judging this body of an exchange may wait for something outside of the process,
        so that it must not be done on an event loop."""
        return (
            self.is_slow
            or (self.resign is not None and is_signed(exchange))
            or (
                self.documents is not None
                and (exchange.header("content-encoding") != "" or may_hold_document(body))
            )
        )

    def inspect_request(self, exchange: Exchange) -> RequestOutcome:
        """Judge one whole request to a host of the catalogue."""
        return self._inspect(exchange, read_head(exchange))

    def inspect_message(self, exchange: Exchange) -> RequestOutcome:
        """Judge a message of a socket, whose head was judged with the upgrade."""
        return self._inspect(exchange, ())

    def _inspect(self, exchange: Exchange, head: tuple[Segment, ...]) -> RequestOutcome:
        clock = [self.timer()]
        host, dialect = self._speaks(exchange)
        coding = exchange.header("content-encoding")
        media_type = exchange.header("content-type")
        message = read_message(
            dialect, Direction.REQUEST, exchange.body, coding, self.limits, media_type
        )
        message = look_inside(message, dialect, self.documents, strip=self._strips(exchange))
        clock.append(self.timer())
        segments = (*head, *message.segments)
        found = find(self.scanner, segments, Direction.REQUEST, self.policy.mild)
        clock.append(self.timer())
        context = self._context(exchange, host, dialect, message, found)
        decision = self._decide(Direction.REQUEST, context, message, found)
        clock.append(self.timer())
        redaction, body, reply = _NO_EDITS, exchange.body, None
        target, headers = exchange.target, exchange.headers
        if decision.action is Action.BLOCK:
            reply = self._reply(context, class_of(decision, Direction.REQUEST))
        elif decision.action is Action.REDACT:
            redaction = build_redaction(decision.rulings, self.placeholders.mint)
            target, headers = splice_head(exchange, outside(redaction.edits))
        changed = reply is None and (bool(redaction.edits) or message.plain is not None)
        if changed:
            body = written(message, redaction.edits, body, coding, self._noting(context, redaction))
            if self.resign is not None and is_signed(exchange):
                sent = replace(exchange, target=target, headers=headers, body=body)
                headers = self.resign(sent)
        clock.append(self.timer())
        record = self.describe(
            context,
            decision,
            Facts(
                stage=Stage.REQUEST,
                direction=Direction.REQUEST,
                trajectory=read_trajectory(message.segments),
                reference=exchange.id if reply else "",
                status=reply.status if reply else None,
                anomalies=(*message.anomalies, *found.anomalies),
                edits=len(redaction.edits),
                bytes_in=len(exchange.body),
                bytes_out=0 if reply else len(body),
                timings=_timings(clock),
            ),
        )
        return RequestOutcome(
            context=context,
            decision=decision,
            record=record,
            reply=reply,
            target=target,
            headers=headers,
            body=body,
            changed=changed,
            kept=redaction.kept,
        )

    def inspect_response(
        self, exchange: Exchange, answer: Answer, context: Context
    ) -> ResponseOutcome:
        """Judge one whole answer, and put this principal's values back into it."""
        clock = [self.timer()]
        coding = answer.header("content-encoding")
        message = read_message(
            context.dialect, Direction.RESPONSE, answer.body, coding, self.limits
        )
        clock.append(self.timer())
        scanner = self.scanner_of(context)
        found = find(scanner, message.segments, Direction.RESPONSE, self.policy.mild)
        clock.append(self.timer())
        decision = self._decide(Direction.RESPONSE, context, message, found)
        clock.append(self.timer())
        edits: tuple[Edit, ...] = ()
        restored, body, reply = 0, answer.body, None
        if decision.action is Action.BLOCK:
            reply = self._reply(context, class_of(decision, Direction.RESPONSE))
        elif message.reading is not None and not message.raw:
            edits = build_redaction(decision.rulings, self.placeholders.mint).edits
            back = self._restored(exchange.principal, message, edits)
            restored, edits = len(back), (*edits, *back)
            body = written(message, edits, body, coding, drop_logprobs)
        clock.append(self.timer())
        record = self.describe(
            context,
            decision,
            Facts(
                stage=Stage.RESPONSE,
                direction=Direction.RESPONSE,
                reference=exchange.id if reply else "",
                status=reply.status if reply else answer.status,
                anomalies=(*message.anomalies, *found.anomalies),
                edits=len(edits) - restored,
                restored=restored,
                bytes_in=len(answer.body),
                bytes_out=len(reply.body if reply else body),
                usage=message.usage or self._usage(context, answer, message),
                timings=_timings(clock),
                upstream_status=answer.status,
            ),
        )
        return ResponseOutcome(
            decision=decision, record=record, reply=reply, body=body, changed=bool(edits)
        )

    def open_stream(
        self, exchange: Exchange, answer: Answer, context: Context
    ) -> AnswerStream | None:
        """An inspector for a streamed answer; None where the answer is no stream of its dialect.

        What it gives out has no content coding. Raises `Unreadable` for a coding nobody knows.
        """
        media_type = answer.header("content-type")
        # An error is one document, also where the answer would have been an array of pieces.
        if answer.status >= 400 and not is_event_stream(media_type):
            return None
        reader = context.dialect.open_stream(media_type)
        if reader is None:
            return None
        coding, limits = answer.header("content-encoding"), self.limits
        decoder = Decoder(coding, limit=NO_LIMIT, ratio=limits.ratio) if coding else None
        return AnswerStream(
            judge=self,
            reader=reader,
            answer=answer,
            context=context,
            lookup=self.lookup(exchange.principal.id),
            decoder=decoder,
            timer=self.timer,
        )

    def reads_socket(self, exchange: Exchange) -> bool:
        """Whether an upgrade to a WebSocket is let through because its messages are read."""
        _, dialect = self._speaks(exchange)
        return dialect.name in SOCKETS and self.policy.profile.sockets is not Sockets.REFUSE

    def open_socket(self, context: Context) -> Socket:
        """An inspector for the messages of an upgraded exchange."""
        return Socket(self, SOCKETS[context.dialect.name], context)

    def close_code(self) -> int:
        """With what a socket is closed of which a message was refused; 0 where it stays open."""
        return POLICY_VIOLATION if self.policy.profile.sockets is Sockets.CLOSE else 0

    def refusal(self, cls: RefusalClass, reference: str) -> Refusal:
        """What a client is told, by these settings."""
        return build_refusal(cls, reference, classic=self.classic, fault_status=self.fault_status)

    def refuse(
        self, exchange: Exchange, cls: RefusalClass, reason: str, status: int | None = None
    ) -> tuple[Reply, Record]:
        """A refusal that was decided outside, in the provider's shape, and its record."""
        host, dialect = self._speaks(exchange)
        context = Context(exchange=exchange, host=host, dialect=dialect, hidden=True)
        decision = Decision(action=Action.BLOCK, would=Action.BLOCK, reasons=(reason,))
        reply = self._reply(context, cls, status)
        facts = Facts(
            stage=Stage.FAULT if cls is RefusalClass.FAULT else Stage.REQUEST,
            direction=Direction.REQUEST,
            reference=exchange.id,
            status=reply.status,
            bytes_in=len(exchange.body),
            bytes_out=0,
            fault=reason if cls is RefusalClass.FAULT else "",
        )
        return reply, self.describe(context, decision, facts)

    # -- what the methods above share --------------------------------------------------------

    def scanner_of(self, context: Context) -> Scanner:
        """What finds in the answer to a request."""
        return hosting(self.scanner, context.guests)

    def listen(self, context: Context, progress: Callable[[], Progress]) -> Listener:
        """What rules on a streamed answer of this exchange."""
        situation = self._situation(context, Direction.RESPONSE, (), Stage.STREAM, Found([]))
        return Listener(self.policy, situation, progress)

    def name(self, ruling: Ruling, value: str) -> str:
        """The placeholder that stands for a value."""
        return self.placeholders.mint(ruling.finding.entity, value)

    def usage(self, context: Context, output: int) -> Usage:
        """Tokens of an exchange whose provider did not count them."""
        return estimate_usage(context, output, self.limits)

    def unread(self, reason: str) -> Action:
        """What the policy does about a body that cannot be read."""
        profile = self.policy.profile
        return profile.uninspectable_by_reason.get(reason, profile.uninspectable)

    def describe(self, context: Context, decision: Decision, facts: Facts) -> Record:
        """An audit line about this exchange."""
        exchange = context.exchange
        return build_record(
            replace(
                facts,
                id=exchange.id,
                principal=exchange.principal,
                address=exchange.address,
                user_agent=exchange.header("user-agent"),
                header_names=[name for name, _ in exchange.headers],
                provider=context.host.provider,
                host=exchange.host,
                method=exchange.method,
                target=exchange.target,
                dialect=context.dialect.name,
                model=context.model,
                stream=context.stream,
                profile=self.policy.profile.name,
                policy=self.policy.digest,
            ),
            decision,
            key=self.fingerprint_key,
            mask=self._mask if context.hidden else str,
        )

    def _may_stand_in_head(self, found: Found) -> bool:
        """Whether head fields and names of a message could hold what was found.

        What rules only record in the body's own texts (a name, a language) stays there.
        """
        return any(
            segment.place is not Place.BODY
            or segment.part is Part.METADATA
            or any(finding.rule not in self.policy.mild for finding in findings)
            for segment, findings in found.findings
        )

    def _usage(self, context: Context, answer: Answer, message: Message) -> Usage | None:
        if message.reading is None or not 200 <= answer.status < 300:
            return None
        return self.usage(context, estimate_tokens(message.segments, context.model))

    def _speaks(self, exchange: Exchange) -> tuple[Host, Dialect]:
        host = self.catalogue.find(exchange.host)
        if host is None:
            raise LookupError("an exchange with a host that is not in the catalogue")
        return host, DIALECTS[host.dialect(exchange.path)]

    def _decide(
        self,
        direction: Direction,
        context: Context,
        message: Message,
        found: Found,
    ) -> Decision:
        missing = (*found.missing, *message.missing)
        quiet = not found.findings and not message.unread and not missing
        if quiet and not self.policy.listens:
            return _NOTHING
        stage = Stage.REQUEST if direction is Direction.REQUEST else Stage.RESPONSE
        decision = decide(
            self.policy,
            found.findings,
            self._situation(context, direction, message.segments, stage, found),
            unread=message.unread,
            missing=missing,
        )
        floor = self._floor(message, found)
        decision = seal(decision, message.sealed, floor)
        if decision.action is Action.REDACT and message.raw:
            return forbid_edits(decision, "uneditable:unread")
        if decision.action is Action.REDACT and is_inside(decision):
            return forbid_edits(decision, "uneditable:document")
        if (
            decision.action is Action.REDACT
            and direction is Direction.REQUEST
            and not self._may_sign(context.exchange)
        ):
            return forbid_edits(decision, "uneditable:signed")
        return decision

    def _situation(
        self,
        context: Context,
        direction: Direction,
        segments: Sequence[Segment],
        stage: Stage,
        found: Found,
    ) -> Situation:
        reads = self.policy.reads
        timed = bool(self.policy.excuse) or "time.hour" in reads or "time.weekday" in reads
        return build_situation(
            context,
            direction,
            segments,
            stage=stage,
            found=bool(found.findings),
            reads=reads,
            unix_time=self.clock() if timed else 0.0,
            signals=signals_of(found.signals),
            session=self.session,
        )

    def _floor(self, message: Message, found: Found) -> Action:
        """What is done about a message whatever was found in it."""
        required = self.policy.profile.require.intersection(found.missing)
        actions = [*map(self.unread, message.unread), *([Action.BLOCK] if required else [])]
        return max(actions, key=_rank, default=Action.ALLOW)

    def _may_sign(self, exchange: Exchange) -> bool:
        """Whether an edited request is taken upstream: unsigned, or signed by us."""
        return self.resign is not None or not is_signed(exchange)

    def _noting(self, context: Context, redaction: Redaction) -> Callable[[bytes], bytes]:
        """What puts the profile's note into a body that holds placeholders."""
        note = self.policy.profile.note
        if not note or not redaction.kept:
            return bytes
        dialect, target = context.dialect.name, context.exchange.target
        return lambda body: add_note(dialect, target, body, note) or body

    def _strips(self, exchange: Exchange) -> bool:
        return self.policy.profile.images is Images.STRIP and self._may_sign(exchange)

    def _context(
        self,
        exchange: Exchange,
        host: Host,
        dialect: Dialect,
        message: Message,
        found: Found,
    ) -> Context:
        reading = message.reading
        return Context(
            exchange=exchange,
            host=host,
            dialect=dialect,
            model=reading.model if reading else "",
            stream=streams_by_path(exchange.path) or (reading is not None and reading.stream),
            hidden=reading is None or self._may_stand_in_head(found),
            guests=self.instructions.guests(message.segments, self.scanner),
        )

    def _reply(self, context: Context, cls: RefusalClass, status: int | None = None) -> Reply:
        refusal = self.refusal(cls, context.exchange.id)
        if status is not None:
            refusal = replace(refusal, status=status)
        return context.dialect.refuse(refusal, self._asked(context.exchange))

    def _asked(self, exchange: Exchange) -> Asked:
        body, coding, limits = exchange.body, exchange.header("content-encoding"), self.limits
        try:
            if coding:
                body = decode(body, coding, limit=limits.decoded, ratio=limits.ratio)
        except Unreadable:
            body = b""
        return Asked(exchange.target, exchange.header("content-type"), body)

    def _restored(
        self, principal: Principal, message: Message, taken: Iterable[Edit]
    ) -> list[Edit]:
        lookup = self.lookup(principal.id)
        cut = {(edit.token, edit.span.start) for edit in taken}
        return [
            edit
            for segment in message.segments
            if "[" in segment.text and segment.token not in message.sealed
            for edit in restore_segment(segment, lookup, inside_json=holds_json(segment.text))
            if (edit.token, edit.span.start) not in cut
        ]

    def _mask(self, text: str) -> str:
        """A text for the trail: hidden where a detector finds anything in it."""
        if not text:
            return text
        segment = Segment(text, Role.USER, Part.METADATA, 0)
        return "[masked]" if self.scanner.scan([segment])[0] else text


def _rank(action: Action) -> int:
    return action.rank


def _timings(clock: Sequence[float]) -> dict[str, float]:
    steps = {
        name: (after - before) * 1000
        for name, before, after in zip(
            ("read", "detect", "decide", "enforce"), clock, clock[1:], strict=False
        )
    }
    return {**steps, "total": (clock[-1] - clock[0]) * 1000}
