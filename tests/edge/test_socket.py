"""A guarded socket: faults close it, what must be on disk waits, nothing passes undecided."""

from __future__ import annotations

from typing import Any

import pytest
from edge.fakes import FakeFirewall, FakeSocket, FakeTrail, FakeVault

from excise.edge.socket import FAULT, GOING_AWAY, TOO_BIG, GuardedSocket, Turn
from excise.edge.threads import IN_PLACE_BYTES
from excise.model import Exchange, Principal, SocketMessage

UPGRADE = Exchange(
    id="0192", method="GET", host="llm.test", port=443, target="/v1/socket", headers=(), body=b"",
    principal=Principal(id="me"),
)  # fmt: skip


class Guard:
    """A guarded socket and everything around it."""

    def __init__(self) -> None:
        self.trail, self.vault, self.wall = FakeTrail(), FakeVault(), FakeFirewall()
        self.noted: list[tuple[str, str]] = []
        self.stopping = False
        self.thought: list[tuple[object, int]] = []
        self.socket = GuardedSocket(
            FakeSocket(),
            UPGRADE,
            firewall=lambda: self.wall,
            trail=self.trail,
            vault=self.vault,
            note=self._note,
            new_id=lambda: "0193",
            stopping=lambda: self.stopping,
            limit=1000,
            think=lambda thought, records: self.thought.append((thought, len(records))),
        )

    def _note(self, where: str, fault: BaseException) -> str:
        self.noted.append((where, type(fault).__name__))
        return "ref"


async def _settled(turn: Turn) -> Turn:
    if turn.wait is not None:
        assert not turn.decided
        assert (turn.onward, turn.back) == ((), ())
        await turn.wait()
    assert turn.decided
    return turn


def _text(data: bytes) -> SocketMessage:
    return SocketMessage(data, False)


def test_a_clean_message_needs_no_waiting() -> None:
    guard = Guard()
    turn = guard.socket.client(_text(b"hello"))
    assert (turn.onward, turn.wait, turn.decided) == ((_text(b"hello"),), None, True)
    assert guard.trail.offered == [{"what": "message", "id": "0193"}]


async def test_an_edit_waits_for_the_disk_and_its_value_is_kept() -> None:
    guard = Guard()
    turn = await _settled(guard.socket.client(_text(b"a PLANTED")))
    assert turn.onward == (_text(b"a [CUT]"),)
    assert guard.trail.committed
    assert guard.vault.kept == [("me", {"[CUT]": "PLANTED"})]


async def test_what_rules_in_shadow_want_to_know_is_told_before_the_lines_are_written() -> None:
    """Of each message, also of one that waits for the disk."""
    guard = Guard()
    for text in (b"hello", b"a PLANTED"):
        await _settled(guard.socket.client(_text(text)))
    assert guard.thought == [(None, 1), (None, 1)]


@pytest.mark.parametrize(("text", "code"), [(b"BLOCK", 0), (b"BLOCK CLOSE", 1008)])
async def test_a_refused_message_is_answered(text: bytes, code: int) -> None:
    turn = await _settled(Guard().socket.client(_text(text)))
    assert (turn.onward, turn.back, turn.close) == ((), (_text(b"refused"),), code)


@pytest.mark.parametrize("size", [0, IN_PLACE_BYTES])
async def test_a_fault_closes_the_socket(size: int) -> None:
    for side in ("client", "server"):
        guard = Guard()
        turn = await _settled(getattr(guard.socket, side)(_text(b"BOOM" + b"x" * size)))
        assert (turn.onward, turn.back, turn.close) == ((), (), FAULT)
        assert "ref" in turn.reason
        assert guard.noted == [("websocket", "RuntimeError")]


@pytest.mark.parametrize("text", [b"hello", b"PLANTED"])
async def test_a_broken_trail_closes_the_socket(text: bytes) -> None:
    guard = Guard()
    guard.trail.broken = True
    turn = await _settled(guard.socket.client(_text(text)))
    assert (turn.onward, turn.close) == ((), FAULT)
    assert guard.noted == [("audit", "AuditError")]
    assert guard.vault.kept == []


async def test_large_messages_and_slow_firewalls_do_not_hold_up_the_loop() -> None:
    guard = Guard()
    for message, slow in ((_text(b"x" * (IN_PLACE_BYTES + 1)), False), (_text(b"x"), True)):
        guard.wall.is_slow = slow
        turn = guard.socket.client(message)
        assert turn.wait is not None
        assert (await _settled(turn)).onward == (message,)


async def test_a_message_too_large_is_told_and_closes() -> None:
    guard = Guard()
    turn = await _settled(guard.socket.oversize())
    assert turn.close == TOO_BIG
    assert guard.trail.committed == [{"what": "refused", "reason": "uninspectable:size"}]


def test_a_proxy_that_stops_takes_no_more_messages() -> None:
    guard = Guard()
    guard.stopping = True
    assert guard.socket.client(_text(b"x")).close == GOING_AWAY
    assert guard.socket.server(_text(b"x")).onward  # the answer under way may end


def test_control_frames_pass_as_far_as_they_may() -> None:
    guard = Guard()
    assert guard.socket.control(b"ping") == b"ping"
    assert guard.socket.control(b"PLANTED") == b""
    assert guard.socket.control(b"BOOM") == b""
    assert guard.noted == [("websocket", "RuntimeError")]


def test_the_end_is_told() -> None:
    guard = Guard()
    assert guard.socket.end().decided
    assert guard.trail.offered == [{"what": "end"}]


def test_an_interrupt_is_not_swallowed() -> None:
    guard = Guard()

    def interrupt(*_: Any) -> Any:
        raise KeyboardInterrupt

    guard.socket._socket.server = interrupt  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        guard.socket.server(_text(b"x"))
