"""Lines as messages of a Kafka topic, keyed by worker, so that those of one trail stay in order.

The client library keeps a queue of its own, which is emptied before `send` returns: a batch is
taken when the brokers have it on every replica that is in step.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from excise.audit.sinks.feeder import SinkFault
from excise.audit.sinks.target import Target
from excise.errors import ConfigError

_TIMEOUT: Final = 10.0
_TOPIC: Final = "excise-audit"
_SILENT: Final = logging.CRITICAL + 1
# What a broker will say again of the same line, by the names of librdkafka.
_REFUSED: Final = frozenset(
    {"MSG_SIZE_TOO_LARGE", "INVALID_MSG", "INVALID_RECORD", "INVALID_MSG_SIZE"}
)


class Kafka:
    """A topic of some brokers; the path of the target names it."""

    def __init__(self, target: Target) -> None:
        """Raises `ConfigError` where the extra `sinks` is not installed."""
        try:
            # Imported where it is asked for: a native library of ten megabytes.
            from confluent_kafka import KafkaException, Producer
        except ImportError:
            raise ConfigError(
                "EXC-CFG-004", "needs confluent-kafka.", at=target.name,
                hint="Install the extra `sinks`.",
            ) from None  # fmt: skip
        self._fault: type[Exception] = KafkaException
        self._topic = target.path.strip("/") or _TOPIC
        self._failed: list[str] = []
        host = f"[{target.host}]" if ":" in target.host else target.host
        quiet = logging.getLogger("excise.kafka")  # the sink tells of faults
        quiet.setLevel(_SILENT)
        self._producer: Any = Producer(
            {
                "bootstrap.servers": f"{host}:{target.port}",
                "client.id": "excise",
                "acks": "all",
                "enable.idempotence": True,
                "compression.type": "zstd",
                "delivery.timeout.ms": int(_TIMEOUT * 1000),
                "linger.ms": 5,
                **_security(target.scheme, target.files.get("ca")),
            },
            logger=quiet,
        )

    def send(self, lines: Sequence[bytes]) -> None:
        """Return once every line is on the brokers."""
        self._failed = []
        for line in lines:
            try:
                self._producer.produce(self._topic, line, key_of(line), on_delivery=self._heard)
            except (BufferError, self._fault) as fault:
                self._failed.append(_name(fault.args[0]) if fault.args else "QUEUE_FULL")
        self._producer.flush(_TIMEOUT + 1)
        if not self._failed:
            return
        lasting = set(self._failed) <= _REFUSED
        raise SinkFault(
            ", ".join(sorted(set(self._failed))).lower(),
            lasting=lasting,
            lost=len(self._failed) if lasting else 0,
        )

    def close(self) -> None:
        """Nothing is left in it: each `send` waits for its lines."""
        self._producer.flush(0)

    def _heard(self, fault: Any, _: Any) -> None:
        if fault is not None:
            self._failed.append(_name(fault))


def key_of(line: bytes) -> bytes:
    """Whose trail a line belongs to: its worker, or nobody's."""
    with suppress(ValueError):
        told = json.loads(line)
        if isinstance(told, dict):
            return str(told.get("worker", "")).encode()
    return b""


def _name(fault: Any) -> str:
    return str(fault.name()).lstrip("_") if hasattr(fault, "name") else "QUEUE_FULL"


def _security(scheme: str, ca: Path | None) -> dict[str, str]:
    if scheme == "kafka":
        return {}
    return {"security.protocol": "ssl", **({"ssl.ca.location": str(ca)} if ca else {})}
