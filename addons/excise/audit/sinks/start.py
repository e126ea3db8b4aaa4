"""From the texts of the setting `sinks` to sinks that run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from excise.audit.sinks.feeder import Feeder, Sender, Sinks
from excise.audit.sinks.otlp import Otlp
from excise.audit.sinks.syslog import Syslog
from excise.audit.sinks.target import Target, parse_target
from excise.audit.sinks.webhook import Webhook
from excise.audit.trail import Notice
from excise.errors import ConfigError

SENDERS: Final[Mapping[str, Callable[[Target], Sender]]] = {
    "syslog": Syslog,
    "webhook": Webhook,
    "otlp": Otlp,
}


def start_sinks(texts: Sequence[str], notice: Notice = lambda _: None) -> Sinks:
    """Start every sink. Raises `ConfigError` before any of them runs."""
    made = [(target, _sender(target)) for target in map(parse_target, texts)]
    return Sinks(
        [
            Feeder(
                target.name,
                sender,
                queue=target.queue,
                batch=target.batch,
                refuse=target.refuse,
                notice=notice,
            )
            for target, sender in made
        ]
    )


def _sender(target: Target) -> Sender:
    try:
        return SENDERS[target.scheme.partition("+")[0]](target)
    except OSError as fault:
        raise ConfigError(
            "EXC-CFG-003", f"its CA file cannot be read ({fault.strerror}).", at=target.name
        ) from None
