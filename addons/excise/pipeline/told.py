"""What every audit line of an exchange tells of it."""

from __future__ import annotations

from typing import Any

from excise.audit.record import Facts
from excise.model import Usage
from excise.pipeline.outcome import Context
from excise.policy.build import Policy
from excise.policy.limits import MICRO, NO_PRICES, Prices


def told_of(context: Context, policy: Policy, facts: Facts, prices: Prices = NO_PRICES) -> Facts:
    """These facts with who asked whom for what, and under which policy."""
    exchange = context.exchange
    return facts._replace(
        id=exchange.id,
        principal=exchange.principal,
        address=exchange.address,
        user_agent=exchange.header("user-agent"),
        header_names=tuple(name for name, _ in exchange.headers),
        provider=context.host.provider,
        host=exchange.host,
        method=exchange.method,
        target=exchange.target,
        dialect=context.dialect.name,
        model=context.model,
        stream=context.stream,
        profile=policy.profile.name,
        policy=policy.digest,
        **_cost(prices, context.model, facts.usage),
    )


def _cost(prices: Prices, model: str, usage: Usage | None) -> dict[str, Any]:
    """Dollars, and by which price, where there are prices and tokens were counted."""
    if usage is None or not prices.as_of:
        return {}
    price = prices.price_of(model)
    return {
        "cost": price.cost(usage.input or 0, usage.output or 0) / MICRO,
        "tariff": price.name,
    }
