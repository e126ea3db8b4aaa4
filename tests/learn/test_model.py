"""From observations to a document and back, and what it then allows."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from excise.errors import PolicyError
from excise.learn.model import Learnt, Way, build_model, parse_openapi, template_of, to_openapi
from excise.learn.schema import infer

IN, OUT, EVENT = Way
HOST, PATH = "api.openai.com", "/v1/chat/completions"
ASK = {"model": "m", "messages": [{"role": "user", "content": "x"}]}


@pytest.fixture
def learnt() -> Learnt:
    made = Learnt()
    assert made.observe((PATH, "POST"), HOST, IN, infer(ASK), {("model",)})
    assert not made.observe((PATH, "POST"), HOST, IN, infer(ASK))
    made.observe((PATH, "POST"), HOST, OUT, infer({"id": "x"}))
    made.observe(("/v1/files/{value}", "GET"), HOST, IN, None)
    return made


def test_the_document_is_openapi_and_comes_back(learnt: Learnt) -> None:
    document = to_openapi(learnt)
    operation = document["paths"][PATH]["post"]
    assert document["openapi"] == "3.1.0" and operation["x-excise-seen"] == 3
    assert operation["servers"] == [{"url": f"https://{HOST}"}]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(ASK, schema)
    assert schema["properties"]["model"]["x-excise-unread"] is True
    again = parse_openapi(json.dumps(document), "f")
    assert {k: (e.hosts, e.seen) for k, e in again.endpoints.items()} == {
        k: (e.hosts, e.seen) for k, e in learnt.endpoints.items()
    }


def test_texts_that_nobody_reads_outlive_the_file(learnt: Learnt) -> None:
    told = [("POST", PATH, "request", "model")]
    assert learnt.covert() == told
    again = parse_openapi(json.dumps(to_openapi(learnt)), "f")
    assert again.covert() == told
    again.join(learnt)
    assert again.endpoints[PATH, "POST"].seen == 6 and again.covert() == told


def test_events_have_a_schema_of_their_own_beside_whole_answers(learnt: Learnt) -> None:
    learnt.observe((PATH, "POST"), HOST, EVENT, infer({"delta": "x"}), {("delta",)})
    document = to_openapi(learnt)
    content = document["paths"][PATH]["post"]["responses"]["default"]["content"]
    assert list(content["application/jsonl"]["schema"]["properties"]) == ["delta"]
    assert document["paths"][PATH]["post"]["x-excise-seen"] == 3
    again = parse_openapi(json.dumps(document), "f")
    assert ("POST", PATH, "event", "delta") in again.covert()
    model = build_model(again)
    assert model.faults(HOST, "POST", PATH, EVENT, {"delta": "y"}) == []
    assert model.faults(HOST, "POST", PATH, EVENT, {"id": "y"}) == ["*"]
    assert model.faults(HOST, "POST", PATH, OUT, {"delta": "y"}) == ["*"]


@pytest.mark.parametrize(
    ("method", "path", "direction", "value", "want"),
    [
        ("POST", PATH, IN, ASK, []),
        ("POST", PATH + "/?x=1", IN, ASK, []),
        ("POST", PATH, IN, {**ASK, "note": "x"}, ["*"]),
        ("POST", PATH, OUT, {"id": 5}, ["id"]),
        ("GET", PATH, IN, None, ["endpoint"]),
        ("POST", "/v1/images", IN, {}, ["endpoint"]),
        ("GET", "/v1/files/f-7", IN, {}, ["body"]),
        ("GET", "/v1/files/a/b", IN, {}, ["endpoint"]),
    ],
)
def test_what_is_not_named_is_a_fault(
    learnt: Learnt, method: str, path: str, direction: Way, value: Any, want: list[str]
) -> None:
    model = build_model(parse_openapi(json.dumps(to_openapi(learnt)), "f"))
    assert model.faults(HOST, method, path, direction, value, empty=False) == want
    assert model.faults("api.other.test", method, path, direction, value, empty=False) == [
        "endpoint"
    ]


def test_a_request_without_a_body_needs_only_its_endpoint(learnt: Learnt) -> None:
    assert build_model(learnt).faults(HOST, "GET", "/v1/files/7", IN, None, empty=True) == []


@pytest.mark.parametrize(
    ("path", "want"),
    [
        ("/v1/chat/completions?key=zebra", "/v1/chat/completions"),
        ("/v1beta/models/zebra-7b:generateContent", "/v1beta/models/{value}"),
        ("/v1/files/file-8s7d6f5/content", "/v1/files/{value}/content"),
        ("/u/ana%40example.org/x", "/u/{value}/x"),
        ("/", "/"),
    ],
)
def test_pieces_of_paths_that_may_be_values_are_not_kept(path: str, want: str) -> None:
    assert template_of(path) == want


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"openapi": "3.0.1", "paths": {}}',
        '{"openapi": "3.1.0", "paths": {"/a": 5}}',
    ],
)
def test_another_document_is_refused(text: str) -> None:
    with pytest.raises(PolicyError, match="EXC-POL-018"):
        parse_openapi(text, "f")


def test_what_is_not_known_of_json_schema_is_named(learnt: Learnt) -> None:
    document = to_openapi(learnt)
    content = document["paths"][PATH]["post"]["requestBody"]["content"]["application/json"]
    content["schema"]["minProperties"] = 1
    with pytest.raises(PolicyError, match=f"request of POST {PATH}"):
        parse_openapi(json.dumps(document), "f")


def test_endpoints_are_bounded() -> None:
    made = Learnt()
    for number in range(600):
        made.observe((f"/{number}", "GET"), HOST, IN, None)
    assert len(made.endpoints) == 512


def test_a_mark_changes_nothing_of_what_is_allowed() -> None:
    made = Learnt()
    body = {"arguments": "x", "deep": {"tag": "y"}}
    made.observe((PATH, "POST"), HOST, IN, infer(body), {("arguments",), ("deep", "tag")})
    again = parse_openapi(json.dumps(to_openapi(made)), "f").endpoints[PATH, "POST"]
    assert again.bodies == {IN: infer(body)}
    assert again.unread == {(IN, ("arguments",)), (IN, ("deep", "tag"))}
