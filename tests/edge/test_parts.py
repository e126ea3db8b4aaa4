"""The real pieces, joined from settings, fit what the edge asks of them."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from pathlib import Path

import pytest

from excise.audit.fields import Stage
from excise.config import Settings, load_settings
from excise.edge import ports
from excise.edge.discovery import Sight
from excise.edge.faults import Fault
from excise.edge.parts import (
    build_firewall,
    build_parts,
    fault_record,
    open_trail,
    read_engine,
    sight_record,
    stage_record,
    tunnel_record,
)
from excise.edge.shape import Shape
from excise.edge.watched import _trial_exchange
from excise.errors import AuditError, ExciseError
from excise.learn.model import to_openapi
from excise.learned import read_learnt
from excise.model import Exchange, Principal, RefusalClass
from excise.pipeline.answers import AnswerStream
from excise.pipeline.answers import Step as RealStep
from excise.pipeline.firewall import Firewall
from excise.pipeline.socket import Socket
from excise.state.memory import MemoryVault


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("parts")
    return load_settings({"state_dir": folder / "state"}, environ={"HOME": str(folder)})


def test_engine_and_trail_make_a_firewall(config: Settings) -> None:
    engine = read_engine(config)
    with open_trail(config, lambda text: None) as trail:
        parts = build_parts(config, engine, trail)
        exchange = Exchange(
            id="0" * 32,
            method="POST",
            host="api.openai.com",
            port=443,
            target="/v1/chat/completions",
            headers=(("content-type", "application/json"),),
            body=b'{"model": "m", "messages": [{"role": "user", "content": "hello"}]}',
            principal=Principal(id="address:127.0.0.1"),
        )
        outcome = parts.firewall().inspect_request(exchange)
        assert (outcome.reply, outcome.changed, outcome.body) == (None, False, exchange.body)
        trail.offer(outcome.record)
        for reason in ("host-mismatch", "uninspectable:size", "uninspectable:websocket"):
            reply, record = parts.firewall().refuse(exchange, RefusalClass.UNINSPECTABLE, reason)
            assert reply.status == 400
            trail.commit_sync(record)
        trail.commit_sync(parts.fault_record(Fault("1" * 32, "request", "ValueError")))
        trail.commit_sync(stage_record(engine, Stage.STOP))
    stages = [json.loads(line)["stage"] for line in config.audit.read_text().splitlines()]
    assert stages == ["request", "request", "request", "request", "fault", "stop", "checkpoint"]


@pytest.mark.parametrize(
    ("protocol", "piece"),
    [
        (ports.Firewall, Firewall),
        (ports.ResponseStream, AnswerStream),
        (ports.Socket, Socket),
    ],
)
def test_the_pipeline_has_what_the_edge_calls(protocol: type, piece: type) -> None:
    for name, _ in inspect.getmembers(protocol, inspect.isfunction):
        if name.startswith("_"):
            continue
        wanted = inspect.signature(getattr(protocol, name))
        given = inspect.signature(getattr(piece, name))
        assert list(given.parameters) == list(wanted.parameters), name


def test_tokens_are_counted_by_a_child_where_asked_for(config: Settings) -> None:
    engine, vault = read_engine(config), MemoryVault(clock=lambda: 0.0)
    assert build_firewall(config, engine, vault).exact is None
    wall = build_firewall(replace(config, token_counts="exact"), engine, vault)
    assert wall.is_slow and wall.exact is not None
    assert wall.exact(["hello world", "again"], "gpt-4o") == 3


def test_a_step_has_what_the_edge_reads() -> None:
    step = RealStep()
    assert (step.data, step.rulings, step.closed) == (b"", (), False)


def test_a_fault_record_names_class_and_hook(config: Settings) -> None:
    record = fault_record(read_engine(config), Fault("ref", "request", "KeyError"))
    assert record["fault"] == {"kind": "KeyError", "where": "request"}
    assert record["reference"] == "ref"


def test_a_profile_that_is_not_there_stops_the_start(config: Settings, tmp_path: Path) -> None:
    wrong = load_settings(
        {"state_dir": tmp_path, "profile": "nowhere"}, environ={"HOME": str(tmp_path)}
    )
    with pytest.raises(ExciseError):
        read_engine(wrong)


def test_a_trail_that_cannot_be_opened_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    wrong = load_settings(
        {"state_dir": tmp_path, "audit": tmp_path / "file" / "a.jsonl"},
        environ={"HOME": str(tmp_path)},
    )
    with pytest.raises((AuditError, OSError)):
        open_trail(wrong, lambda text: None)


def test_a_refused_certificate_has_its_line_unless_that_is_off(config: Settings) -> None:
    engine = read_engine(config)
    record = tunnel_record(engine, "api.openai.com", "192.0.2.7", "certificate-refused")
    assert record["stage"] == "tunnel" and record["host"] == "api.openai.com"
    assert record["client"] == {"address": "192.0.2.7"}
    assert record["anomalies"] == ["certificate-refused"]
    off = replace(config, audit_tunnels="off")
    with open_trail(config, lambda text: None) as trail:
        assert build_parts(config, engine, trail).tunnel_record is not None
        assert build_parts(off, engine, trail).tunnel_record is None


@pytest.mark.parametrize(
    ("word", "looks", "every"),
    [("off", False, False), ("failures", False, False), ("suspects", True, False),
     ("all", True, True)],
)  # fmt: skip
def test_nobody_looks_for_models_unless_told(
    config: Settings, word: str, looks: bool, every: bool
) -> None:
    engine, asked = read_engine(config), replace(config, audit_tunnels=word)
    with open_trail(config, lambda text: None) as trail:
        parts = build_parts(asked, engine, trail)
    assert ((parts.sight_record is not None), parts.every_tunnel) == (looks, every)
    shape = Shape(seconds=2.00001, sent=9, received=8, answers=1, best=None)
    sight = Sight(host="a.test", address="192.0.2.7", signs=("llm-cadence",), shape=shape)
    record = sight_record(engine, sight)
    assert record["shape"] == {"seconds": 2.0, "sent": 9, "received": 8, "answers": 1}
    assert record["anomalies"] == ["llm-cadence"] and record["host"] == "a.test"


def test_a_firewall_learns_or_holds_as_the_settings_say(config: Settings, tmp_path: Path) -> None:
    engine = read_engine(config)
    learning = replace(config, learn=True, state_dir=tmp_path)
    asked = replace(_trial_exchange(), principal=Principal(id="me"))
    with open_trail(config, lambda text: None) as trail:
        build_parts(learning, engine, trail).firewall().inspect_request(asked)
        learnt = read_learnt(tmp_path)
        assert list(learnt.endpoints) == [("/v1/chat/completions", "POST")]
        file = tmp_path / "allowed.json"
        file.write_text(json.dumps(to_openapi(learnt)))
        holding = build_parts(replace(config, allowed=file), engine, trail).firewall()
        file.write_text("{}")
        with pytest.raises(ExciseError, match="EXC-POL-018"):
            build_parts(replace(config, allowed=file), engine, trail)
    odd = replace(asked, body=asked.body.replace(b'"model"', b'"smuggled": "x", "model"'))
    assert holding.inspect_request(asked).decision.reasons == ()
    assert "uninspectable:unmodelled" in holding.inspect_request(odd).decision.reasons
