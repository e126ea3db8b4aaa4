"""Response events are sorted into texts, and broken-off streams end so that the client agrees."""

from __future__ import annotations

import json
from typing import Any

import pytest
from official import ended_everywhere, openai_client

from excise.codecs.base import Channel
from excise.codecs.dialects.openai_responses_stream import OpenAIResponsesStream
from excise.codecs.framing.ssejson import SseEvent
from excise.model import Part, Role, Usage

NOTICE = "Stopped [ref 1]."


def record(kind: str, **members: Any) -> bytes:
    body = {"type": f"response.{kind}", "sequence_number": 4, **members}
    return b"event: response.%s\ndata: %s\n\n" % (kind.encode(), json.dumps(body).encode())


def read(*bodies: bytes) -> list[SseEvent]:
    return list(OpenAIResponsesStream().feed(b"".join(bodies)))


AT = {"item_id": "i", "output_index": 1, "content_index": 2}


@pytest.mark.parametrize(
    ("kind", "is_json", "part"),
    [
        ("output_text", False, Part.COMPLETION),
        ("refusal", False, Part.COMPLETION),
        ("reasoning_text", False, Part.REASONING),
        ("reasoning_summary_text", False, Part.REASONING),
        ("function_call_arguments", True, Part.TOOL_ARGUMENTS),
        ("mcp_call_arguments", True, Part.TOOL_ARGUMENTS),
        ("custom_tool_call_input", False, Part.TOOL_ARGUMENTS),
        ("code_interpreter_call_code", False, Part.TOOL_ARGUMENTS),
        ("audio.transcript", False, Part.COMPLETION),
        ("brand_new", False, Part.COMPLETION),
    ],
)
def test_what_is_spelled_out_is_a_delta(kind: str, is_json: bool, part: Part) -> None:
    (event,) = read(record(f"{kind}.delta", **AT, delta="x"))
    ((channel, segment),) = event.deltas
    assert channel == Channel((1, 2, f"response.{kind}"), is_json)
    assert (segment.text, segment.role, segment.part) == ("x", Role.ASSISTANT, part)
    assert "x" not in [each.text for each in event.segments]


def test_sound_is_not_put_together() -> None:
    (event,) = read(record("audio.delta", delta="UklGRg=="))
    assert not event.deltas


def test_a_repeated_text_has_the_part_of_its_deltas() -> None:
    (event,) = read(record("function_call_arguments.done", **AT, arguments='{"a": 1}'))
    (segment,) = (each for each in event.segments if each.path == ("arguments",))
    assert (segment.part, segment.label) == (Part.TOOL_ARGUMENTS, "")


@pytest.mark.parametrize("kind", ["output_text.done", "content_part.done", "output_item.done"])
def test_a_done_event_ends_the_text(kind: str) -> None:
    *_, done = read(
        record("output_text.delta", **AT, delta="x", logprobs=[{"token": "x"}]), record(kind, **AT)
    )
    assert {channel.key for channel in done.ends} == {
        (1, 2, "response.output_text"),
        (1, 2, "response.output_text.logprobs"),
    }


def test_tokens_in_a_done_event_are_one_text_that_ends_there() -> None:
    tokens = [{"token": "SEC"}, {"token": "RET"}]
    (event,) = read(record("output_text.done", **AT, text="SECRET", logprobs=tokens))
    assert [each.segment.text for each in event.deltas] == ["SEC", "RET"]
    assert {each.channel for each in event.deltas} == set(event.ends)


@pytest.mark.parametrize("kind", ["completed", "incomplete", "failed"])
def test_the_last_event_ends_everything(kind: str) -> None:
    response = {"model": "m", "usage": {"input_tokens": 2, "output_tokens": 3}}
    (event,) = read(record(kind, response=response))
    assert event.ends_all
    assert (event.model, event.usage) == ("m", Usage(input=2, output=3))


def test_an_event_like_another_is_read_like_another() -> None:
    bodies = [
        record("output_text.delta", **AT, delta=text, logprobs=[], obfuscation=text + "q").replace(
            b"4", str(number).encode()
        )
        for number, text in ((9, "a"), (10, "b\n"), (123456, "c"))
    ]
    quick = read(*bodies)
    assert [event.like is not None for event in quick] == [False, True, False]
    for event, body in zip(quick, bodies, strict=True):
        (slow,) = read(body)
        assert (event.deltas, event.segments, event.count) == (
            slow.deltas,
            slow.segments,
            slow.count,
        )


@pytest.mark.parametrize("case", ["text", "tools", "refusal", "reasoning", "logprobs"])
def test_the_client_takes_every_ending(case: str) -> None:
    fixture = f"openai-responses/{case}.sse"
    for body in ended_everywhere(OpenAIResponsesStream, fixture, NOTICE):
        with openai_client(body).responses.stream(model="m", input="") as stream:
            numbers = [event.sequence_number for event in stream]
            final = stream.get_final_response()
        assert numbers == list(range(len(numbers)))
        stopped = NOTICE.encode() in body
        assert stopped == final.output_text.endswith(NOTICE)
        for item in final.output:
            if item.type == "function_call":
                assert isinstance(json.loads(item.arguments), dict)
        for name, data in zip(_names(body), _data(body), strict=True):
            assert name == data["type"]


def _names(body: bytes) -> list[str]:
    return [line[7:] for line in body.decode().splitlines() if line.startswith("event: ")]


def _data(body: bytes) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in body.decode().splitlines() if line[:6] == "data: "]
