"""Limits carried out: what an exchange counts on, whether it fits, and what it came to."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from excise.errors import StateError
from excise.model import Exchange, Mode
from excise.policy.limits import WINDOWED, Limit, Limits, Per, What
from excise.sensitive import fingerprint
from excise.state.counters import Charge, Counters
from excise.state.places import MemoryPlaces
from excise.state.ports import Places

# Where clients put the key that a provider bills.
KEY_HEADERS: Final = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
_FORGOTTEN: Final = 3600.0  # seconds after which an exchange that was never settled is let go
_ENDLESS: Final = 2**62
_SOON: Final = 1.0  # seconds to wait where another exchange only has to end


class Verdict(NamedTuple):
    """`limit` names what an exchange does not fit in, "" where it fits; `wait` are seconds, None
    where waiting does not help. `would` are limits in shadow that it does not fit in."""

    limit: str = ""
    wait: float | None = None
    would: tuple[str, ...] = ()


ADMITTED: Final = Verdict()


class _Open(NamedTuple):
    """An exchange under way: what was counted for it before its answer."""

    model: str
    tokens: int
    charges: tuple[tuple[Limit, Charge], ...]
    places: tuple[str, ...]
    since: float


class Meter:
    """Counts exchanges. Safe to use from several threads; `limits` may be swapped at any time."""

    def __init__(
        self,
        limits: Limits,
        counters: Counters,
        *,
        key: bytes,
        clock: Callable[[], float],
        warn: Callable[[str, int], None] = lambda limit, percent: None,
        places: Places | None = None,
    ) -> None:
        """`key` keys fingerprints, `clock` tells seconds; `warn` is told a limit's id and the
        percentage that was just reached."""
        self.limits = limits
        self._counters = counters
        self._key = key
        self._clock = clock
        self._warn = warn
        self._under_way: dict[str, _Open] = {}
        self._places: Places = places or MemoryPlaces()
        self._lock = threading.Lock()

    def admit(self, exchange: Exchange, *, model: str, provider: str, tokens: int) -> Verdict:
        """Count an exchange, or say what it does not fit in; `tokens` are its request's.

        Raises `StateError` where the counters cannot be used.
        """
        mine = [
            (limit, self._charge(limit, exchange, model, provider, tokens))
            for limit in self.limits.every
            if limit.speaks_of(exchange.principal, model, provider)
        ]
        if not mine:
            return ADMITTED
        real = [pair for pair in mine if pair[0].mode is Mode.ENFORCE]
        places = tuple(c.key for each, c in mine if each.count is What.CONCURRENCY)
        verdict = self._at_once(real, tokens) or self._entered(mine)
        if verdict is not None:
            return verdict
        verdict = self._within(real, places)
        if verdict.limit:
            return verdict
        shadow = [pair for pair in mine if pair[0].mode is Mode.SHADOW]
        stands = self._added([pair for pair in shadow if pair[0].count in WINDOWED])
        would = tuple(
            limit.id for limit, charge in shadow if self._over(limit, charge, tokens, stands)
        )
        charges = tuple(pair for pair in mine if pair[0].count in (What.TOKENS, What.COST))
        opened = _Open(model, tokens, charges, places, self._clock())
        with self._lock:
            self._under_way[exchange.id] = opened
        self._tell(mine, stands)
        return Verdict(would=would)

    def settle(
        self, exchange_id: str, *, tokens_in: int | None = None, tokens_out: int | None = None,
        failed: bool = False,
    ) -> None:  # fmt: skip
        """The exchange is over. What it really cost replaces what was supposed; what `failed`
        upstream cost nothing. A second call changes nothing."""
        with self._lock:
            opened = self._under_way.pop(exchange_id, None)
            if opened is None:
                return
        real_in = 0 if failed else opened.tokens if tokens_in is None else tokens_in
        real_out = 0 if failed else tokens_out or 0
        rest = [
            (limit, charge._replace(amount=self._worth(limit, opened.model, real_in, real_out)
                                    - charge.amount))
            for limit, charge in opened.charges
        ]  # fmt: skip
        rest = [pair for pair in rest if pair[1].amount]
        try:
            self._places.leave(opened.places)
        finally:
            stands = self._added(rest)
        self._tell(rest, stands)

    def sweep(self) -> None:
        """Forget what is over: idle counters, and exchanges whose end nobody told."""
        before = self._clock() - _FORGOTTEN
        with self._lock:
            lost = [each for each, opened in self._under_way.items() if opened.since < before]
        for each in lost:
            self.settle(each)
        self._counters.sweep()
        self._places.renew()

    # -- the steps ---------------------------------------------------------------------------

    def _at_once(self, mine: list[tuple[Limit, Charge]], tokens: int) -> Verdict | None:
        for limit, charge in mine:
            if limit.count is What.CONTEXT and self._over(limit, charge, tokens, {}):
                return Verdict(limit.id, None)
        return None

    def _entered(self, mine: list[tuple[Limit, Charge]]) -> Verdict | None:
        """Take a place on all that count who is under way; in shadow there is always one."""
        rows = [pair for pair in mine if pair[0].count is What.CONCURRENCY]
        full = self._places.enter(
            [(c.key, each.at_most if each.mode is Mode.ENFORCE else _ENDLESS) for each, c in rows]
        )
        if full is None:
            return None
        return Verdict(next(limit.id for limit, charge in rows if charge.key == full), _SOON)

    def _within(self, mine: list[tuple[Limit, Charge]], places: Sequence[str]) -> Verdict:
        """Count on windows, or give the places back."""
        try:
            verdict = self._in_time(mine)
        except StateError:
            self._places.leave(places)
            raise
        if verdict.limit:
            self._places.leave(places)
        return verdict

    def _in_time(self, mine: list[tuple[Limit, Charge]]) -> Verdict:
        windowed = [(limit, charge) for limit, charge in mine if limit.count in WINDOWED]
        if not windowed:
            return ADMITTED
        denied = self._counters.take([charge for _, charge in windowed])
        if denied is None:
            return ADMITTED
        named = next(limit for limit, charge in windowed if charge == denied.charge)
        return Verdict(named.id, denied.wait)

    def _added(self, wanted: Sequence[tuple[Limit, Charge]]) -> dict[str, int]:
        """Count these; by its key what then stands on each."""
        counted = self._counters.add([charge for _, charge in wanted])
        return {charge.key: used for (_, charge), used in zip(wanted, counted, strict=True)}

    def _over(self, limit: Limit, charge: Charge, tokens: int, stands: Mapping[str, int]) -> bool:
        """Whether an exchange is too much for a limit; `stands` holds what it came to."""
        if limit.count is What.CONTEXT:
            return tokens > limit.at_most
        if limit.count is What.CONCURRENCY:
            return self._places.held(charge.key) > limit.at_most  # its own place counted in
        return stands[charge.key] > limit.at_most

    def _charge(
        self, limit: Limit, exchange: Exchange, model: str, provider: str, tokens: int
    ) -> Charge:
        names = [
            limit.id,
            *(f"{per}={self._value(per, exchange, model, provider)}" for per in limit.per),
        ]
        if limit.count is What.REPEATS:
            digest = hashlib.blake2b(exchange.body, key=self._key[:64], digest_size=12)
            digest.update(exchange.target.encode("utf-8", "surrogatepass"))
            names.append(f"{exchange.principal.id}#{digest.hexdigest()}")
        amount = self._worth(limit, model, tokens, 0)
        return Charge("/".join(names), limit.at_most, limit.seconds, amount)

    def _value(self, per: Per, exchange: Exchange, model: str, provider: str) -> str:
        if per is Per.PRINCIPAL:
            return exchange.principal.id
        if per is Per.GROUP:
            return exchange.principal.group
        if per is Per.PROVIDER:
            return provider
        if per is Per.MODEL:
            # Clients choose it, and it may hold anything.
            return model if len(model) <= 64 and model.isprintable() else self._hidden(model)
        secret = next((v for name in KEY_HEADERS if (v := exchange.header(name))), "")
        return self._hidden(secret) if secret else "none"

    def _hidden(self, text: str) -> str:
        return fingerprint(self._key, text)

    def _worth(self, limit: Limit, model: str, tokens_in: int, tokens_out: int) -> int:
        if limit.count is What.TOKENS:
            return tokens_in + tokens_out
        if limit.count is What.COST:
            return self.limits.prices.cost(model, tokens_in, tokens_out)
        return 1

    def _tell(self, mine: list[tuple[Limit, Charge]], stands: Mapping[str, int]) -> None:
        for limit, charge in mine:
            if not limit.warn_at or limit.count not in WINDOWED or charge.amount <= 0:
                continue
            used = stands.get(charge.key)
            if used is None:
                used = self._counters.used(charge)
            for percent in limit.warn_at:
                mark = limit.at_most * percent / 100
                if used - charge.amount < mark <= used:
                    self._warn(limit.id, percent)
