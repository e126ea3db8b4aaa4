"""What every audit line of an exchange tells of it."""

from __future__ import annotations

from dataclasses import replace

from excise.audit.record import Facts
from excise.pipeline.outcome import Context
from excise.policy.build import Policy


def told_of(context: Context, policy: Policy, facts: Facts) -> Facts:
    """These facts with who asked whom for what, and under which policy."""
    exchange = context.exchange
    return replace(
        facts,
        id=exchange.id,
        principal=exchange.principal,
        address=exchange.address,
        user_agent=exchange.header("user-agent"),
        header_names=[name for name, _ in exchange.headers],
        provider=context.host.provider,
        host=exchange.host,
        method=exchange.method,
        target=exchange.target,
        dialect=context.dialect.name,
        model=context.model,
        stream=context.stream,
        profile=policy.profile.name,
        policy=policy.digest,
    )
