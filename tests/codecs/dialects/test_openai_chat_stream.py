"""Chat chunks are sorted into texts, and broken-off streams end so that the client agrees."""

from __future__ import annotations

import json
from typing import Any

import pytest
from official import ended_everywhere, openai_client

from excise.codecs.base import Channel
from excise.codecs.dialects.openai_chat_stream import OpenAIChatStream
from excise.codecs.framing.ssejson import SseEvent
from excise.model import Edit, Part, Role, Span, Usage

NOTICE = "Stopped [ref 1]."


def chunk(*choices: Any, **more: Any) -> bytes:
    body = {"id": "c", "model": "m", "choices": list(choices), **more}
    return b"data: %s\n\n" % json.dumps(body).encode()


def delta(value: Any, index: int = 0, reason: str | None = None, **more: Any) -> dict[str, Any]:
    return {"index": index, "delta": value, "finish_reason": reason, **more}


def read(*bodies: bytes) -> list[SseEvent]:
    return list(OpenAIChatStream().feed(b"".join(bodies)))


def keys(event: SseEvent) -> list[tuple[Any, str]]:
    return [(each.channel, each.segment.text) for each in event.deltas]


@pytest.mark.parametrize(
    ("choice", "key", "is_json", "part"),
    [
        (delta({"content": "x"}, 2), (2, "content"), False, Part.COMPLETION),
        (delta({"refusal": "x"}), (0, "refusal"), False, Part.COMPLETION),
        (delta({"reasoning_content": "x"}), (0, "reasoning_content"), False, Part.REASONING),
        (delta({"reasoning": "x"}), (0, "reasoning"), False, Part.REASONING),
        (
            delta({"tool_calls": [{"index": 3, "function": {"arguments": "x"}}]}, 1),
            (1, "tool", 3, "arguments"),
            True,
            Part.TOOL_ARGUMENTS,
        ),
        (
            delta({"tool_calls": [{"index": 0, "custom": {"input": "x"}}]}),
            (0, "tool", 0, "input"),
            False,
            Part.TOOL_ARGUMENTS,
        ),
        (
            delta({"function_call": {"arguments": "x"}}),
            (0, "function_call"),
            True,
            Part.TOOL_ARGUMENTS,
        ),
        (delta({"audio": {"transcript": "x"}}), (0, "audio"), False, Part.COMPLETION),
        (delta({"content": [{"text": "x"}]}), (0, "content"), False, Part.COMPLETION),
        ({"index": 1, "text": "x"}, (1, "text"), False, Part.COMPLETION),
        ({"text": "x"}, (0, "text"), False, Part.COMPLETION),
    ],
)
def test_what_is_spelled_out_is_a_delta(
    choice: dict[str, Any], key: tuple[Any, ...], is_json: bool, part: Part
) -> None:
    (event,) = read(chunk(choice))
    assert keys(event) == [(Channel(("choices", *key), is_json), "x")]
    segment = event.deltas[0].segment
    assert (segment.role, segment.part) == (Role.ASSISTANT, part)
    assert "x" not in [each.text for each in event.segments]


def test_everything_else_is_whole() -> None:
    (event,) = read(chunk(delta({"content": "a", "new": {"x": "b"}}), citations=["c"], note="d"))
    texts = {segment.text for segment in event.segments}
    assert texts >= {"c", "m", "b", "d"}
    assert "a" not in texts


def test_tokens_are_a_channel_beside_the_text() -> None:
    tokens = [{"token": "a", "bytes": [97], "top_logprobs": [{"token": "z"}]}, {"token": "b"}]
    (event,) = read(chunk(delta({"content": "ab"}, logprobs={"content": tokens})))
    beside = Channel(("choices", 0, "logprobs", "content"))
    assert keys(event)[1:] == [(beside, "a"), (beside, "b")]
    assert "z" in [segment.text for segment in event.segments]
    token = event.deltas[1].segment.token
    assert b'"bytes":null' in event.splice([Edit(token, Span(0, 1), "")])


def test_a_finish_reason_ends_the_texts_of_its_choice() -> None:
    *_, end, done = read(
        chunk(delta({"content": "a"}), delta({"content": "b"}, 1)),
        chunk(delta({"refusal": "c"})),
        chunk(delta({}, reason="stop")),
        b"data: [DONE]\n\n",
    )
    assert {channel.key for channel in end.ends} == {
        ("choices", 0, "content"),
        ("choices", 0, "refusal"),
    }
    assert not end.ends_all
    assert done.ends_all


def test_model_and_usage_are_read() -> None:
    (event,) = read(chunk(usage={"prompt_tokens": 3, "completion_tokens": 4}))
    assert event.model == "m"
    assert event.usage == Usage(input=3, output=4)
    (groq,) = read(chunk(x_groq={"usage": {"prompt_tokens": 1}}))
    assert groq.usage == Usage(input=1)


def test_an_event_like_another_is_read_like_another() -> None:
    """The quick way gives what the slow way gives."""
    tool = {"tool_calls": [{"index": 0, "function": {"arguments": '{"é\\n'}}]}
    bodies = [
        *(chunk(delta({"content": text}), obfuscation=text[:2] + "q") for text in ("ab", 'é"', "")),
        *(chunk(delta(tool)) for _ in range(2)),
    ]
    quick = read(*bodies)
    assert [event.like is not None for event in quick] == [False, True, True, False, True]
    for event, body in zip(quick, bodies, strict=True):
        (slow,) = read(body)
        assert (event.deltas, event.segments) == (slow.deltas, slow.segments)
        assert event.raw == body
        for each in event.deltas:
            edit = Edit(each.segment.token, Span(0, 1), "<>")
            assert event.splice([edit]) == slow.splice([edit])


@pytest.mark.parametrize("case", ["text", "reasoning", "refusal", "choices", "json-output", "crlf"])
def test_the_client_takes_every_ending(case: str) -> None:
    for body in ended_everywhere(OpenAIChatStream, f"openai-chat/{case}.sse", NOTICE):
        assert body.endswith(b"[DONE]\n\n") or body.endswith(b"[DONE]\r\n\r\n")
        stream = openai_client(body).chat.completions.create(model="m", messages=[], stream=True)
        finished: dict[int, str] = {}
        texts: dict[int, str] = {}
        for piece in stream:
            for choice in piece.choices:
                assert choice.index not in finished or not choice.delta.content
                texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
                if choice.finish_reason:
                    finished[choice.index] = choice.finish_reason
        assert finished
        for index, reason in finished.items():
            assert (reason == "content_filter") == texts[index].endswith(NOTICE)


def test_broken_off_calls_end_as_valid_json() -> None:
    for body in ended_everywhere(OpenAIChatStream, "openai-chat/tools.sse", NOTICE):
        stream = openai_client(body).chat.completions.create(model="m", messages=[], stream=True)
        calls: dict[int, str] = {}
        for piece in stream:
            for choice in piece.choices:
                for call in choice.delta.tool_calls or ():
                    assert call.function is not None
                    calls[call.index] = calls.get(call.index, "") + (call.function.arguments or "")
        for arguments in calls.values():
            assert isinstance(json.loads(arguments), dict)


def test_a_legacy_completion_ends_in_its_own_shape() -> None:
    for body in list(ended_everywhere(OpenAIChatStream, "openai-chat/legacy.sse", NOTICE))[1:-2]:
        stream = openai_client(body).completions.create(model="m", prompt="", stream=True)
        last = list(stream)[-1].choices[0]
        assert last.text.endswith(NOTICE)
        assert last.finish_reason == "content_filter"


def test_what_is_over_is_not_ended_again() -> None:
    *_, last = ended_everywhere(OpenAIChatStream, "openai-chat/text.sse", NOTICE)
    assert last.count(b"[DONE]") == 1
    reader = OpenAIChatStream()
    assert reader.close(NOTICE)
    assert reader.close(NOTICE) == b""


def test_the_ending_shows_edits_and_not_what_they_replaced() -> None:
    reader = OpenAIChatStream()
    (event,) = reader.feed(chunk(delta({"content": "ab"})))
    reader.sent(event, [Edit(event.deltas[0].segment.token, Span(0, 2), "X")])
    assert b"ab" not in reader.close(NOTICE)


def test_arguments_that_are_an_object_are_whole() -> None:
    call = {"index": 0, "id": "t", "function": {"name": "f", "arguments": {"a": "x"}}}
    reader = OpenAIChatStream()
    (event,) = reader.feed(chunk(delta({"tool_calls": [call]})))
    assert "x" in [segment.text for segment in event.segments]
    reader.sent(event)
    assert b"arguments" not in reader.close(NOTICE)
