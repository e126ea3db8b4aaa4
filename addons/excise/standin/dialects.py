"""Answers on the wire, whole and as event streams, in the shapes the providers send.

Shapes as seen from the official Python clients (openai 3, anthropic 2): field order, the events
around the deltas and the places where a stream repeats its text are theirs. The other providers
have a module each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from excise.standin.bedrock import CONVERSE, CONVERSE_STREAM
from excise.standin.cohere import COHERE
from excise.standin.gemini import GEMINI, GEMINI_ARRAY, GEMINI_EVENTS
from excise.standin.mcp import MCP
from excise.standin.ollama import OLLAMA
from excise.standin.script import Answer
from excise.standin.shapes import CALL, Dialect, Json, arguments_of, encode, input_of, pieces

CREATED: Final = 1_760_000_000  # a fixed moment: two runs answer the same bytes


# -- OpenAI chat completions -------------------------------------------------------------------


def chat_whole(answer: Answer, model: str) -> Json:
    """`chat.completion`."""
    message: Json = {"role": "assistant", "content": answer.text, "refusal": None}
    if answer.tool:
        function = {"name": answer.tool, "arguments": arguments_of(answer)}
        call = {"id": CALL, "type": "function", "function": function}
        said = answer.saying or None
        message = {"role": "assistant", "content": said, "tool_calls": [call], "refusal": None}
    end = "tool_calls" if answer.tool else "stop"
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": end}
    return {
        "id": "chatcmpl-standin",
        "object": "chat.completion",
        "created": CREATED,
        "model": model,
        "choices": [choice],
        "usage": {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21},
    }


def chat_events(answer: Answer, model: str) -> Iterator[bytes]:
    """`chat.completion.chunk` records, then `[DONE]`."""

    def record(delta: Json, end: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": end}
        body = {"id": "chatcmpl-standin", "object": "chat.completion.chunk", "created": CREATED}
        return b"data: " + encode({**body, "model": model, "choices": [choice]}) + b"\n\n"

    if answer.tool:
        function = {"name": answer.tool, "arguments": ""}
        call = {"index": 0, "id": CALL, "type": "function", "function": function}
        if answer.saying:
            yield record({"role": "assistant", "content": answer.saying})
        yield record({"role": "assistant", "content": None, "tool_calls": [call]})
        for piece in pieces(arguments_of(answer), answer.chunk):
            yield record({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
    else:
        yield record({"role": "assistant", "content": "", "refusal": None})
        for piece in pieces(answer.text, answer.chunk):
            yield record({"content": piece})
    yield record({}, "tool_calls" if answer.tool else "stop")
    yield b"data: [DONE]\n\n"


def openai_error(message: str) -> Json:
    """The error body of OpenAI's APIs."""
    return {"error": {"message": message, "type": "server_error", "param": None, "code": None}}


# -- OpenAI Responses --------------------------------------------------------------------------


def responses_item(answer: Answer, status: str) -> Json:
    """The one output item: a message, or a function call."""
    done = status == "completed"
    if answer.tool:
        arguments = arguments_of(answer) if done else ""
        item = {"id": "fc_standin", "type": "function_call", "status": status}
        return {**item, "arguments": arguments, "call_id": CALL, "name": answer.tool}
    content = [_output_text(answer.text)] if done else []
    item = {"id": "msg_standin", "type": "message", "status": status}
    return {**item, "content": content, "role": "assistant"}


def responses_whole(answer: Answer, model: str) -> Json:
    """`response`."""
    return _response(model, "completed", [responses_item(answer, "completed")])


def responses_events(answer: Answer, model: str) -> Iterator[bytes]:
    """The events of one answer; text stands in deltas and again in four closing events."""
    for number, event in enumerate(_responses_steps(answer, model)):
        name = event.pop("type")
        body = encode({"type": name, **event, "sequence_number": number})
        yield b"event: " + name.encode() + b"\ndata: " + body + b"\n\n"


def _responses_steps(answer: Answer, model: str) -> Iterator[Json]:
    item = responses_item(answer, "in_progress")
    yield {"type": "response.created", "response": _response(model, "in_progress", [])}
    yield {"type": "response.in_progress", "response": _response(model, "in_progress", [])}
    yield {"type": "response.output_item.added", "output_index": 0, "item": item}
    yield from (_call_steps if answer.tool else _text_steps)(answer, item["id"])
    done = responses_item(answer, "completed")
    yield {"type": "response.output_item.done", "output_index": 0, "item": done}
    yield {"type": "response.completed", "response": responses_whole(answer, model)}


def _text_steps(answer: Answer, item: str) -> Iterator[Json]:
    at = {"item_id": item, "output_index": 0, "content_index": 0}
    yield {"type": "response.content_part.added", **at, "part": _output_text("")}
    for piece in pieces(answer.text, answer.chunk):
        yield {"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", **at, "text": answer.text, "logprobs": []}
    yield {"type": "response.content_part.done", **at, "part": _output_text(answer.text)}


def _call_steps(answer: Answer, item: str) -> Iterator[Json]:
    at, arguments = {"item_id": item, "output_index": 0}, arguments_of(answer)
    for piece in pieces(arguments, answer.chunk):
        yield {"type": "response.function_call_arguments.delta", **at, "delta": piece}
    name = "response.function_call_arguments.done"
    yield {"type": name, **at, "name": answer.tool, "arguments": arguments}


def _output_text(text: str) -> Json:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _response(model: str, status: str, output: list[Json]) -> Json:
    counts = {"input_tokens": 9, "output_tokens": 12, "total_tokens": 21}
    details = {
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    return {
        "id": "resp_standin",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": {**counts, **details} if status == "completed" else None,
    }


# -- Anthropic messages ------------------------------------------------------------------------


def messages_whole(answer: Answer, model: str) -> Json:
    """`message`."""
    block: Json = {"type": "text", "text": answer.text}
    if answer.tool:
        block = {"type": "tool_use", "id": "toolu_standin", "name": answer.tool}
        block["input"] = input_of(answer)
    said = [{"type": "text", "text": answer.saying}] if answer.tool and answer.saying else []
    return {
        "id": "msg_standin",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [*said, block],
        "stop_reason": "tool_use" if answer.tool else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 9, "output_tokens": 12},
    }


def messages_events(answer: Answer, model: str) -> Iterator[bytes]:
    """The named events of one answer."""
    for event in _messages_steps(answer, model):
        yield b"event: " + event["type"].encode() + b"\ndata: " + encode(event) + b"\n\n"


def _messages_steps(answer: Answer, model: str) -> Iterator[Json]:
    whole = messages_whole(answer, model)
    begin = {**whole, "content": [], "stop_reason": None}
    begin["usage"] = {"input_tokens": 9, "output_tokens": 1}
    yield {"type": "message_start", "message": begin}
    for index, block in enumerate(whole["content"]):
        yield from _block_steps(block, index, answer)
    end = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": end, "usage": {"output_tokens": 12}}
    yield {"type": "message_stop"}


def _block_steps(block: Json, index: int, answer: Answer) -> Iterator[Json]:
    is_call = block["type"] == "tool_use"
    kind, name = ("input_json_delta", "partial_json") if is_call else ("text_delta", "text")
    empty = {**block, "input": {}} if is_call else {**block, "text": ""}
    yield {"type": "content_block_start", "index": index, "content_block": empty}
    yield {"type": "ping"}
    for piece in pieces(arguments_of(answer) if is_call else block["text"], answer.chunk):
        delta = {"type": kind, name: piece}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def anthropic_error(message: str) -> Json:
    """The error body of Anthropic's API."""
    return {"type": "error", "error": {"type": "api_error", "message": message}}


CHAT: Final = Dialect(chat_whole, chat_events, openai_error)
RESPONSES: Final = Dialect(responses_whole, responses_events, openai_error)
MESSAGES: Final = Dialect(messages_whole, messages_events, anthropic_error)

# By how the path ends, so that providers with a prefix of their own are served too.
DIALECTS: Final[tuple[tuple[re.Pattern[str], Dialect], ...]] = tuple(
    (re.compile(end), dialect)
    for end, dialect in (
        (r"/chat/completions(?:\?|$)", CHAT),
        (r"/responses(?:\?|$)", RESPONSES),
        (r"/messages(?:\?|$)", MESSAGES),
        (r":generateContent(?:\?|$)", GEMINI),
        (r":streamGenerateContent\?(?:.*&)?alt=sse(?:&|$)", GEMINI_EVENTS),
        (r":streamGenerateContent(?:\?|$)", GEMINI_ARRAY),
        (r"/model/[^/]+/converse(?:\?|$)", CONVERSE),
        (r"/model/[^/]+/converse-stream(?:\?|$)", CONVERSE_STREAM),
        (r"/v2/chat(?:\?|$)", COHERE),
        (r"/api/chat(?:\?|$)", OLLAMA),
        (r"^/mcp/", MCP),
    )
)


def find_dialect(target: str) -> Dialect | None:
    """The dialect spoken at this target, or None."""
    return next((dialect for end, dialect in DIALECTS if end.search(target)), None)
