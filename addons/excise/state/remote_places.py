"""Who is under way at once, over several nodes; those of a node that has died are free again.

Each process writes how many places it holds by itself, not how many more or fewer: so an answer
that was lost on the way leaves no place taken. A process that was not heard of for `lease` seconds
counts no longer.
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from excise.state.remote import Remote

LEASE: Final = 180.0  # seconds; `renew` is called every minute
_ALIVE: Final = "excise:{places}"
_PREFIX: Final = "excise:{places}:"
_MOST: Final = 2**52  # beyond, numbers of Lua are not exact

# First the owner and its lease in milliseconds, then for each name how many there may be and how
# many the owner holds. Answers the number of the name that is full, or 0, and how many are held.
_SCRIPT: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local answer = {0}
for i = 2, #KEYS do
  local held, sum = redis.call('HGETALL', KEYS[i]), tonumber(ARGV[2 * i])
  for j = 1, #held, 2 do
    if held[j] ~= ARGV[1] then
      if redis.call('ZSCORE', KEYS[1], held[j]) then
        sum = sum + held[j + 1]
      else
        redis.call('HDEL', KEYS[i], held[j])
      end
    end
  end
  if sum > tonumber(ARGV[2 * i - 1]) then return {i - 1} end
  answer[i] = sum
end
for i = 2, #KEYS do
  if tonumber(ARGV[2 * i]) > 0 then
    redis.call('HSET', KEYS[i], ARGV[1], ARGV[2 * i])
    redis.call('PEXPIRE', KEYS[i], ARGV[2])
  else
    redis.call('HDEL', KEYS[i], ARGV[1])
  end
end
return answer
"""


class RemotePlaces:
    """Implements `Places` over a server that several nodes share."""

    def __init__(self, remote: Remote, *, lease: float = LEASE) -> None:
        self._remote = remote
        self._lease = int(lease * 1000)
        self._owner = secrets.token_hex(8)
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "<RemotePlaces>"

    def enter(self, wanted: Sequence[tuple[str, int]]) -> str | None:
        """Take a place under each name, or none of them and the name that is full. Raises
        `StateError`."""
        if not wanted:
            return None
        with self._lock:
            mine = {name: self._held[name] + 1 for name, _ in wanted}
            full, *_ = self._tell(mine, dict(wanted))
            if full:
                return wanted[full - 1][0]
            self._held.update(mine.keys())
        return None

    def leave(self, names: Iterable[str]) -> None:
        """Give places back. Raises `StateError`."""
        with self._lock:
            mine = dict.fromkeys(names, 0)
            for name in mine:
                mine[name] = self._held[name] = max(0, self._held[name] - 1)
            if mine:
                self._tell(mine)
            self._forget()

    def held(self, name: str) -> int:
        """How many places are taken. Raises `StateError`."""
        with self._lock:
            _, held = self._tell({name: self._held[name]})
            self._forget()
        return held

    def renew(self) -> None:
        """Say that this process is there, and what it holds. Raises `StateError`."""
        with self._lock:
            self._tell(self._held)
            self._forget()

    def _forget(self) -> None:
        for name in [name for name, count in self._held.items() if not count]:
            del self._held[name]

    def _tell(self, mine: Mapping[str, int], most: Mapping[str, int] | None = None) -> list[int]:
        words: list[str | int] = [self._owner, self._lease]
        for name, count in mine.items():
            words += [min((most or {}).get(name, _MOST), _MOST), count]
        names = [_ALIVE, *(_PREFIX + name for name in mine)]
        answer: list[int] = self._remote.run(_SCRIPT, names, words)
        return answer
