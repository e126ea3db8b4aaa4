"""A WebSocket whose faults close it instead of letting unread messages through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from excise.edge.ports import Firewall, Record, Socket, SocketStep, Thought, Trail, Vault
from excise.edge.threads import IN_PLACE_BYTES, in_thread
from excise.errors import AuditError
from excise.model import Exchange, RefusalClass, SocketMessage

# RFC 6455, 7.4.1
GOING_AWAY: Final = 1001
TOO_BIG: Final = 1009
FAULT: Final = 1011

Call = Callable[[Any], SocketStep]


@dataclass(slots=True)
class Turn:
    """What may go out because of one message. Where `wait` is set it must be awaited first; until
    it is `decided`, nothing may."""

    onward: tuple[SocketMessage, ...] = ()
    back: tuple[SocketMessage, ...] = ()
    close: int = 0
    reason: str = ""
    decided: bool = False
    wait: Callable[[], Awaitable[None]] | None = None


class GuardedSocket:
    """The socket of one upgraded exchange. Nothing of it raises, save for KeyboardInterrupt."""

    def __init__(
        self,
        socket: Socket,
        exchange: Exchange,
        *,
        firewall: Callable[[], Firewall],
        trail: Trail,
        vault: Vault,
        note: Callable[[str, BaseException], str],
        new_id: Callable[[], str],
        stopping: Callable[[], bool],
        limit: int,
        ended: Callable[[], object] = lambda: None,
        think: Callable[[Thought | None, Sequence[Record]], object] = lambda *_: None,
    ) -> None:
        self._socket = socket
        self._exchange = exchange
        self._firewall = firewall
        self._trail = trail
        self._vault = vault
        self._note = note
        self._think = think
        self._new_id = new_id
        self._stopping = stopping
        self.limit = limit
        self._ended = ended

    @property
    def busy(self) -> bool:
        """Whether an answer is under way."""
        return self._socket.busy

    def client(self, message: SocketMessage) -> Turn:
        """A message of the client's."""
        if self._stopping():
            return self.stop()
        reference = self._new_id()
        return self._take(message, lambda wall: self._socket.client(wall, message, reference))

    def stop(self) -> Turn:
        """The proxy stops."""
        return Turn(close=GOING_AWAY, reason="The proxy is stopping.", decided=True)

    def server(self, message: SocketMessage) -> Turn:
        """A message of the server's."""
        return self._take(message, lambda wall: self._socket.server(wall, message))

    def control(self, text: bytes) -> bytes:
        """The text of a ping, pong or close as far as it may pass."""
        try:
            return self._socket.control(self._firewall(), text)
        except Exception as fault:
            self._note("websocket", fault)
            return b""

    def end(self) -> Turn:
        """The socket is closed, by whomever."""
        self._ended()
        return self._take(SocketMessage(b"", False), lambda _: self._socket.end())

    def oversize(self) -> Turn:
        """A message is larger than the ceiling."""

        def refused(wall: Firewall) -> Any:
            reason = "uninspectable:size"
            _, record = wall.refuse(self._exchange, RefusalClass.UNINSPECTABLE, reason)
            return _Refused(record)

        return self._take(SocketMessage(b"", False), refused)

    def fault(self, fault: BaseException) -> Turn:
        """Something of ours failed outside of this object."""
        return self._failed(Turn(), fault)

    # -- carrying out ------------------------------------------------------------------------

    def _take(self, message: SocketMessage, call: Call) -> Turn:
        turn = Turn()
        try:
            wall = self._firewall()
            if len(message.data) > IN_PLACE_BYTES or wall.waits(self._exchange, message.data):
                turn.wait = lambda: self._later(turn, call, wall)
                return turn
            step = call(wall)
            if step.durable or step.kept:
                turn.wait = lambda: self._secure(turn, step)
            else:
                self._offer(turn, step)
        except BaseException as fault:
            self._failed(turn, fault)
            if isinstance(fault, KeyboardInterrupt):
                raise
        return turn

    async def _later(self, turn: Turn, call: Call, wall: Firewall) -> None:
        try:
            step: SocketStep = await in_thread(call, wall)
            if step.durable or step.kept:
                await self._secure(turn, step)
            else:
                self._offer(turn, step)
        except Exception as fault:
            self._failed(turn, fault)

    async def _secure(self, turn: Turn, step: SocketStep) -> None:
        try:
            self._think(step.afterthought, step.records)
            for record in step.records:
                await self._trail.commit(record)
            if step.kept:
                await in_thread(self._vault.keep, self._exchange.principal.id, step.kept)
            self._give(turn, step)
        except Exception as fault:
            self._failed(turn, fault)

    def _offer(self, turn: Turn, step: SocketStep) -> None:
        self._think(step.afterthought, step.records)
        for record in step.records:
            self._trail.offer(record)
        self._give(turn, step)

    def _give(self, turn: Turn, step: SocketStep) -> None:
        turn.onward, turn.back = step.onward, step.back
        turn.close, turn.reason = step.close, step.reason
        turn.decided = True

    def _failed(self, turn: Turn, fault: BaseException) -> Turn:
        where = "audit" if isinstance(fault, AuditError) else "websocket"
        reference = self._note(where, fault)
        turn.onward = turn.back = ()
        turn.close, turn.decided = FAULT, True
        turn.reason = f"The LLM firewall could not check this. Reference: {reference}."
        return turn


class _Refused:
    """A step that writes a line and closes the socket."""

    onward: tuple[SocketMessage, ...] = ()
    back: tuple[SocketMessage, ...] = ()
    durable = True
    close = TOO_BIG
    reason = "The message is too large."

    def __init__(self, record: Record) -> None:
        self.records = (record,)
        self.kept: dict[str, str] = {}
        self.afterthought = None
