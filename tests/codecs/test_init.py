"""The laws every dialect keeps, over bodies of real shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
from wire.samples import Sample, load_samples

from excise.catalogue import load_catalogue
from excise.codecs import DIALECTS, read_body
from excise.codecs.json.span import JsonReading
from excise.codecs.wirewords import WIRE_WORDS
from excise.errors import Unreadable
from excise.model import Direction, Edit, Segment, Span
from excise.resources import policies_dir

PLANT = "planted-value-0417"
SAMPLES = load_samples()
IDS = [f"{number}-{sample.host}" for number, sample in enumerate(SAMPLES)]
HOSTS = load_catalogue((policies_dir() / "hosts.yaml").read_text("utf-8"), "hosts.yaml")


# Dialects that read other bodies than JSON as well, or none that is.
FREE = {"generic-json", "bedrock-agents", "openai-assistants", "mistral-conversations", "grpc"}


def dialects_of(sample: Sample) -> set[str]:
    host = HOSTS.find(sample.host)
    return {"generic-json", host.dialect(sample.path) if host else "generic-json"}


def strings_of(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (key, *strings_of(item))]
    if isinstance(value, list):
        return [text for item in value for text in strings_of(item)]
    return [value] if isinstance(value, str) else []


def test_there_are_samples_of_every_dialect() -> None:
    spoken = {name for sample in SAMPLES for name in dialects_of(sample)}
    assert spoken == set(DIALECTS) - {"grpc"}


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
@pytest.mark.parametrize("direction", list(Direction))
def test_every_string_is_a_segment(sample: Sample, direction: Direction) -> None:
    for name in dialects_of(sample):
        reading = read_body(DIALECTS[name], direction, sample.body)
        assert isinstance(reading, JsonReading)
        assert reading.splice(()) == sample.body
        read = {segment.token: segment.text for segment in reading.segments}
        texts = set(read.values())
        missing = {text for text in strings_of(sample.document) if text and text not in texts}
        blobs = {text for text in missing if len(text) >= 64 and text.isascii() and " " not in text}
        assert missing <= WIRE_WORDS | blobs
        assert len(blobs) <= reading.opaque


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_a_planted_value_is_found_in_every_position(sample: Sample) -> None:
    for name in dialects_of(sample):
        plain = read_body(DIALECTS[name], Direction.REQUEST, sample.body)
        for segment in _spread(plain.segments):
            if segment.token in plain.sealed:
                continue
            end = len(segment.text)
            planted = plain.splice([Edit(segment.token, Span(end, end), PLANT)])
            found = _planted(read_body(DIALECTS[name], Direction.REQUEST, planted).segments)
            assert [one.token for one in found] == [segment.token]
            assert found[0].text == segment.text + PLANT


def _spread(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """At most sixty of them, all of small bodies, and every stride of large ones."""
    return segments[:: max(1, len(segments) // 60)]


def _planted(segments: tuple[Segment, ...]) -> list[Segment]:
    return [segment for segment in segments if PLANT in segment.text]


@pytest.mark.parametrize("name", sorted(set(DIALECTS) - {"grpc"}))
def test_a_value_is_found_under_every_wire_word_in_every_role(name: str) -> None:
    for word in sorted(WIRE_WORDS):
        for role in ("system", "user", "assistant", "tool"):
            turn = {"role": role, word: PLANT} if word != "role" else {word: PLANT}
            item = {"type": word, "deep": {word: [PLANT]}}
            for body in (
                {"messages": [turn], "input": [turn]},
                {"messages": [{"role": role, "content": [item]}], "input": [item], word: [PLANT]},
            ):
                raw = json.dumps(body).encode()
                found = _planted(DIALECTS[name].read_request(raw).segments)
                assert len(found) == raw.count(PLANT.encode())


@pytest.mark.parametrize("name", sorted(set(DIALECTS) - FREE))
@pytest.mark.parametrize("body", [b"", b"text", b'{"a":1}{"b":2}', b"PK\x03\x04"])
def test_a_json_dialect_reads_json_only(name: str, body: bytes) -> None:
    with pytest.raises(Unreadable, match="malformed"):
        DIALECTS[name].read_request(body)


def test_dialects_go_by_their_names() -> None:
    assert all(dialect.name == name for name, dialect in DIALECTS.items())
