"""What the edge remembers of one exchange while it passes through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import Any, Final

from excise.edge.faults import class_of
from excise.edge.load import Load
from excise.edge.ports import Record, ResponseStream, Step, Thought
from excise.edge.threads import in_thread
from excise.model import Halt, RefusalClass

PASSAGE: Final = "excise"
DEFAULT_BODY_LIMIT: Final = 20 * 1024 * 1024


class End(Enum):
    """Whether more of a streamed answer may follow."""

    OPEN = auto()
    CLOSED = auto()  # ended by us in the provider's own way
    ABORTED = auto()  # the connection must be cut


@dataclass(slots=True)
class Release:
    """What may go to the client now. Where `wait` is set it must be awaited first; it may take
    the permission back by changing the other fields."""

    data: bytes
    end: End = End.OPEN
    wait: Callable[[], Awaitable[None]] | None = None


class GuardedStream:
    """A streamed answer whose faults end the stream instead of letting unread bytes through."""

    def __init__(
        self,
        stream: ResponseStream,
        note: Callable[[str, BaseException], str],
        commit: Callable[[Record], Awaitable[None]],
        halted: Callable[[], Halt | None] = lambda: None,
    ) -> None:
        self._stream = stream
        self._note = note
        self._commit = commit
        self._halted = halted
        self.end = End.OPEN
        self.settled = False

    def feed(self, chunk: bytes) -> Release:
        """The next bytes of upstream. Never raises."""
        return self._take(lambda: self._stream.feed(chunk))

    def finish(self) -> Release:
        """Upstream has ended the answer. Never raises."""
        return self._take(self._stream.finish)

    def lost(self) -> Release:
        """Upstream is gone in the middle: what was held back and is decided. Never raises."""
        release = self._take(lambda: self._stream.finish(cut=True))
        if release.end is not End.CLOSED:
            release.end = self.end = End.ABORTED
        return release

    def afterthought(self) -> Thought | None:
        """What is to be asked of the answer now that it is over."""
        return self._stream.afterthought()

    def record(self) -> Record:
        """The last audit record of the stream."""
        self.settled = True
        return self._stream.record()

    def _take(self, step_of: Callable[[], Any]) -> Release:
        if self.end is not End.OPEN:
            return Release(b"", self.end)
        if halt := self._halted():
            release = self._closing(halt, halt.refusal)
            self.end = release.end
            return release
        try:
            step = step_of()
            release = Release(step.data, End.CLOSED if step.closed else End.OPEN)
            if step.wait is not None:
                release.wait = partial(self._complete, release, step)
            elif _is_told_first(step):
                release.wait = lambda: self._secure(release)
        except BaseException as fault:
            release = self._closing(self._note("stream", fault), class_of(fault))
            if isinstance(fault, KeyboardInterrupt):
                raise
        self.end = release.end
        return release

    def _closing(self, reference: str, cls: RefusalClass) -> Release:
        try:
            ending = self._stream.close(reference, cls)
        except Exception as second:
            self._note("stream", second)
            ending = b""
        return Release(ending, End.CLOSED if ending else End.ABORTED)

    async def _complete(self, release: Release, step: Step) -> None:
        """With what the rest of a step brings, once what it waits for is over."""
        try:
            await in_thread(step.wait or bool)
            rest = self._stream.resume()
        except Exception as fault:
            closing = self._closing(self._note("stream", fault), class_of(fault))
            release.data, release.end = release.data + closing.data, closing.end
        else:
            release.data += rest.data
            release.end = End.CLOSED if rest.closed else End.OPEN
            if _is_told_first(step) or _is_told_first(rest):
                await self._secure(release)
        if release.end is not End.OPEN:
            self.end = release.end

    async def _secure(self, release: Release) -> None:
        try:
            await self._commit(self._stream.record())
        except Exception as fault:
            # No native ending here: the reader already counts the held bytes as sent.
            self._note("audit", fault)
            release.data = b""
            release.end = self.end = End.ABORTED


def _is_told_first(step: Step) -> bool:
    """Whether a line must be on disk before what this step gives goes out."""
    return bool(step.rulings or step.clauses or step.closed)


@dataclass(slots=True)
class Passage:
    """One exchange with an LLM host on its way; plain traffic has none of this."""

    exchange: Any = None  # the Exchange, once the request is whole
    outcome: Any = None  # the firewall's RequestOutcome
    stream: GuardedStream | None = None
    upgrade: bool = False  # the client asks for a WebSocket
    socket: Any = None  # makes the layer of the socket, once upstream has agreed
    override: str = ""  # how the client overrules a refusal
    tarpit: Any = None  # the Tarpit in which the refusal has a place
    own: bool = False  # the answer is ours, not the provider's
    opaque: bool = False  # no LLM host: neither read nor kept
    shed: bool = False  # there is too much to do: refused without being read
    barred: str = ""  # why the edge itself refuses, before the body is read
    oversize: bool = False
    limit: int = DEFAULT_BODY_LIMIT
    host: str = ""
    load: Load | None = None
    held: int = 0  # bytes of bodies

    def hold(self, size: int) -> bool:
        """More of a body came; whether there is room for it."""
        if self.load is None:
            return True
        self.held += size
        self.load.held += size
        return not self.load.is_heavy()

    def let_go(self) -> None:
        """The bodies are dropped or done with."""
        if self.load is not None:
            self.load.held -= self.held
        self.held = 0
