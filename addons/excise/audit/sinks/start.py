"""From the texts of the settings `sinks` and `alerts` to sinks that run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import Final

from excise.audit.alerts import Alerts
from excise.audit.sinks.feeder import Feeder, Pick, Sender, Sinks
from excise.audit.sinks.kafka import Kafka
from excise.audit.sinks.otlp import LOGS, TRACES, Otlp
from excise.audit.sinks.stderr import Stderr
from excise.audit.sinks.syslog import Syslog
from excise.audit.sinks.target import Target, parse_target
from excise.audit.sinks.webhook import Webhook
from excise.audit.spans import Spans
from excise.audit.trail import Notice
from excise.errors import ConfigError

TRACED: Final = "otlp-traces"  # is sent spans instead of lines
SENDERS: Final[Mapping[str, Callable[[Target], Sender]]] = {
    "syslog": Syslog,
    "webhook": Webhook,
    "otlp": partial(Otlp, signal=LOGS),
    TRACED: partial(Otlp, signal=TRACES),
    "kafka": Kafka,
}


STDERR: Final = "stderr"


def start_sinks(
    texts: Sequence[str], notice: Notice = lambda _: None, alerts: Sequence[str] = ()
) -> Sinks:
    """Start every sink, and those that are sent `alerts` only. Raises `ConfigError` before any of
    them runs."""
    made = [(target, _sender(target)) for target in map(parse_target, texts)]
    told = [_told(text) for text in alerts]
    return Sinks(
        [
            *(_feeder(target, sender, notice, _picker(target)) for target, sender in made),
            *(_feeder(t, s, notice, Alerts(monotonic).pick, "alerts ") for t, s in told),
        ]
    )


def _picker(target: Target) -> Pick | None:
    return Spans().pick if target.scheme.startswith(TRACED) else None


def _feeder(
    target: Target | None, sender: Sender, notice: Notice, pick: Pick | None, what: str = ""
) -> Feeder:
    if target is None:
        return Feeder(f"{what}{STDERR}", sender, notice=notice, pick=pick)
    return Feeder(
        f"{what}{target.name}",
        sender,
        queue=target.queue,
        batch=target.batch,
        refuse=target.refuse,
        notice=notice,
        pick=pick,
    )


def _told(text: str) -> tuple[Target | None, Sender]:
    """Where alerts go to: standard error, or a webhook."""
    if text == STDERR:
        return None, Stderr()
    target = parse_target(text)
    if not target.scheme.startswith("webhook"):
        raise ConfigError(
            "EXC-CFG-001",
            f'alerts cannot be sent to "{target.scheme}"; wanted stderr or a webhook.',
            at="alerts",
            hint="The trail as a whole goes to every kind of sink; see the setting sinks.",
        )
    return target, _sender(target)


def _sender(target: Target) -> Sender:
    try:
        return SENDERS[target.scheme.partition("+")[0]](target)
    except OSError as fault:
        raise ConfigError(
            "EXC-CFG-003", f"its CA file cannot be read ({fault.strerror}).", at=target.name
        ) from None
