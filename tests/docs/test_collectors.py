"""Configurations of collectors: every piece leads somewhere, and every name of ours exists."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from excise.audit.fields import FIELDS
from excise.audit.mapping import leaves, to_otel
from excise.audit.sinks.target import parse_target
from excise.model import Action

DEPLOY: Final = Path(__file__).resolve().parents[2] / "docs/deploy"
VECTOR: Final = (DEPLOY / "vector.yaml").read_text("utf-8")
OTEL: Final = (DEPLOY / "otel-collector.yaml").read_text("utf-8")


def _vector() -> dict[str, Any]:
    return dict(yaml.safe_load(VECTOR))


def _otel() -> dict[str, Any]:
    return dict(yaml.safe_load(OTEL))


def test_every_piece_of_vector_reads_one_that_exists_and_is_read() -> None:
    config = _vector()
    made = {*config["sources"], *config["transforms"]}
    read = {
        name
        for kind in ("transforms", "sinks")
        for piece in config[kind].values()
        for name in piece["inputs"]
    }
    assert read == made
    assert all(
        "type" in p for kind in ("sources", "transforms", "sinks") for p in config[kind].values()
    )


def test_vector_speaks_of_fields_and_actions_that_exist() -> None:
    config = _vector()
    names = {field.name for field in FIELDS} | {"message", "timestamp", "dedupe"}
    for each in config["transforms"].values():
        said = each.get("source", "") + each.get("condition", "")
        assert set(re.findall(r"(?<![\w)])\.([a-z]\w*)", said)) <= names
    actions = re.findall(r'"([a-z]+)"', config["transforms"]["excise_refusals"]["condition"])
    assert actions and set(actions) <= set(Action)


@pytest.mark.parametrize("text", [VECTOR, OTEL])
def test_the_sinks_that_a_file_asks_for_fit_its_receiver(text: str) -> None:
    (asked,) = re.findall(r"sinks: \[([^\]]+)\]", text)
    for address in re.findall(r'"([^"]+)"', asked):
        target = parse_target(address)
        assert f"{target.host}:{target.port}" in re.sub(r"^#.*$", "", text, flags=re.MULTILINE)


def test_every_component_of_the_collector_is_defined_and_used() -> None:
    config = _otel()
    pipelines = config["service"]["pipelines"].values()
    for kind in ("receivers", "processors", "exporters"):
        assert {name for each in pipelines for name in each[kind]} == set(config[kind])
    assert set(config["service"]["extensions"]) == set(config["extensions"])
    for each in pipelines:
        assert each["processors"][0] == "memory_limiter"


def test_the_collector_speaks_of_attributes_that_lines_have() -> None:
    told = to_otel({name: "x" for name in leaves() if name not in ("rulings", "time")})
    asked = set(re.findall(r'attributes\["([^"]+)"\]', OTEL))
    assert asked and asked <= set(told["attributes"])


@pytest.mark.skipif(shutil.which("vector") is None, reason="vector is not installed")
def test_vector_takes_its_file() -> None:
    command = ["vector", "validate", "--no-environment", str(DEPLOY / "vector.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("otelcol-contrib") is None, reason="no collector is installed")
def test_the_collector_takes_its_file() -> None:
    command = ["otelcol-contrib", "validate", "--config", str(DEPLOY / "otel-collector.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stdout + done.stderr
