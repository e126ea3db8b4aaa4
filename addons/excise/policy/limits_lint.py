"""What limits say and cannot mean: those that never decide, and words without effect."""

from __future__ import annotations

from collections.abc import Iterator

from excise.model import Mode
from excise.policy.build import is_named
from excise.policy.limits import WINDOWED, Limit, Limits, Per, Prices, What
from excise.policy.lint import Mistake, Said


def find_limit_mistakes(limits: Limits) -> list[Mistake]:
    """All mistakes of limits that load."""
    found = [
        *(said for limit in limits.every for said in _alone(limit, limits.prices)),
        *_hidden(limits.every),
    ]
    return [Mistake("EXC-POL-015", *said) for said in found]


def _alone(limit: Limit, prices: Prices) -> Iterator[Said]:
    name = f"limit {limit.id}"
    if limit.warn_at and limit.count not in WINDOWED:
        yield (
            limit.origin,
            f'{name} warns at percentages, and "{limit.count}" has no amount that is used up.',
            "Take warn-at: out.",
        )
    if len(set(limit.per)) < len(limit.per):
        yield limit.origin, f"{name} names a word of per: twice.", "Name each once."
    if limit.count is What.REPEATS and Per.PRINCIPAL in limit.per:
        yield (
            limit.origin,
            f"{name} is per principal, which repeats always are.",
            "Take principal out of per:.",
        )
    if limit.count is What.COST and not _costs(limit, prices):
        yield (
            limit.origin,
            f"{name} never counts anything: its models are free by the price table.",
            "Give them a price in prices.yaml, or count tokens.",
        )
    if Per.MODEL in limit.per and len(limit.models) == 1 and "*" not in min(limit.models):
        yield (
            limit.origin,
            f"{name} is per model, and speaks of one model only.",
            "Take model out of per:.",
        )


def _costs(limit: Limit, prices: Prices) -> bool:
    """Whether some model that a limit speaks of has a price, as far as names tell."""
    named = [name for name in limit.models if "*" not in name]
    if named and len(named) == len(limit.models):
        return any(prices.cost(name, 10**6, 10**6) for name in named)
    return any(each.input or each.output for each in (*prices.every, prices.otherwise))


def _hidden(every: tuple[Limit, ...]) -> Iterator[Said]:
    for limit in every:
        for other in every:
            if other is not limit and _hides(other, limit) and not (
                _hides(limit, other) and every.index(limit) < every.index(other)
            ):  # fmt: skip
                yield (
                    limit.origin,
                    f"limit {limit.id} never decides: {other.id} allows no more, wherever it "
                    "counts.",
                    f"Remove it, or raise {other.id}.",
                )
                break


def _hides(strict: Limit, limit: Limit) -> bool:
    """Whether a limit is always reached before another, or with it."""
    return (
        strict.mode is Mode.ENFORCE
        and strict.count is limit.count
        # What is counted over a longer time, and together what the other keeps apart, is no less.
        and strict.seconds >= limit.seconds
        and strict.at_most <= limit.at_most
        and set(strict.per) <= set(limit.per)
        and all(
            _covers(*pair)
            for pair in (
                (strict.users, limit.users),
                (strict.groups, limit.groups),
                (strict.models, limit.models),
                (strict.providers, limit.providers),
            )
        )
    )


def _covers(wide: frozenset[str], narrow: frozenset[str]) -> bool:
    return not wide or (bool(narrow) and all(is_named(wide, name) for name in narrow))
