"""The hooks: each copies a flow into values, asks the firewall, and carries out what it says."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from math import ceil
from typing import Any, Final

from mitmproxy import http

from excise.edge.afterthoughts import Afterthoughts
from excise.edge.exchange import (
    PRINCIPAL,
    Head,
    names_of,
    new_id,
    read_head,
    replace_body,
    rewrite_request,
    to_answer,
    to_exchange,
    to_response,
)
from excise.edge.faults import Fault
from excise.edge.gate import Gate
from excise.edge.headers import AnswerHeaders
from excise.edge.http2 import end_after
from excise.edge.layer import passage_of
from excise.edge.load import Load
from excise.edge.metered import Metered
from excise.edge.passage import DEFAULT_BODY_LIMIT, PASSAGE, GuardedStream, Passage
from excise.edge.ports import (
    MUST_BE_ON_DISK,
    Firewall,
    Meter,
    Record,
    RequestOutcome,
    Trail,
    Vault,
    Verdict,
)
from excise.edge.socket import GuardedSocket
from excise.edge.socketlayer import SocketLayer, offer_socket
from excise.edge.tarpit import Tarpit
from excise.edge.threads import IN_PLACE_BYTES, in_thread
from excise.errors import AuditError
from excise.model import Action, Exchange, Halt, RefusalClass, Reply

log = logging.getLogger("excise.edge")

_DENIED: Final = http.Response.make(400, b"", {"x-should-retry": "false"})
_COME_AGAIN: Final = 1  # seconds
_REPLACED: Final = frozenset({b"accept-encoding", b"upgrade"})


class Addon:
    """Joins mitmproxy's hooks to the firewall."""

    goes_first = True

    def __init__(
        self,
        *,
        firewall: Callable[[], Firewall],
        gate: Gate,
        trail: Trail,
        vault: Vault,
        note: Callable[[str, BaseException], str],
        body_limit: int = DEFAULT_BODY_LIMIT,
        meter: Meter | None = None,
        far: bool = False,
        halted: Callable[[], Halt | None] = lambda: None,
        tarpit: Tarpit | None = None,
        load: Load | None = None,
        headers: AnswerHeaders | None = None,
    ) -> None:
        self._firewall = firewall
        self._gate = gate
        self._trail = trail
        self._vault = vault
        self._note = note
        self._limit = body_limit
        self.metered = Metered(meter, note, far=far)
        self._halted = halted
        self._tarpit = tarpit or Tarpit()
        self._load = load or Load()
        self._headers = headers
        self.afterthoughts = Afterthoughts(trail, note)
        self.active: set[str] = set()
        self.sockets: dict[http.HTTPFlow, GuardedSocket] = {}
        """Those that are open."""
        self.draining = False
        self.leaving = False  # another process goes on serving these clients
        self.counts: Counter[str] = Counter()

    # -- hooks ---------------------------------------------------------------------------------

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Tell LLM traffic from the rest, and see from the head what cannot be read."""
        if PASSAGE in flow.metadata:  # answered before anybody asked what it says
            return
        head = read_head(flow.request.headers)
        data = flow.request.data
        host, trouble = self._gate.speaker(data.host, data.port, names_of(flow, head))
        if flow.metadata.get(PRINCIPAL, flow) is None:
            trouble = "identity"
        elif self._gate.is_denied(host):
            trouble = "host-denied"
        elif host and not trouble and not self._gate.reads(host, flow.request.path):
            host = ""  # it does other things as well
        passage = Passage(
            host=host, limit=self._limit, opaque=not host, barred=trouble, load=self._load
        )
        flow.metadata[PASSAGE] = passage
        flow.request.headers.fields = head.kept
        if passage.opaque:
            self._gate.let_ask(flow)
            return
        self._prepare(flow, passage, head)

    def request(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        """Refuse first; only what the firewall passes takes the refusal away again."""
        passage = flow.metadata[PASSAGE]
        if passage.opaque:
            return None
        flow.response, passage.own = _DENIED, True
        exchange = to_exchange(flow, new_id(), passage.host)
        if passage.override:
            exchange = replace(exchange, override=passage.override)
        passage.exchange = exchange
        if passage.upgrade and not self._firewall().reads_socket(exchange):
            passage.barred = passage.barred or "uninspectable:websocket"
        held = passage.shed or passage.oversize or passage.barred
        if held or self.draining or self._halted():
            return self._bar(flow, passage, exchange)
        wall, body = self._firewall(), exchange.body
        if len(body) > IN_PLACE_BYTES or wall.waits(exchange, body):
            return self._request_in_thread(flow, passage, exchange)
        return self._carry_out(flow, passage, *self._judge(exchange))

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Choose between reading the answer as it passes and collecting it first."""
        passage = flow.metadata[PASSAGE]
        if flow.response is None or passage.own:
            return
        if passage.opaque:
            self._gate.let_answer(flow)
            return
        self._open_stream(flow, flow.response, passage)

    def response(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        """Judge a collected answer; settle the record of a streamed one."""
        if self.leaving and flow.response is not None and flow.response.status_code != 101:
            end_after(flow)
        rest = self._judge_answer(flow, flow.metadata[PASSAGE])
        if rest is not None:
            return self._until_done(flow, rest)
        self._done(flow)
        return None

    def _done(self, flow: http.HTTPFlow) -> None:
        self.active.discard(flow.id)
        passage = passage_of(flow)
        if passage is not None:
            passage.let_go()

    async def _until_done(self, flow: http.HTTPFlow, rest: Awaitable[None]) -> None:
        try:
            await rest
        finally:
            self._done(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        """An exchange that ended early still has its record."""
        self._done(flow)
        passage = passage_of(flow)
        if passage is None:
            return
        if passage.stream is not None:
            self._settle_stream(passage)
        self.metered.settle(passage)

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        """No WebSocket to an LLM host comes this far; if one does, nothing passes."""
        passage = passage_of(flow)
        if flow.websocket is None:
            return
        if passage is None or not passage.opaque:
            flow.websocket.messages[-1].drop()
        del flow.websocket.messages[:-1]  # mitmproxy would keep them all

    async def excise_wait(self, work: Awaitable[None]) -> None:
        """Await what a hook began inside the HTTP layer."""
        await work

    # -- the request ---------------------------------------------------------------------------

    def _prepare(self, flow: http.HTTPFlow, passage: Passage, head: Head) -> None:
        passage.shed = self._load.is_full(len(self.active))
        self.active.add(flow.id)
        passage.upgrade = "websocket" in head.upgrade
        passage.override = head.override
        passage.oversize = head.length > passage.limit
        if head.is_coded:  # nobody undoes it here, and upstream may
            passage.barred = passage.barred or "uninspectable:encoding-unknown"
        # A coded answer would have to be decoded before it can be read; and an upgrade to anything
        # would end the HTTP that we read.
        fields = [field for field in head.kept if field[0].lower() not in _REPLACED]
        fields.append((b"accept-encoding", b"identity"))
        flow.request.headers.fields = tuple(fields)
        if passage.upgrade:
            offer_socket(flow.request.headers)

    def _bar(self, flow: http.HTTPFlow, passage: Passage, exchange: Exchange) -> Awaitable[None]:
        if halt := self._halted():
            return self._refuse(flow, passage, halt, cls=halt.refusal)
        if self.draining:
            return self._refuse(flow, passage, "stopping", 503)
        if passage.shed:
            return self._shed(flow, passage)
        if passage.oversize:
            return self._refuse(flow, passage, "uninspectable:size")
        status = 426 if passage.barred == "uninspectable:websocket" else None
        return self._refuse(flow, passage, passage.barred, status)

    def _shed(self, flow: http.HTTPFlow, passage: Passage) -> Awaitable[None]:
        return self._refuse(
            flow, passage, "overload", 503, cls=RefusalClass.LIMIT, retry_after=_COME_AGAIN
        )

    async def _request_in_thread(
        self, flow: http.HTTPFlow, passage: Passage, exchange: Exchange
    ) -> None:
        outcome, verdict = await in_thread(self._judge, exchange)
        rest = self._carry_out(flow, passage, outcome, verdict)
        if rest is not None:
            await rest

    def _judge(self, exchange: Exchange) -> tuple[RequestOutcome, Verdict | None]:
        """What policy and limits say, for whichever thread: both may ask a server."""
        outcome = self._firewall().inspect_request(exchange)
        if outcome.reply is not None:
            return outcome, None
        return outcome, self.metered.admit(exchange, outcome)

    def _carry_out(
        self,
        flow: http.HTTPFlow,
        passage: Passage,
        outcome: RequestOutcome,
        verdict: Verdict | None,
    ) -> Awaitable[None] | None:
        passage.outcome = outcome
        self.counts[outcome.decision.action] += 1
        if verdict is not None and verdict.limit:
            return self._refuse_limited(flow, passage, verdict)
        self.afterthoughts.take(outcome.afterthought, (outcome.record,))
        action = outcome.decision.action
        durable = outcome.kept or action in MUST_BE_ON_DISK or "override" in outcome.record
        if outcome.reply is not None or durable:
            return self._carry_out_on_disk(flow, passage, outcome)
        try:
            self._trail.offer(outcome.record)
        except AuditError as fault:
            return self._refuse_unrecorded(flow, passage, fault)
        self._send_on(flow, passage, outcome)
        return None

    async def _carry_out_on_disk(
        self, flow: http.HTTPFlow, passage: Passage, outcome: RequestOutcome
    ) -> None:
        try:
            await self._trail.commit(outcome.record)
        except AuditError as fault:
            await self._refuse_unrecorded(flow, passage, fault)
            return
        if outcome.reply is None:
            if outcome.kept:
                await in_thread(self._vault.keep, passage.exchange.principal.id, outcome.kept)
            self._send_on(flow, passage, outcome)
            return
        flow.response = self._marked(to_response(outcome.reply), passage)
        if outcome.decision.action is Action.TARPIT and self._tarpit.take(flow.response):
            passage.tarpit = self._tarpit

    async def _refuse_limited(
        self, flow: http.HTTPFlow, passage: Passage, verdict: Verdict
    ) -> None:
        reason, cls = f"limit:{verdict.limit}", RefusalClass.LIMIT
        # RFC 9110 §10.2.3: whole seconds.
        wait = 0 if verdict.wait is None else max(1, ceil(verdict.wait))
        await self._refuse(flow, passage, reason, 429, cls=cls, retry_after=wait)

    def _send_on(self, flow: http.HTTPFlow, passage: Passage, outcome: RequestOutcome) -> None:
        exchange = passage.exchange
        if outcome.changed:
            rewrite_request(flow.request, exchange, outcome.headers, outcome.target)
            replace_body(flow.request, outcome.body)
        flow.response, passage.own = None, False

    # -- the answer ----------------------------------------------------------------------------

    def _judge_answer(self, flow: http.HTTPFlow, passage: Passage) -> Awaitable[None] | None:
        if flow.response is None or passage.own or passage.opaque:
            return None
        if passage.stream is not None:
            self._settle_stream(passage)
            return None
        if flow.websocket is not None and passage.upgrade:
            self._open_socket(flow, passage)
        if passage.shed:
            return self._shed(flow, passage)
        if passage.oversize:
            return self._refuse(flow, passage, "uninspectable:size")
        answer = to_answer(flow.response, whole=True)
        given, flow.response = flow.response, _DENIED
        wall, body = self._firewall(), answer.body
        if len(body) > IN_PLACE_BYTES or wall.waits(answer, body):
            return self._response_in_thread(flow, given, passage, answer)
        outcome = wall.inspect_response(passage.exchange, answer, passage.outcome.context)
        return self._carry_back(flow, given, passage, outcome)

    def _open_stream(self, flow: http.HTTPFlow, response: http.Response, passage: Passage) -> None:
        head = read_head(response.headers)
        response.headers.fields = head.kept
        answer = to_answer(response, whole=False)
        stream = self._firewall().open_stream(passage.exchange, answer, passage.outcome.context)
        if stream is None:
            passage.oversize = head.length > passage.limit
            return
        if self.leaving:
            end_after(flow)
        passage.stream = GuardedStream(stream, self._note, self._trail.commit, self._halted)
        response.stream = True
        self._marked(response, passage)
        response.headers.pop("content-encoding", None)  # what comes out of the firewall has none
        # Edits change the length, so it cannot be told beforehand.
        if head.length >= 0 and not flow.request.is_http10:
            del response.headers["content-length"]
            if flow.request.is_http11:
                response.headers["transfer-encoding"] = "chunked"

    def _open_socket(self, flow: http.HTTPFlow, passage: Passage) -> None:
        guard = self.sockets[flow] = GuardedSocket(
            self._firewall().open_socket(passage.outcome.context),
            passage.exchange,
            firewall=self._firewall,
            trail=self._trail,
            vault=self._vault,
            note=self._note,
            think=self.afterthoughts.take,
            new_id=new_id,
            stopping=lambda: self.draining or self._halted() is not None,
            limit=passage.limit,
            ended=lambda: self.sockets.pop(flow, None),
        )
        passage.socket = lambda context, flow: SocketLayer(context, flow, guard)

    def _settle_stream(self, passage: Passage) -> None:
        stream = passage.stream
        if stream is None or stream.settled:
            return
        record = stream.record()
        self.metered.settle(passage, record)
        self.afterthoughts.take(stream.afterthought(), (record,))
        try:
            self._trail.offer(record)
        except AuditError as fault:  # the answer is out; the next request will be refused
            self._note("audit", fault)

    async def _response_in_thread(
        self, flow: http.HTTPFlow, response: http.Response, passage: Passage, answer: Any
    ) -> None:
        outcome = await in_thread(
            self._firewall().inspect_response, passage.exchange, answer, passage.outcome.context
        )
        rest = self._carry_back(flow, response, passage, outcome)
        if rest is not None:
            await rest

    def _carry_back(
        self, flow: http.HTTPFlow, response: http.Response, passage: Passage, outcome: Any
    ) -> Awaitable[None] | None:
        self.metered.settle(passage, outcome.record)
        self.afterthoughts.take(outcome.afterthought, (outcome.record,))
        if outcome.reply is not None or outcome.decision.action in MUST_BE_ON_DISK:
            return self._carry_back_on_disk(flow, response, passage, outcome)
        try:
            self._trail.offer(outcome.record)
        except AuditError as fault:
            return self._refuse_unrecorded(flow, passage, fault)
        self._give(flow, response, passage, outcome)
        return None

    async def _carry_back_on_disk(
        self, flow: http.HTTPFlow, response: http.Response, passage: Passage, outcome: Any
    ) -> None:
        try:
            await self._trail.commit(outcome.record)
        except AuditError as fault:
            await self._refuse_unrecorded(flow, passage, fault)
            return
        if outcome.reply is not None:
            flow.response = self._marked(to_response(outcome.reply), passage, outcome.record)
        else:
            self._give(flow, response, passage, outcome)

    def _give(
        self, flow: http.HTTPFlow, response: http.Response, passage: Passage, outcome: Any
    ) -> None:
        if outcome.changed:
            replace_body(response, outcome.body)
        flow.response = self._marked(response, passage, outcome.record)

    def _marked(self, response: http.Response, passage: Passage, *records: Record) -> http.Response:
        """An answer with what it tells of its verdict."""
        if self._headers is not None and passage.exchange is not None:
            asked = passage.outcome
            known = (asked.record, *records) if asked is not None else records
            tokens = asked.context.tokens if asked is not None else 0
            self._headers.put(response, passage.exchange, known, tokens)
        return response

    # -- refusing ------------------------------------------------------------------------------

    def refusal(self, flow: http.HTTPFlow, fault: Fault) -> http.Response:
        """The answer for a flow on which a hook failed, in the provider's shape."""
        passage = passage_of(flow)
        self._done(flow)
        host = passage.host if passage else ""
        if passage is not None:
            passage.own = True
        exchange = to_exchange(flow, fault.reference, host)
        reply, _ = self._firewall().refuse(exchange, fault.cls, "fault")
        return self._marked(to_response(reply), Passage(exchange=exchange))

    async def _refuse(
        self,
        flow: http.HTTPFlow,
        passage: Passage,
        reason: str,
        status: int | None = None,
        cls: RefusalClass | None = None,
        retry_after: int = 0,
    ) -> None:
        if cls is None:
            cls = RefusalClass.FAULT if reason == "stopping" else RefusalClass.UNINSPECTABLE
        reply, record = self._firewall().refuse(
            passage.exchange, cls, reason, status, retry_after=retry_after
        )
        self.counts[reason] += 1
        try:
            await self._trail.commit(record)
        except AuditError as fault:
            self._note("audit", fault)
        self._answer(flow, passage, reply)

    async def _refuse_unrecorded(
        self, flow: http.HTTPFlow, passage: Passage, fault: AuditError
    ) -> None:
        self._note("audit", fault)
        reply, _ = self._firewall().refuse(passage.exchange, RefusalClass.FAULT, "audit")
        self._answer(flow, passage, reply)

    def _answer(self, flow: http.HTTPFlow, passage: Passage, reply: Reply) -> None:
        self.metered.settle(passage)
        flow.response, passage.own = self._marked(to_response(reply), passage), True
        if self.draining:
            end_after(flow)
