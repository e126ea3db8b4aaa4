"""Counters that several nodes share: the windows of `counters`, by the clock of the server.

What stands there is read, stepped here, and written if nobody else has written meanwhile; who was
overtaken steps from what stands there now. So the window is one algorithm wherever it is kept, and
of all who count at once one always gets through.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from pyrate_limiter.abstracts.algorithm import State

from excise.errors import StateError
from excise.state.counters import (
    ADD,
    SLOTS,
    TAKE,
    Charge,
    Denied,
    counted,
    denied_by,
    rates_of,
    read_state,
    write_state,
)
from excise.state.remote import Remote

# All in one slot of a cluster: what is counted together is written together.
PREFIX: Final = "excise:{limits}:"
_TRIES: Final = 200
_PAGE: Final = 500
_OWED: Final = 10_000  # charges that wait for the server

# With words: for each key what it held, what it shall hold, and for how many milliseconds.
_SCRIPT: Final = """
local held = redis.call('MGET', unpack(KEYS))
if #ARGV > 0 then
  local same = true
  for i = 1, #KEYS do
    if (held[i] or '') ~= ARGV[3 * i - 2] then same = false end
  end
  if same then
    for i = 1, #KEYS do
      redis.call('SET', KEYS[i], ARGV[3 * i - 1], 'PX', ARGV[3 * i])
    end
    return {}
  end
end
local answer = redis.call('TIME')
for i = 1, #KEYS do answer[i + 2] = held[i] or '' end
return answer
"""

_Step = Callable[[list[State], int], "list[State] | Denied"]


class RemoteCounters:
    """Implements `Counters` over a server that several nodes share."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._owed: deque[Charge] = deque(maxlen=_OWED)

    def __repr__(self) -> str:
        return "<RemoteCounters>"

    def take(self, charges: Sequence[Charge]) -> Denied | None:
        """Count all of these, or none of them where one does not fit. Raises `StateError`."""

        def step(states: list[State], now: int) -> list[State] | Denied:
            stepped = []
            for charge, state in zip(charges, states, strict=True):
                moved, decision = TAKE.step(_rates(charge), state, now, charge.amount)
                if not decision.allowed:
                    return denied_by(charge, decision)
                stepped.append(moved)
            return stepped

        self._pay()
        return self._change(charges, step)

    def add(self, charges: Sequence[Charge]) -> list[int]:
        """Count these whatever the limit; what cannot be counted now is, once the server is back.
        Raises `StateError`."""
        try:
            self._pay()
            return self._add(charges)
        except StateError:
            self._owed.extend(charges)
            raise

    def _pay(self) -> None:
        """Count what could not be counted while the server was away."""
        while self._owed:
            self._add([self._owed[0]])
            self._owed.popleft()

    def _add(self, wanted: Sequence[Charge]) -> list[int]:
        stepped: list[State] = []

        def step(states: list[State], now: int) -> list[State]:
            pairs = zip(wanted, states, strict=True)
            stepped[:] = [
                ADD.step(_rates(each), state, now, each.amount)[0] for each, state in pairs
            ]
            return stepped

        self._change(wanted, step)
        return [counted(state) for state in stepped]

    def used(self, charge: Charge) -> int:
        """What stands on a counter now. Raises `StateError`."""
        now, held = _told(self._remote.run(_SCRIPT, [PREFIX + charge.key], []))
        return TAKE.consumed(_rates(charge), _state(held[0], charge), now)

    def keys(self) -> dict[str, tuple[int, int]]:
        """Every counter with its limit and window. Raises `StateError`."""
        names = self._names()
        found: dict[str, tuple[int, int]] = {}
        for start in range(0, len(names), _PAGE):
            page = names[start : start + _PAGE]
            held = self._remote.ask(partial(_held, page))
            for name, value in zip(page, held, strict=True):
                if value is not None:
                    limit, seconds, *_ = value.split()
                    found[name.removeprefix(PREFIX)] = int(limit), int(seconds)
        return found

    def reset(self, name: str) -> int:
        """Forget counters. Raises `StateError`."""
        gone = [each for each in self._names() if f"{each}/".startswith(f"{PREFIX}{name}/")]
        for start in range(0, len(gone), _PAGE):
            page = gone[start : start + _PAGE]
            self._remote.ask(partial(_gone, page))
        return len(gone)

    def sweep(self) -> int:
        """The server forgets by itself."""
        return 0

    def _names(self) -> list[str]:
        found = self._remote.ask(lambda c: list(c.scan_iter(match=f"{PREFIX}*", count=_PAGE)))
        return sorted({each.decode("utf-8", "surrogateescape") for each in found})

    def _change(self, charges: Sequence[Charge], step: _Step) -> Denied | None:
        if not charges:
            return None
        names = [PREFIX + charge.key for charge in charges]
        answer = self._remote.run(_SCRIPT, names, [])
        for _ in range(_TRIES):
            now, held = _told(answer)
            states = [_state(text, charge) for text, charge in zip(held, charges, strict=True)]
            stepped = step(states, now)
            if isinstance(stepped, Denied):
                return stepped
            words: list[str | int] = []
            for charge, before, state in zip(charges, held, stepped, strict=True):
                words += [before, _text(charge, state), _lasting(charge)]
            answer = self._remote.run(_SCRIPT, names, words)
            if not answer:
                return None
        raise StateError("EXC-STA-006", "too many count on one limit at once.")


def _held(names: list[str], client: Any) -> list[bytes | None]:
    found: list[bytes | None] = client.mget(names)
    return found


def _gone(names: list[str], client: Any) -> None:
    client.delete(*names)


def _told(answer: list[Any]) -> tuple[int, list[str]]:
    """Milliseconds since 1970, and what each key holds."""
    seconds, micro, *held = answer
    return int(seconds) * 1000 + int(micro) // 1000, [each.decode("ascii") for each in held]


def _text(charge: Charge, state: State) -> str:
    return f"{charge.limit} {charge.seconds} {write_state(state)}"


def _state(text: str, charge: Charge) -> State:
    """What a key holds; nothing where that was counted over another window."""
    _, _, rest = text.partition(" ")
    seconds, _, state = rest.partition(" ")
    return read_state(state if seconds == str(charge.seconds) else "")


def _rates(charge: Charge) -> list[Any]:
    return rates_of(charge.limit, charge.seconds)


def _lasting(charge: Charge) -> int:
    """Milliseconds after which nothing of it counts any more."""
    return charge.seconds * 1000 * (SLOTS + 2) // SLOTS
