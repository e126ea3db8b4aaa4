"""No field is lost in another vocabulary, and what those require is there."""

from __future__ import annotations

from typing import Any

import pytest

from excise.audit.mapping import (
    EXPORTS,
    MAPPING,
    flat,
    leaves,
    render_mapping,
    to_ecs,
    to_ocsf,
    to_otel,
)
from excise.model import Action

RECORD: dict[str, Any] = {
    "schema": 1, "time": "2030-01-02T03:04:05.678Z", "stage": "request", "id": "x",
    "direction": "request", "principal": {"id": "ann"}, "provider": "openai", "model": "m",
    "host": "api.openai.com", "action": "redact", "would": "block",
    "rulings": [{"rule": "r1", "severity": "low"}, {"rule": "r2", "severity": "high"}],
    "usage": {"input": 3}, "version": "1", "seq": 9, "edits": 2,
}  # fmt: skip


def values(document: Any) -> list[Any]:
    if isinstance(document, dict):
        return [each for inner in document.values() for each in values(inner)]
    return [document]


def test_the_names_of_opentelemetry() -> None:
    said = to_otel(RECORD)
    assert said["timestamp"] == RECORD["time"] and said["event_name"] == "excise.request"
    assert (said["severity_text"], said["severity_number"]) == ("HIGH", 17)
    assert said["attributes"]["gen_ai.request.model"] == "m"
    assert said["attributes"]["gen_ai.usage.input_tokens"] == 3
    assert said["attributes"]["excise.edits"] == 2


def test_the_names_of_ecs() -> None:
    said = to_ecs(RECORD)
    assert said["@timestamp"] == RECORD["time"] and said["ecs"]["version"]
    assert said["event"]["kind"] == "alert" and said["event"]["type"] == ["change"]
    assert said["rule"]["id"] == ["r1", "r2"] and said["user"]["id"] == "ann"
    assert said["excise"]["edits"] == 2


def test_the_names_of_ocsf() -> None:
    said = to_ocsf(RECORD)
    assert said["class_uid"] == 6003 and said["type_uid"] == 600399
    assert said["time"] == 1893553445678
    assert (said["action_id"], said["disposition_id"], said["severity_id"]) == (4, 11, 4)
    assert said["actor"]["user"]["uid"] == "ann" and said["unmapped"]["edits"] == 2
    assert said["metadata"]["product"]["version"] == "1"


@pytest.mark.parametrize("name", EXPORTS)
def test_nothing_is_lost_and_odd_lines_pass(name: str) -> None:
    kept = values(EXPORTS[name](RECORD))
    for wanted in ("x", "ann", "m", "api.openai.com", 9, 2, RECORD["rulings"]):
        assert wanted in kept
    assert EXPORTS[name]({"stage": "gap", "time": "2030-01-02T03:04:05.678Z", "lost": 1})


def test_the_table_names_fields_that_exist_once_each() -> None:
    known = set(leaves())
    assert {row.field for row in MAPPING} <= known
    for names in zip(*((row.otel, row.ecs, row.ocsf) for row in MAPPING), strict=True):
        given = [name for name in names if name]
        assert len(given) == len(set(given))
    page = render_mapping()
    assert all(f"`{name}`" in page for name in known) and all(f"`{a}`" in page for a in Action)


@pytest.mark.parametrize(
    ("attributes", "left"),
    [
        ({"a": 1, "b": ["x"], "c": [{"d": 1}], "e": {"f": 1}}, {"a": 1, "b": ["x"]}),
        ({"a": 2**63, "b": 2**63 - 1}, {"a": str(2**63), "b": 2**63 - 1}),
    ],
)
def test_attributes_are_scalars_and_numbers_beyond_the_protocol_texts(
    attributes: dict[str, Any], left: dict[str, Any]
) -> None:
    assert flat(attributes) == left
