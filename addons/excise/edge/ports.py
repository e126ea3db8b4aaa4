"""What the edge needs of the rest, as protocols small enough to fake in a few lines."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from excise.edge.discovery import Sight
from excise.edge.faults import Fault
from excise.edge.headers import AnswerHeaders
from excise.model import (
    Action,
    Answer,
    Decision,
    Exchange,
    Halt,
    RefusalClass,
    Reply,
    SocketMessage,
)

Record = dict[str, Any]


class Host(Protocol):
    """An LLM host."""

    def reads(self, path: str) -> bool:
        """Whether what goes to a path as sent is LLM traffic."""
        ...


class Hosts(Protocol):
    """The catalogue of LLM hosts."""

    def find(self, host: str) -> Host | None:
        """The entry of a host (lower case, no port), or None where it is no LLM host."""
        ...


class Thought(Protocol):
    """What only rules in shadow want to know of a message; not asked yet."""

    @property
    def names(self) -> tuple[str, ...]:
        """Detectors that are to be asked."""
        ...

    @property
    def size(self) -> int:
        """About how many characters it holds."""
        ...

    def __call__(self) -> Record | None:
        """Ask them, which may block for seconds; an audit line where there is something to say."""
        ...


class RequestOutcome(Protocol):
    """What to do with a request: answer it with `reply`, or send on what stands here."""

    @property
    def context(self) -> Any: ...
    @property
    def decision(self) -> Decision: ...
    @property
    def record(self) -> Record: ...
    @property
    def reply(self) -> Reply | None: ...
    @property
    def target(self) -> str: ...
    @property
    def headers(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def changed(self) -> bool: ...
    @property
    def kept(self) -> Mapping[str, str]: ...
    @property
    def afterthought(self) -> Thought | None: ...


class ResponseOutcome(Protocol):
    """What to do with a whole answer: replace it by `reply`, or pass `body` on."""

    @property
    def decision(self) -> Decision: ...
    @property
    def record(self) -> Record: ...
    @property
    def reply(self) -> Reply | None: ...
    @property
    def body(self) -> bytes: ...
    @property
    def changed(self) -> bool: ...
    @property
    def afterthought(self) -> Thought | None: ...


class Step(Protocol):
    """What one chunk of a streamed answer led to."""

    @property
    def data(self) -> bytes:
        """Bytes to give the client now; may be empty."""
        ...

    @property
    def rulings(self) -> tuple[Any, ...]:
        """Not empty where `record()` must be on disk before `data` is released."""
        ...

    @property
    def clauses(self) -> tuple[Any, ...]:
        """The same."""
        ...

    @property
    def closed(self) -> bool:
        """True where `data` ends the answer and nothing of upstream may follow."""
        ...

    @property
    def wait(self) -> Callable[[], None] | None:
        """Blocks until `resume` gives the rest of this step; None where there is no more."""
        ...


class ResponseStream(Protocol):
    """A streamed answer under inspection."""

    def feed(self, chunk: bytes) -> Step:
        """The next bytes of upstream, as they came off the wire."""
        ...

    def finish(self, *, cut: bool = False) -> Step:
        """Upstream has ended the answer, or with `cut` died in the middle of it."""
        ...

    def resume(self) -> Step:
        """What was held until a step's `wait` was over."""
        ...

    def close(self, reference: str, cls: RefusalClass) -> bytes:
        """A clean native ending fit to follow what was released; b"" where there is none."""
        ...

    def record(self) -> Record:
        """The audit record of what was seen since the last one."""
        ...

    def afterthought(self) -> Thought | None:
        """What is to be asked of the answer now that it is over."""
        ...


class SocketStep(Protocol):
    """What one message of a WebSocket led to."""

    @property
    def onward(self) -> tuple[SocketMessage, ...]:
        """To the other side."""
        ...

    @property
    def back(self) -> tuple[SocketMessage, ...]:
        """To the side it came from."""
        ...

    @property
    def records(self) -> tuple[Record, ...]: ...
    @property
    def durable(self) -> bool:
        """Whether the records must be on disk before anything goes out."""
        ...

    @property
    def kept(self) -> Mapping[str, str]: ...
    @property
    def close(self) -> int:
        """The code the socket is then closed with; 0 where it stays open."""
        ...

    @property
    def reason(self) -> str: ...
    @property
    def afterthought(self) -> Thought | None: ...


class Socket(Protocol):
    """A WebSocket under inspection; the firewall comes with each message, so that a reload reaches
    open sockets."""

    @property
    def busy(self) -> bool:
        """Whether an answer is under way."""
        ...

    def client(self, judge: Any, message: SocketMessage, reference: str) -> SocketStep:
        """A message of the client's; `reference` becomes the id of what it asks for."""
        ...

    def server(self, judge: Any, message: SocketMessage) -> SocketStep:
        """A message of the server's."""
        ...

    def control(self, judge: Any, text: bytes) -> bytes:
        """The text of a control frame, emptied where it may not pass."""
        ...

    def end(self) -> SocketStep:
        """The socket is closed."""
        ...


class Firewall(Protocol):
    """The pipeline, pure: values in, values out."""

    @property
    def is_slow(self) -> bool:
        """Whether it waits for other processes, so that it must not run on the event loop."""
        ...

    def waits(self, message: Exchange | Answer, body: bytes) -> bool:
        """Whether judging this body may wait for something outside."""
        ...

    def inspect_request(self, exchange: Exchange) -> RequestOutcome:
        """Judge a whole request."""
        ...

    def inspect_response(self, exchange: Exchange, answer: Answer, context: Any) -> ResponseOutcome:
        """Judge a whole answer."""
        ...

    def open_stream(
        self, exchange: Exchange, answer: Answer, context: Any
    ) -> ResponseStream | None:
        """A reader for this answer where it is a stream, else None."""
        ...

    def reads_socket(self, exchange: Exchange) -> bool:
        """Whether the messages behind this upgrade to a WebSocket are read."""
        ...

    def open_socket(self, context: Any) -> Socket:
        """An inspector for the messages of an upgraded exchange."""
        ...

    def refuse(
        self,
        exchange: Exchange,
        cls: RefusalClass,
        reason: str,
        status: int | None = None,
        *,
        retry_after: int = 0,
    ) -> tuple[Reply, Record]:
        """A refusal that the edge itself decided on, in the provider's shape, and its record."""
        ...


class Trail(Protocol):
    """The audit trail."""

    async def commit(self, record: Record) -> None:
        """Returns once the record is on disk. Raises `AuditError`."""
        ...

    def offer(self, record: Record) -> None:
        """Queue a record. Raises `AuditError` where the queue is full or the trail is broken."""
        ...


class Vault(Protocol):
    """Where placeholders and their values are kept, each principal apart."""

    def keep(self, principal: str, kept: Mapping[str, str]) -> None:
        """Remember what was cut out, so that the answer can be restored."""
        ...


class Verdict(Protocol):
    """Whether an exchange fits the limits."""

    @property
    def limit(self) -> str:
        """Id of the limit that it does not fit, or ""."""
        ...

    @property
    def wait(self) -> float | None:
        """Seconds until it may fit."""
        ...

    @property
    def would(self) -> Sequence[str]:
        """Ids of limits in shadow that it does not fit."""
        ...


class Meter(Protocol):
    """Limits; told of every exchange that policy lets pass."""

    def admit(self, exchange: Exchange, *, model: str, provider: str, tokens: int) -> Verdict:
        """Count an exchange, or refuse it."""
        ...

    def settle(
        self, exchange_id: str, *, tokens_in: int | None = None, tokens_out: int | None = None,
        failed: bool = False,
    ) -> None:  # fmt: skip
        """The exchange is over; harmless when told twice."""
        ...

    def sweep(self) -> None:
        """Forget what is over."""
        ...


class Reload(Protocol):
    """A new policy while traffic flows."""

    def request(self) -> None:
        """Load anew, soon."""
        ...

    def watch(self) -> None:
        """Load anew where a file has changed."""
        ...

    def stop(self) -> None:
        """Load no more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What the running proxy shows of itself; counters are read while they grow."""

    loop: asyncio.AbstractEventLoop
    connections: Counter[str]
    hook_faults: Counter[str]
    active: Callable[[], int]
    sockets: Callable[[], int]
    afterthoughts: Counter[str]
    waiting: Callable[[], int]  # messages that detectors of rules in shadow are to be asked about
    stopping: Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the proxy is given to work with."""

    firewall: Callable[[], Firewall]  # called for each exchange, so that a reload swaps it
    hosts: Hosts
    trail: Trail
    vault: Vault
    fault_record: Callable[[Fault], Record]
    tarpit_seconds: float = 60.0
    headers: AnswerHeaders | None = None  # None: answers tell nothing of their verdict
    # A line about a connection that came to nothing (host, client address, why); None: no line.
    tunnel_record: Callable[[str, str, str], Record] | None = None
    # A line about what looks like a model that the catalogue does not know; None: nobody looks.
    sight_record: Callable[[Sight], Record] | None = None
    every_tunnel: bool = False  # one also about each connection that was relayed unread
    meter: Meter | None = None
    # Why all LLM traffic is to be refused, if it is.
    halted: Callable[[], Halt | None] = lambda: None
    kill: Callable[[], None] = lambda: None  # turns that on, for the signal
    look: Callable[[], object] = lambda: None  # finds that out anew; may wait for a server
    far: bool = False  # what is counted and kept lies on a server that nodes share
    # An event of `audit.fields.NOTICES`, and what it is about.
    notice: Callable[..., None] = lambda event, subject="": None
    sweep: Callable[[], object] = lambda: None  # told once a minute: forget what has expired
    # Makes the reloader, given what is to be done once a policy was swapped.
    reload: Callable[[Callable[[], None]], Reload] | None = None
    # The auto-configuration script for a proxy that clients name so (HOST:PORT).
    pac: Callable[[str], str] | None = None
    # What workers of one port know a test of themselves by; without it there is none.
    selftest: str = ""
    # Told once the proxy serves what it shows of itself.
    watch: Callable[[Pulse], None] = lambda _: None


MUST_BE_ON_DISK = frozenset(action for action in Action if action.rank >= Action.REDACT.rank)
