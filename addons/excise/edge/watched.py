"""The parts of the proxy with metrics and health around them, where the settings ask for those."""

from __future__ import annotations

import hashlib
import json
import time
from base64 import b32encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from excise import __version__
from excise.assemble import Engine
from excise.audit.writer import AuditWriter
from excise.config import Settings as Config
from excise.config import split_address
from excise.edge.gathered import Gathered, announce
from excise.edge.health import HealthServer, Monitor, Trial, Watch
from excise.edge.metrics import CountedTrail, Labels, Metrics, Readings
from excise.edge.parts import Live, build_parts, join_parts
from excise.edge.ports import Parts
from excise.edge.settings import parse_networks
from excise.model import Exchange, Halt, Principal
from excise.pipeline.firewall import Firewall
from excise.state.shared import Shared


@contextmanager
def watched(
    config: Config,
    engine: Engine,
    trail: AuditWriter,
    shared: Shared | None = None,
    worker: str = "",
) -> Iterator[Parts]:
    """The parts, and metrics and health served while they are used, where that is wished for.

    A named worker serves its own numbers on this machine alone, for `gathered` to add up. Raises
    `ConfigError` where they cannot be served.
    """
    if not config.metrics:
        yield build_parts(config, engine, trail, shared)
        return
    metrics = Metrics()
    counted = CountedTrail(trail, metrics)
    live = Live(config, engine, counted, shared)
    parts = join_parts(config, live, counted)
    checks: dict[str, Callable[[], bool]] = {
        "policy": Trial(lambda: passes_trial(live.engine, live.firewall)),
        "audit": lambda: not trail.failed,
    }
    _read_state(metrics, live, trail, parts.halted)
    _read_sinks(metrics, trail)
    monitor = Monitor(metrics, checks)
    with _served(config, monitor, worker) as server:
        if worker:
            announce(config.state_dir, worker, server.address[1])
        yield replace(parts, watch=monitor.watch)


def gathered(config: Config) -> HealthServer:
    """Metrics and health of all workers in one place. Raises `ConfigError`."""
    names = [str(number + 1) for number in range(config.workers)]
    return _served(config, Gathered(config.state_dir, names))


def _served(config: Config, watch: Watch, worker: str = "") -> HealthServer:
    if worker:
        return HealthServer("127.0.0.1", 0, watch)
    host, port = split_address(config.metrics)
    return HealthServer(host or "0.0.0.0", port, watch, parse_networks(config.allow_clients))


def _read_state(
    metrics: Metrics, live: Live, trail: AuditWriter, halted: Callable[[], Halt | None]
) -> None:
    started = time.time()
    metrics.read("excise_policy", lambda: {_names(live.engine): 1.0})
    metrics.read("excise_kill_switch", lambda: {(): float(halted() is Halt.SWITCHED)})
    metrics.read("excise_store_away", lambda: {(): float(halted() is Halt.AWAY)})
    metrics.read("excise_start_time_seconds", lambda: {(): started})
    metrics.read("excise_audit_queue", lambda: {(): float(trail.depth)})
    metrics.read("excise_audit_writable", lambda: {(): float(not trail.failed)})
    metrics.read(
        "excise_cache",
        lambda: {
            (name, result): float(count)
            for name, memory in _memories(live).items()
            for result, count in (("hit", memory.hits), ("miss", memory.misses))
        },
    )


def _memories(live: Live) -> dict[str, Any]:
    """What is remembered of texts, by which pass."""
    wall, judging = live.firewall, live.firewall.judging
    return {
        **live.engine.scanner.memories,
        "request": wall.asked,
        "response": wall.answered,
        **({"judge": judging.memory} if judging else {}),
    }


def _read_sinks(metrics: Metrics, trail: AuditWriter) -> None:
    def each(name: str) -> Callable[[], Readings]:
        return lambda: {(sink,): float(held[name]) for sink, held in trail.sinks.items()}

    metrics.read("excise_sink_queue", each("depth"))
    metrics.read("excise_sink_failures", each("failures"))
    metrics.read(
        "excise_sink_lines",
        lambda: {
            (sink, result): float(held[result])
            for sink, held in trail.sinks.items()
            for result in ("sent", "dropped")
        },
    )


def _names(engine: Engine) -> Labels:
    return engine.policy.profile.name, engine.policy.digest, __version__


def passes_trial(engine: Engine, firewall: Firewall) -> bool:
    """Whether a planted key is found where the profile looks for secrets, and all detectors answer.

    Nothing of it is sent, kept or recorded.
    """
    # A judge is another machine's business, and nobody's conversation is this.
    alone = replace(firewall, judging=None, sessions=None)
    decision = alone.inspect_request(_trial_exchange()).decision
    wanted = any(pack.name == "secrets" for pack in engine.policy.profile.packs)
    return not decision.missing and (bool(decision.rulings) or not wanted)


def _trial_exchange() -> Exchange:
    # Anew each time: a remembered verdict would say nothing of the detectors.
    key = "AKIA" + b32encode(hashlib.sha256(str(time.time_ns()).encode()).digest()).decode()[:16]
    body = {"model": "trial", "messages": [{"role": "user", "content": f"aws key {key}"}]}
    return Exchange(
        id="0" * 32,
        method="POST",
        host="api.openai.com",
        port=443,
        target="/v1/chat/completions",
        headers=(("content-type", "application/json"),),
        body=json.dumps(body).encode(),
        principal=Principal(id="trial"),
    )
