"""Small stand-ins for what the edge is given: a catalogue, a firewall, a trail, a vault."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from excise.errors import AuditError
from excise.model import (
    Action,
    Answer,
    Decision,
    Exchange,
    RefusalClass,
    Reply,
    SocketMessage,
)

MARK = b"PLANTED"
SAFE = b"[CUT]"


class FakeHost:
    """Does something else on `/other`."""

    def reads(self, path: str) -> bool:
        return path != "/other"


class FakeHosts:
    """Knows the names that begin with `llm.`, and one address by its port."""

    def find(self, host: str) -> FakeHost | None:
        return FakeHost() if host.startswith("llm.") or host == "127.0.0.9:1143" else None


@dataclass
class Outcome:
    decision: Decision
    record: dict[str, Any]
    reply: Reply | None = None
    target: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    changed: bool = False
    kept: Mapping[str, str] = field(default_factory=dict)
    context: Any = None
    afterthought: Any = None


@dataclass
class FakeStep:
    data: bytes
    rulings: tuple[Any, ...] = ()
    clauses: tuple[Any, ...] = ()
    closed: bool = False
    wait: Callable[[], None] | None = None


def decision(action: Action) -> Decision:
    return Decision(action=action, would=action)


class FakeStream:
    """Cuts MARK; ends natively at `STOP`, raises at `BOOM`, awaits the disk at `DISK`."""

    def __init__(self) -> None:
        self.held = b""
        self.closes = True
        self.rest: FakeStep | None = None  # what a step that waits brings later

    def resume(self) -> FakeStep:
        if self.rest is None:
            raise RuntimeError("raw text")
        return self.rest

    def feed(self, chunk: bytes) -> FakeStep:
        if b"BOOM" in chunk:
            raise RuntimeError(f"raw text {chunk!r}")
        if b"STOP" in chunk:
            return FakeStep(b"data: stopped\n\n", rulings=(1,), closed=True)
        if b"HOLD" in chunk:
            self.held = chunk
            return FakeStep(b"")
        rulings = (1,) if b"DISK" in chunk or MARK in chunk else ()
        data, self.held = self.held + chunk, b""
        return FakeStep(data.replace(MARK, SAFE), rulings=rulings)

    def finish(self, *, cut: bool = False) -> FakeStep:
        data, self.held = self.held, b""
        return FakeStep(data.replace(MARK, SAFE))

    def close(self, reference: str, cls: RefusalClass) -> bytes:
        return f"data: closed {cls} {reference}\n\n".encode() if self.closes else b""

    def afterthought(self) -> None:
        return None

    def record(self) -> dict[str, Any]:
        return {"what": "stream"}


@dataclass
class FakeSocketStep:
    onward: tuple[SocketMessage, ...] = ()
    back: tuple[SocketMessage, ...] = ()
    records: tuple[dict[str, Any], ...] = ()
    durable: bool = False
    kept: Mapping[str, str] = field(default_factory=dict)
    close: int = 0
    reason: str = ""
    afterthought: Any = None


class FakeSocket:
    """Cuts MARK in both directions; answers `BLOCK`, closes at `CLOSE`, raises at `BOOM`."""

    busy = False

    def client(self, judge: Any, message: SocketMessage, reference: str) -> FakeSocketStep:
        record = {"what": "message", "id": reference}
        if b"BLOCK" in message.data:
            back = (SocketMessage(b"refused", False),)
            code = 1008 if b"CLOSE" in message.data else 0
            return FakeSocketStep(back=back, records=(record,), durable=True, close=code)
        step = self.server(judge, message)
        step.records = (record,)
        return step

    def server(self, judge: Any, message: SocketMessage) -> FakeSocketStep:
        if b"BOOM" in message.data:
            raise RuntimeError(f"raw text {message.data!r}")
        edited = message._replace(data=message.data.replace(MARK, SAFE))
        kept = {SAFE.decode(): MARK.decode()} if edited != message else {}
        return FakeSocketStep(onward=(edited,), kept=kept, durable=edited != message)

    def control(self, judge: Any, text: bytes) -> bytes:
        if b"BOOM" in text:
            raise RuntimeError(f"raw text {text!r}")
        return b"" if MARK in text else text

    def end(self) -> FakeSocketStep:
        return FakeSocketStep(records=({"what": "end"},))


class FakeFirewall:
    """Blocks bodies with `BLOCK`, cuts MARK, raises at `BOOM`; restores SAFE in answers."""

    is_slow = False

    def waits(self, message: Exchange | Answer, body: bytes) -> bool:
        return self.is_slow

    def __init__(self) -> None:
        self.seen: list[Exchange] = []
        self.answers: list[Answer] = []
        self.inspect: Callable[[Exchange], None] = lambda exchange: None
        self.stream_closes = True

    def inspect_request(self, exchange: Exchange) -> Outcome:
        self.seen.append(exchange)
        self.inspect(exchange)
        if b"BOOM" in exchange.body:
            raise RuntimeError(f"raw text {exchange.body!r}")
        outcome = Outcome(
            decision(Action.ALLOW),
            {"what": "request", "id": exchange.id},
            target=exchange.target,
            headers=exchange.headers,
            body=exchange.body,
            context="context",
        )
        if b"BLOCK" in exchange.body:
            outcome.decision = decision(Action.BLOCK)
            outcome.reply = _reply(400, exchange.id)
        elif MARK in exchange.body:
            outcome.decision = decision(Action.REDACT)
            outcome.body = exchange.body.replace(MARK, SAFE)
            outcome.changed = True
            outcome.kept = {SAFE.decode(): MARK.decode()}
        return outcome

    def inspect_response(self, exchange: Exchange, answer: Answer, context: Any) -> Outcome:
        assert context == "context"
        self.answers.append(answer)
        if b"ANSWER-BOOM" in answer.body:
            raise RuntimeError(f"raw text {answer.body!r}")
        outcome = Outcome(decision(Action.ALLOW), {"what": "response"}, body=answer.body)
        if b"LEAK" in answer.body:
            outcome.decision = decision(Action.BLOCK)
            outcome.reply = _reply(400, exchange.id)
        elif SAFE in answer.body:
            outcome.body = answer.body.replace(SAFE, MARK)
            outcome.changed = True
        return outcome

    def open_stream(self, exchange: Exchange, answer: Answer, context: Any) -> FakeStream | None:
        if not answer.header("content-type").startswith("text/event-stream"):
            return None
        stream = FakeStream()
        stream.closes = self.stream_closes
        return stream

    def reads_socket(self, exchange: Exchange) -> bool:
        return exchange.path == "/v1/socket"

    def open_socket(self, context: Any) -> FakeSocket:
        assert context == "context"
        return FakeSocket()

    def refuse(
        self,
        exchange: Exchange,
        cls: RefusalClass,
        reason: str,
        status: int | None = None,
        *,
        retry_after: int = 0,
    ) -> tuple[Reply, dict[str, Any]]:
        if not exchange.host.startswith("llm."):
            raise LookupError(exchange.host)
        return _reply(status or 400, exchange.id, reason), {"what": "refused", "reason": reason}


def _reply(status: int, reference: str, reason: str = "policy") -> Reply:
    body = json.dumps({"error": {"type": reason, "message": f"Reference: {reference}."}})
    return Reply(status=status, headers=(("content-type", "application/json"),), body=body.encode())


class FakeTrail:
    """Keeps records in a list; can be broken."""

    def __init__(self) -> None:
        self.committed: list[dict[str, Any]] = []
        self.offered: list[dict[str, Any]] = []
        self.broken = False

    async def commit(self, record: dict[str, Any]) -> None:
        if self.broken:
            raise AuditError("EXC-AUD-001", "the trail is broken.")
        self.committed.append(record)

    def offer(self, record: dict[str, Any]) -> None:
        if self.broken:
            raise AuditError("EXC-AUD-002", "the queue is full.")
        self.offered.append(record)


class FakeVault:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, dict[str, str]]] = []

    def keep(self, principal: str, kept: Mapping[str, str]) -> None:
        self.kept.append((principal, dict(kept)))
