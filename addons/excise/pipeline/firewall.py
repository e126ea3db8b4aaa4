"""Joins the stages: an exchange in, an outcome out. Pure: it reads no clock, file or socket.

request:  decode → dialect → segments (body and head) → scan → decide → splice or refuse
response: the same, and then placeholders of this principal are put back
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from excise.audit.fields import Stage
from excise.audit.record import Facts, build_record
from excise.audit.trajectory import read_trajectory
from excise.catalogue import Catalogue, Host
from excise.codecs import DIALECTS, SOCKETS
from excise.codecs.base import Dialect
from excise.codecs.dialects.json_dialect import is_event_stream
from excise.codecs.dialects.logprobs import drop_logprobs
from excise.codecs.facts import streams_by_path
from excise.codecs.framing.encoding import open_decoder
from excise.codecs.head import read_head, splice_head
from excise.detectors.base import FOREVER, Scanner
from excise.detectors.guests import host as hosting
from excise.enforce.block import class_of
from excise.enforce.redact import Lookup, Placeholders, Redaction, build_redaction
from excise.enforce.substitute import NO_KEY, Substitutes
from excise.model import (
    REFUSING,
    Action,
    Answer,
    Decision,
    Direction,
    Edit,
    Exchange,
    Refusal,
    RefusalClass,
    Reply,
    Ruling,
    Segment,
    Usage,
)
from excise.pipeline.afterthought import Overheard, overhear, think_later
from excise.pipeline.alongside import read_along
from excise.pipeline.answers import AnswerStream
from excise.pipeline.changes import (
    EDITING,
    changes,
    floor_of,
    hindrance,
    is_steady,
    restored_in,
    stand_in,
    telling,
    timings_of,
)
from excise.pipeline.company import Company
from excise.pipeline.excerpts import excerpts
from excise.pipeline.inside import Read, look_inside, may_hold_document
from excise.pipeline.judging import Judging, judged
from excise.pipeline.listening import Listener
from excise.pipeline.outcome import Context, Headers, Record, RequestOutcome, ResponseOutcome
from excise.pipeline.overrule import Offer, Overrides, Overruled
from excise.pipeline.positive import Positive, as_it_is
from excise.pipeline.reading import DEFAULT_LIMITS, Limits, Message, read_message
from excise.pipeline.reply import DEFAULT_VOICE, Voice, deciding
from excise.pipeline.scene import build_situation, signals_of
from excise.pipeline.sessions import Sessions, reads_sessions, told_by
from excise.pipeline.socket import POLICY_VIOLATION, Socket
from excise.pipeline.stream import Watch
from excise.pipeline.told import told_of
from excise.pipeline.usage import Exact, count_usage, estimate_tokens, estimate_usage
from excise.pipeline.veil import Veil
from excise.pipeline.weigh import (
    Found,
    find,
    forbid_edits,
    may_stand_in_head,
    seal,
    without_own,
)
from excise.pipeline.written import is_signed, may_be_signed_anew, outside, signed, written
from excise.policy.build import Policy
from excise.policy.decide import decide
from excise.policy.limits import NO_PRICES, Prices
from excise.policy.running import Progress
from excise.policy.schema import Images, Sockets
from excise.policy.situation import NO_SESSION, Situation

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
    sessions: Sessions | None = None  # what is remembered of conversations
    clock: Callable[[], float] = float  # seconds since 1970, for clauses about the time
    company: Company = field(default_factory=Company)
    limits: Limits = DEFAULT_LIMITS
    voice: Voice = DEFAULT_VOICE
    substitutes: Substitutes = NO_KEY
    overrides: Overrides | None = None  # None: nothing is overruled
    positive: Positive = as_it_is  # learns what messages look like, or holds them to it
    prices: Prices = NO_PRICES  # what tokens cost, for the trail
    excerpts: int = 0  # characters that the trail shows on each side of a finding, masked
    counts: bool = False  # some limit needs the length of requests
    seconds: float = FOREVER  # that detectors may wait for something outside, in one exchange
    judging: Judging | None = None  # None: no model is asked as a judge
    is_slow: bool = False  # some detector waits for another process: not for an event loop
    far: bool = False  # what it looks up lies on a server
    exact: Exact | None = None  # counts tokens of whole answers; None: they are estimated
    documents: Read | None = None  # None: no document is read
    resign: Callable[[Exchange], Headers] | None = None  # headers with a signature of ours
    veil: Veil = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "veil", Veil(self.scanner))

    def waits(self, message: Exchange | Answer, body: bytes) -> bool:
        """Whether judging this body may wait for another process: not for an event loop."""
        signs = self.resign is not None and isinstance(message, Exchange) and is_signed(message)
        reads = self.documents and (message.header("content-encoding") or may_hold_document(body))
        return bool(self.is_slow or self.far or signs or reads)

    def inspect_request(self, exchange: Exchange) -> RequestOutcome:
        """Judge one whole request to a host of the catalogue."""
        return self._inspect(exchange, read_head(exchange))

    def inspect_message(self, exchange: Exchange) -> RequestOutcome:
        """Judge a message of a socket, whose head was judged with the upgrade."""
        return self._inspect(exchange, ())

    def _inspect(self, exchange: Exchange, head: tuple[Segment, ...]) -> RequestOutcome:
        clock = [self.timer()]
        host, dialect = self._speaks(exchange)
        coding, kind = map(exchange.header, ("content-encoding", "content-type"))
        body, target, headers = exchange.body, exchange.target, exchange.headers
        message = read_message(dialect, Direction.REQUEST, body, coding, self.limits, kind)
        message = look_inside(message, dialect, self.documents, strip=self._strips(exchange))
        message = self.positive(exchange, host, Direction.REQUEST, message)
        clock.append(self.timer())
        segments = (*head, *message.segments)
        scanner = self.company.at_request(self.scanner, exchange, self.policy.profile)
        found = find(scanner, segments, Direction.REQUEST, self.policy.mild, self.seconds)
        context = self._context(exchange, host, dialect, message, found, self.timer() - clock[-1])
        context, found = judged(self, Direction.REQUEST, context, segments, found)
        clock.append(self.timer())
        decision = self._decide(Direction.REQUEST, context, message, found)
        clock.append(self.timer())
        overruled = self._settle(exchange, decision, context, message, found)
        decision, offer, redaction, reply = overruled.decision, overruled.offer, _NO_EDITS, None
        if decision.action in REFUSING:
            reply = self._refused(context, decision, Direction.REQUEST, offer)
        elif decision.action in EDITING:
            redaction = build_redaction(decision.rulings, self.name)
            target, headers = splice_head(exchange, outside(redaction.edits))
        told = telling(self.policy, decision, context, redaction)
        if changed := reply is None and changes(decision, redaction, message):
            body = written(message, redaction.edits, body, coding, always=told)
            headers = signed(self.resign, exchange, target, headers, body)
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
                timings=timings_of(clock),
                overruled=overruled.clauses,
                because=self.veil(overruled.because),
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
            afterthought=think_later(self, context, segments, found, Stage.REQUEST),
            steady=is_steady(message, found),
        )

    def inspect_response(
        self, exchange: Exchange, answer: Answer, context: Context
    ) -> ResponseOutcome:
        """Judge one whole answer, and put this principal's values back into it."""
        clock = [self.timer()]
        dialect, coding = context.dialect, answer.header("content-encoding")
        message = read_message(dialect, Direction.RESPONSE, answer.body, coding, self.limits)
        message = look_inside(message, dialect, self.documents)
        message = self.positive(exchange, context.host, Direction.RESPONSE, message)
        clock.append(self.timer())
        scanner = self.scanner_of(context)
        began, left = clock[-1], self.seconds - context.waited
        scanned = find(scanner, message.segments, Direction.RESPONSE, self.policy.mild, left)
        found = without_own(scanned, self.lookup(exchange.principal.id))
        waiting = replace(context, waited=context.waited + self.timer() - began)
        _, found = judged(self, Direction.RESPONSE, waiting, message.segments, found)
        clock.append(self.timer())
        decision = self._decide(Direction.RESPONSE, context, message, found)
        clock.append(self.timer())
        edits: tuple[Edit, ...] = ()
        restored, body, reply = 0, answer.body, None
        if decision.action in REFUSING:
            reply = self._refused(context, decision, Direction.RESPONSE)
        elif message.reading is not None and not message.raw:
            edits = build_redaction(decision.rulings, self.name).edits
            back = restored_in(message, self.lookup(exchange.principal.id), edits)
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
                timings=timings_of(clock),
                upstream_status=answer.status,
            ),
        )
        return ResponseOutcome(
            decision=decision,
            record=record,
            reply=reply,
            body=body,
            changed=bool(edits),
            afterthought=think_later(self, context, message.segments, found, Stage.RESPONSE),
            steady=found is scanned and is_steady(message, found, asks_vault=True),
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
        decoder = open_decoder(answer.header("content-encoding"), ratio=self.limits.ratio)
        return AnswerStream(
            judge=self,
            reader=reader,
            answer=answer,
            context=context,
            lookup=self.lookup(exchange.principal.id),
            decoder=decoder,
            timer=self.timer,
            alongside=read_along(self, context),
            overheard=self.overhear(),
        )

    def reads_socket(self, exchange: Exchange) -> bool:
        """Whether an upgrade to a WebSocket is let through because its messages are read."""
        _, dialect = self._speaks(exchange)
        return dialect.name in SOCKETS and self.policy.profile.sockets is not Sockets.REFUSE

    def open_socket(self, context: Context) -> Socket:
        """An inspector for the messages of an upgraded exchange."""
        return Socket(self, SOCKETS[context.dialect.name], context)

    def overhear(self) -> Overheard | None:
        """What keeps a streamed answer for those that are asked when it is over."""
        return overhear(self)

    def close_code(self) -> int:
        """With what a socket is closed of which a message was refused; 0 where it stays open."""
        return POLICY_VIOLATION if self.policy.profile.sockets is Sockets.CLOSE else 0

    def refusal(self, cls: RefusalClass, exchange: Exchange) -> Refusal:
        """What a client is told, by these settings."""
        return self.voice.refusal(cls, exchange)

    def verdict(
        self, exchange: Exchange, decision: Decision, direction: Direction = Direction.RESPONSE
    ) -> Refusal:
        """What a client is told of a decision that refuses."""
        clause = deciding(decision, self.policy)
        return self.voice.refusal(class_of(decision, direction), exchange, decision, clause)

    def refuse(
        self,
        exchange: Exchange,
        cls: RefusalClass,
        reason: str,
        status: int | None = None,
        *,
        retry_after: int = 0,
    ) -> tuple[Reply, Record]:
        """A refusal that was decided outside, in the provider's shape, and its record.

        A limit is told with 429, and after how many seconds the client may come again.
        """
        host, dialect = self._speaks(exchange)
        context = Context(exchange=exchange, host=host, dialect=dialect, hidden=True)
        action = Action.LIMIT if cls is RefusalClass.LIMIT else Action.BLOCK
        decision = Decision(action=action, would=action, reasons=(reason,))
        refusal = self.voice.refusal(cls, exchange, retry_after=retry_after)
        if status is not None:
            refusal = replace(refusal, status=status)
        reply = dialect.refuse(refusal, self.voice.asked(exchange))
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
        situation = self.situation(context, Direction.RESPONSE, (), Stage.STREAM, Found([]))
        lookup = self.lookup(context.exchange.principal.id)
        return Listener(self.policy, situation, progress, lookup)

    def watch(self, context: Context) -> Watch:
        """What looks at the events of an answer beside the detectors."""
        return self.positive.watch(context.exchange, context.host)

    def name(self, ruling: Ruling, value: str) -> str:
        """What stands for a value: by default a placeholder."""
        return stand_in(self.policy, self.placeholders, self.substitutes, ruling, value)

    def usage(self, context: Context, output: int) -> Usage:
        """Tokens of an exchange whose provider did not count them."""
        return estimate_usage(context, output, self.limits)

    def unread(self, reason: str) -> Action:
        """What the policy does about a body that cannot be read."""
        return self.policy.profile.unread(reason)

    def describe(self, context: Context, decision: Decision, facts: Facts) -> Record:
        """An audit line about this exchange."""
        told = told_of(context, self.policy, facts, self.prices)
        mask = self.veil if context.hidden else str
        shown = excerpts(self.scanner, self.excerpts, facts.stage, decision.rulings)
        return build_record(told, decision, key=self.fingerprint_key, mask=mask, excerpt=shown)

    def _usage(self, context: Context, answer: Answer, message: Message) -> Usage | None:
        if message.reading is None or not 200 <= answer.status < 300:
            return None
        return count_usage(context, message.segments, self.limits, self.exact)

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
        policy: Policy | None = None,
    ) -> Decision:
        missing = (*found.missing, *message.missing)
        quiet = not found.findings and not message.unread and not missing
        if quiet and not self.policy.listens:
            return _NOTHING
        stage = Stage.REQUEST if direction is Direction.REQUEST else Stage.RESPONSE
        decision = decide(
            policy or self.policy,
            found.findings,
            self.situation(context, direction, message.segments, stage, found),
            unread=message.unread,
            missing=missing,
        )
        decision = seal(decision, message.sealed, floor_of(self.policy, message.unread, found))
        signs = direction is Direction.RESPONSE or self._may_sign(context.exchange)
        why = hindrance(self.policy, decision, context, message, signs=signs)
        return forbid_edits(decision, why) if why else decision

    def _settle(
        self,
        exchange: Exchange,
        decision: Decision,
        context: Context,
        message: Message,
        found: Found,
    ) -> Overruled:
        """A refusal that its user overrules, or may; the turn is remembered as it was decided."""
        if self.sessions is not None and reads_sessions(self.policy.reads):
            told = told_by(self.policy, message.segments, found, decision)
            self.sessions.note(exchange, message.segments, told)
        if self.overrides is None or decision.action not in REFUSING:
            return Overruled(decision)
        again = partial(self._decide, Direction.REQUEST, context, message, found)
        return self.overrides.settle(exchange, decision, self.policy, again, self.clock())

    def situation(
        self,
        context: Context,
        direction: Direction,
        segments: Sequence[Segment],
        stage: Stage,
        found: Found,
    ) -> Situation:
        """What policy may know of a message besides what was found in it."""
        reads = self.policy.reads
        return build_situation(
            context,
            direction,
            segments,
            stage=stage,
            found=bool(found.findings),
            reads=reads,
            unix_time=self.clock() if self.policy.is_timed else 0.0,
            signals=signals_of(found.signals),
        )

    def _may_sign(self, exchange: Exchange) -> bool:
        """Whether an edited request is taken upstream: unsigned, or signed by us."""
        return not is_signed(exchange) or (self.resign is not None and may_be_signed_anew(exchange))

    def _refused(
        self, context: Context, decision: Decision, direction: Direction, offer: Offer | None = None
    ) -> Reply:
        clause = deciding(decision, self.policy)
        return self.voice.refuse(context, decision, direction, clause, offer)

    def _strips(self, exchange: Exchange) -> bool:
        return self.policy.profile.images is Images.STRIP and self._may_sign(exchange)

    def _context(
        self,
        exchange: Exchange,
        host: Host,
        dialect: Dialect,
        message: Message,
        found: Found,
        waited: float,
    ) -> Context:
        reading = message.reading
        model = reading.model if reading else ""
        sessions = self.sessions if reads_sessions(self.policy.reads) else None
        return Context(
            exchange=exchange,
            host=host,
            dialect=dialect,
            model=model,
            stream=streams_by_path(exchange.path) or (reading is not None and reading.stream),
            waited=waited,
            tokens=estimate_tokens(message.segments, model) if self.counts else 0,
            session=sessions.of(exchange, message.segments) if sessions else NO_SESSION,
            hidden=reading is None or may_stand_in_head(found, self.policy.mild),
            guests=self.company.meet(
                self.scanner, exchange, dialect.name, message.segments, found, self.policy.profile
            ),
        )
