"""Settings → everything the proxy works with: engine, pipeline, vault and trail, ready to serve."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Final

from excise.assemble import Engine, load_engine
from excise.audit.archive import path_of
from excise.audit.fields import Stage
from excise.audit.heads import head_path
from excise.audit.record import Facts, Record, build_record
from excise.audit.sinks.start import start_sinks
from excise.audit.trail import Keeping, Seal
from excise.audit.writer import AuditWriter
from excise.config import Settings as Config
from excise.edge.discovery import Sight
from excise.edge.faults import Fault
from excise.edge.headers import AnswerHeaders
from excise.edge.ports import Host, Parts, Trail
from excise.edge.reload import Reloader
from excise.edge.selftest import ASKER
from excise.errors import AuditError
from excise.folders import exceptions_path, open_folders
from excise.judges import JudgeSettings, open_judge
from excise.learned import Notebook, load_model
from excise.ledger import counters_of, grants_of, pins_of, switch_of
from excise.metering import Meter
from excise.model import Direction
from excise.pac import build_pac
from excise.pipeline.company import Company
from excise.pipeline.judging import is_awaited
from excise.pipeline.overrule import Overrides
from excise.pipeline.positive import Holding, Learning, Positive, as_it_is
from excise.pipeline.reading import Limits
from excise.pipeline.recall import RecallingFirewall
from excise.pipeline.reply import Voice
from excise.pipeline.sessions import Sessions, Store
from excise.pipeline.usage import Exact
from excise.pipeline.veil import Veil
from excise.signing import load_signer
from excise.state.keys import derive
from excise.state.kill import Watched
from excise.state.memory import MemoryVault
from excise.state.overrides import OverrideDesk
from excise.state.ports import Vault
from excise.state.reload import reload_mark
from excise.state.sessions import MemorySessions, SharedSessions
from excise.state.shared import Shared
from excise.state.signing import load_or_create_signer
from excise.workers.counter import TokenCounter

log = logging.getLogger("excise.edge")
_OURS: Final = frozenset({ASKER.id, "trial"})  # whose exchanges are tests of the proxy
_POLICY_FILES: Final = frozenset({".yaml", ".yml", ".txt", ".sig"})


def read_engine(config: Config) -> Engine:
    """Packs, profile and keys that these settings name. Raises `ExciseError`."""
    return load_engine(
        config.profile,
        state_dir=config.state_dir,
        policies=config.policies,
        policy_key=config.policy_key,
        shadow=config.shadow,
        deep=config.deep,
        deep_seconds=config.deep_seconds,
        classifier=config.classifier,
    )


def open_trail(config: Config, notice: Callable[[str], None], worker: str = "") -> AuditWriter:
    """The signed audit trail of these settings; a named worker process has one of its own. Raises
    `AuditError`, and `StateError` where there is no signing key."""
    signer = load_or_create_signer(config.state_dir)
    path = path_of(config.audit, worker)
    return AuditWriter(
        path,
        queue_limit=config.audit_queue,
        keeping=Keeping(
            bytes=config.audit_rotate,
            seconds=config.audit_rotate_hours * 3600,
            files=config.audit_keep,
            total_bytes=config.audit_keep_bytes,
            days=config.audit_keep_days,
            packing=config.audit_pack,
        ),
        seal=Seal(signer.sign, signer.key_id, head_path(config.state_dir, path)),
        notice=notice,
        worker=worker,
        onward=start_sinks(config.sinks, notice, _alerts(config)),
    )


def _alerts(config: Config) -> tuple[str, ...]:
    return () if config.alerts == ("none",) else config.alerts


class Live:
    """The policy in force: one reference, swapped while traffic flows."""

    def __init__(
        self, config: Config, engine: Engine, trail: Trail, shared: Shared | None = None
    ) -> None:
        """`shared` is what this process has in common with other workers."""
        self._config = config
        self._trail = trail
        self.vault = shared.vault() if shared else MemoryVault(clock=time.monotonic)
        self.selftest = derive(shared.key, "self-test").hex() if shared else token_hex(32)
        self.far = bool(config.redis)
        switch = shared.switch if shared else switch_of(config)
        self.switch = Watched(switch) if self.far else switch
        # One for all policies: what was refused under the last one can still be granted.
        self._desk = (
            OverrideDesk(shared.grants, shared.shelf, shared.key)
            if shared
            else OverrideDesk(grants_of(config))
        )
        self.engine = engine
        self._sessions: Store = (
            SharedSessions(shared.shelf) if shared else MemorySessions(time.monotonic)
        )
        self._notebook = Notebook(config.state_dir)
        self.firewall = self._walled(engine)
        self.meter = Meter(
            engine.limits,
            (shared and shared.counters) or counters_of(config),
            key=engine.fingerprint_key,
            clock=time.time,
            warn=self._warn,
            places=shared.places if shared else None,
        )

    def find(self, host: str) -> Host | None:
        """The host in the catalogue in force, or None."""
        return self.engine.catalogue.find(host)

    def load(self) -> tuple[Engine, RecallingFirewall]:
        """Everything of the policy as its files are now; nothing changes yet. Raises
        `ExciseError`."""
        engine = read_engine(self._config)
        return engine, self._walled(engine)

    def _walled(self, engine: Engine) -> RecallingFirewall:
        wall = build_firewall(self._config, engine, self.vault, self._desk, self._sessions)
        company = _company(self._config, engine)
        positive = _positive(self._config, self._notebook)
        return replace(wall, positive=positive, company=company, far=self.far)

    def swap(self, loaded: tuple[Engine, RecallingFirewall]) -> None:
        """Put a policy in force."""
        self.engine, self.firewall = loaded
        self.meter.limits = self.engine.limits

    def reloader(self, swapped: Callable[[], None]) -> Reloader:
        """What loads anew on a signal and on a change of a file."""

        def swap(loaded: tuple[Engine, RecallingFirewall]) -> None:
            self.swap(loaded)
            swapped()

        look = partial(policy_stamp, self._config)
        return Reloader(self.load, swap, self._reported, look)

    def sweep(self) -> None:
        """Forget what has expired."""
        self.vault.sweep()
        self._notebook.save()
        self.meter.sweep()

    def notice(self, event: str, subject: str = "", percent: int = 0) -> None:
        """A line for operators in the trail, and one on standard error."""
        told: dict[str, str | int] = {"event": event, "subject": subject, "percent": percent}
        log.warning("%s", " ".join(str(word) for word in told.values() if word))
        profile = self.engine.policy.profile.name
        facts = Facts(
            stage=Stage.NOTICE,
            profile=profile,
            policy=self.engine.policy.digest,
            notice={name: value for name, value in told.items() if value},
        )
        with suppress(AuditError):  # the trail says so itself, and refuses traffic
            self._trail.offer(build_record(facts))

    def _warn(self, limit: str, percent: int) -> None:
        self.notice("limit-warning", limit, percent)

    def _reported(self, code: str, why: str) -> None:
        if not code:
            self.notice("policy-loaded", self.engine.policy.digest)
            return
        log.error("the new policy is not used, the last good one stays: %s", why)
        self.notice("policy-rejected", code)


def build_parts(
    config: Config, engine: Engine, trail: Trail, shared: Shared | None = None
) -> Parts:
    """Join engine and trail with a vault, limits and the switch of this process. Raises
    `StateError`."""
    return join_parts(config, Live(config, engine, trail, shared), trail)


def join_parts(config: Config, live: Live, trail: Trail) -> Parts:
    """The same around a policy in force that somebody else looks at, too."""
    return Parts(
        firewall=lambda: live.firewall,
        hosts=live,
        trail=trail,
        vault=live.vault,
        fault_record=lambda fault: fault_record(live.engine, fault),
        tunnel_record=(lambda *told: tunnel_record(live.engine, *told))
        if config.audit_tunnels != "off"
        else None,
        sight_record=(lambda sight: sight_record(live.engine, sight))
        if config.audit_tunnels in ("suspects", "all")
        else None,
        every_tunnel=config.audit_tunnels == "all",
        meter=live.meter,
        halted=live.switch.halt,
        kill=live.switch.turn_on,
        look=live.switch.look if isinstance(live.switch, Watched) else lambda: None,
        far=live.far,
        notice=live.notice,
        sweep=live.sweep,
        reload=live.reloader,
        pac=lambda place: build_pac(live.engine.catalogue, place),
        tarpit_seconds=config.tarpit_seconds,
        selftest=live.selftest,
        headers=_headers(config),
    )


def policy_stamp(config: Config) -> tuple[tuple[str, int, int], ...]:
    """Name, time and size of every file of the operator's that makes the policy."""
    roots = [config.policies] if config.policies else []
    files = [path for root in roots for path in root.rglob("*") if path.suffix in _POLICY_FILES]
    files.append(exceptions_path(config.state_dir, config.policies))
    files.append(reload_mark(config.state_dir))
    if config.profile.endswith((".yaml", ".yml")):
        files.append(Path(config.profile))
    if config.allowed:
        files.append(config.allowed)
    stamps = []
    for path in sorted(set(files)):
        with suppress(OSError):
            facts = path.stat()
            stamps.append((str(path), facts.st_mtime_ns, facts.st_size))
    return tuple(stamps)


def _headers(config: Config) -> AnswerHeaders | None:
    if config.answer_headers == ("off",):
        return None
    groups = () if config.answer_headers == ("on",) else config.answer_headers
    return AnswerHeaders(socket.gethostname(), frozenset(groups))


def _exact() -> Exact:
    """Counts in a child, which starts with the first question and ends with the policy version."""
    counter = TokenCounter()

    def count(texts: Sequence[str], model: str) -> int | None:
        counted = counter.exact(texts, model)
        return None if counted is None else counted.tokens

    return count


def _company(config: Config, engine: Engine) -> Company:
    """What knows the tools that were seen. Raises `ConfigError`."""
    return Company.pinning(
        pins_of(config),
        key=derive(engine.fingerprint_key, "tool-pins"),
        clock=time.time,
        mask=Veil(engine.scanner),
    )


def _positive(config: Config, notebook: Notebook) -> Positive:
    """What learns, or holds messages to what was learnt. Raises `ExciseError`."""
    if config.learn:
        return Learning(notebook.learnt, notebook.save, _OURS)
    return Holding(load_model(config.allowed), _OURS) if config.allowed else as_it_is


def build_firewall(
    config: Config,
    engine: Engine,
    vault: Vault,
    desk: OverrideDesk | None = None,
    sessions: Store | None = None,
) -> RecallingFirewall:
    """The pipeline over an engine; without a desk nothing is overruled."""
    judging = open_judge(
        JudgeSettings(
            url=config.judge,
            model=config.judge_model,
            template=config.judge_template,
            key=config.judge_key,
            same_family=config.judge_same_family,
        ),
        open_folders(config.policies, config.policy_key),
        engine.fingerprint_key,
        (fact.entity for fact in engine.facts),
    )
    limits = Limits(body=config.max_body, decoded=config.max_decoded, ratio=config.max_ratio)
    return RecallingFirewall(
        catalogue=engine.catalogue,
        policy=engine.policy,
        scanner=engine.scanner,
        placeholders=engine.placeholders,
        fingerprint_key=engine.fingerprint_key,
        lookup=lambda principal: partial(vault.find, principal),
        timer=time.perf_counter,
        clock=time.time,
        limits=limits,
        voice=Voice(
            replies=engine.replies,
            classic=config.refusals == "classic",
            fault_status=config.fail_status,
            limits=limits,
        ),
        substitutes=engine.substitutes,
        overrides=Overrides(key=engine.override_key, desk=desk) if desk else None,
        prices=engine.limits.prices,
        excerpts=config.audit_excerpts,
        counts=engine.limits.counts_tokens or _headers(config) is not None,
        seconds=config.decision_seconds,
        is_slow=engine.scanner.is_slow
        or (judging is not None and any(is_awaited(engine.policy, way) for way in Direction))
        or config.token_counts == "exact"
        or bool(config.redis),
        exact=_exact() if config.token_counts == "exact" else None,
        documents=engine.documents,
        judging=judging,
        sessions=Sessions(sessions, derive(engine.fingerprint_key, "sessions"), time.time)
        if sessions
        else None,
        resign=load_signer() if config.resign else None,
    )


def stage_record(engine: Engine, stage: Stage) -> Record:
    """A line that the proxy started or stopped."""
    profile = engine.policy.profile.name
    return build_record(Facts(stage=stage, profile=profile, policy=engine.policy.digest))


def fault_record(engine: Engine, fault: Fault) -> Record:
    """A line about a fault of our own."""
    return build_record(
        Facts(
            stage=Stage.FAULT,
            id=fault.reference,
            reference=fault.reference,
            fault=fault.kind,
            fault_where=fault.where,
            profile=engine.policy.profile.name,
            policy=engine.policy.digest,
        )
    )


def tunnel_record(engine: Engine, host: str, address: str, why: str) -> Record:
    """A line about a connection that came to nothing: a client that would not take our certificate
    (pinned, or without the CA), or one that was refused for the names it showed."""
    entry = engine.catalogue.find(host)
    return build_record(
        Facts(
            stage=Stage.TUNNEL,
            address=address,
            host=host,
            provider=entry.provider if entry else "",
            anomalies=(why,),
            profile=engine.policy.profile.name,
            policy=engine.policy.digest,
        )
    )


def sight_record(engine: Engine, sight: Sight) -> Record:
    """A line about a connection or request to a host outside the catalogue."""
    return build_record(
        Facts(
            stage=Stage.TUNNEL,
            principal=sight.principal,
            address=sight.address,
            host=sight.host,
            method=sight.method,
            target=sight.target,
            anomalies=sight.signs,
            shape=sight.shape.told() if sight.shape else {},
            profile=engine.policy.profile.name,
            policy=engine.policy.digest,
        )
    )
