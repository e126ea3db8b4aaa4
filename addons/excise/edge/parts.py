"""Settings → everything the proxy works with: engine, pipeline, vault and trail, ready to serve."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from excise.assemble import Engine, load_engine
from excise.audit.archive import path_of
from excise.audit.fields import Stage
from excise.audit.heads import head_path
from excise.audit.record import Facts, Record, build_record
from excise.audit.trail import Keeping, Seal
from excise.audit.writer import AuditWriter
from excise.config import Settings as Config
from excise.edge.faults import Fault
from excise.edge.ports import Parts, Trail
from excise.pipeline.firewall import Firewall
from excise.pipeline.overrule import Overrides
from excise.pipeline.reading import Limits
from excise.pipeline.reply import Voice
from excise.signing import load_signer
from excise.state.memory import MemoryVault
from excise.state.overrides import OverrideDesk
from excise.state.signing import load_or_create_signer


def read_engine(config: Config) -> Engine:
    """Packs, profile and keys that these settings name. Raises `ExciseError`."""
    return load_engine(
        config.profile,
        state_dir=config.state_dir,
        policies=config.policies,
        shadow=config.shadow,
        deep=config.deep,
        deep_seconds=config.deep_seconds,
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
    )


def build_parts(config: Config, engine: Engine, trail: Trail) -> Parts:
    """Join engine and trail with a vault of this process."""
    vault = MemoryVault(clock=time.monotonic)
    firewall = build_firewall(config, engine, vault)
    return Parts(
        firewall=lambda: firewall,
        hosts=engine.catalogue,
        trail=trail,
        vault=vault,
        fault_record=partial(fault_record, engine),
        tunnel_record=partial(tunnel_record, engine) if config.audit_tunnels != "off" else None,
    )


def build_firewall(config: Config, engine: Engine, vault: MemoryVault) -> Firewall:
    """The pipeline over an engine."""
    limits = Limits(body=config.max_body, decoded=config.max_decoded, ratio=config.max_ratio)
    return Firewall(
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
        overrides=Overrides(key=engine.override_key, desk=OverrideDesk(config.state_dir)),
        is_slow=engine.scanner.is_slow,
        documents=engine.documents,
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


def tunnel_record(engine: Engine, host: str, address: str) -> Record:
    """A line about a client that would not take our certificate: pinned, or without the CA."""
    entry = engine.catalogue.find(host)
    return build_record(
        Facts(
            stage=Stage.TUNNEL,
            address=address,
            host=host,
            provider=entry.provider if entry else "",
            anomalies=("certificate-refused",),
            profile=engine.policy.profile.name,
            policy=engine.policy.digest,
        )
    )
