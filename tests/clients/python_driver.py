"""Drives one Python client: a line of JSON in says what to ask, a line out says what came of it.

Runs in `.venv-clients`, as a program of its own, with what `excise env` exports and nothing else
to lead it through the proxy. In: `api`, `mode` (`whole`, `stream`, `tool`, `tool-stream`) and
`prompt`. Out: `text` (of a tool call its argument), `pieces` of a stream, `end`, or what was
`raised` with its `status` and what it `said`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
SCHEMA: Json = {"type": "object", "properties": {"note": {"type": "string"}}}
FUNCTION = {"name": "save_note", "description": "Keeps a note.", "parameters": SCHEMA}
CHAT_TOOL = {"type": "function", "function": FUNCTION}


def user(prompt: str) -> list[Any]:
    return [{"role": "user", "content": prompt}]


def note(arguments: str) -> str:
    return str(json.loads(arguments)["note"])


def gathered(deltas: list[str], end: Any, tool: bool) -> Json:
    text = "".join(deltas)
    # A call that was cut off has no argument; it is for the client to read it all the same.
    held = json.loads(text) if tool else None
    shown = str(held.get("note", "")) if held is not None else text
    return {"text": shown, "pieces": len([d for d in deltas if d]), "end": str(end)}


def openai_chat(mode: str, prompt: str) -> Json:
    import openai

    return chat_of(openai.OpenAI(api_key="none").chat.completions.create, mode, prompt)


def chat_of(create: Callable[..., Any], mode: str, prompt: str, **more: Any) -> Json:
    """Chat completions, in the objects that several clients share."""
    tool = mode.startswith("tool")
    ask: Json = {"model": "m", "messages": user(prompt), **({"tools": [CHAT_TOOL]} if tool else {})}
    ask.update(more)
    if "stream" not in mode:
        choice = create(**ask).choices[0]
        calls = choice.message.tool_calls
        text = note(calls[0].function.arguments) if tool and calls else choice.message.content
        return {"text": text, "end": str(choice.finish_reason)}
    deltas, end, called = [], None, False
    for part in create(**ask, stream=True):
        for choice in part.choices:
            end = choice.finish_reason or end
            for call in choice.delta.tool_calls or []:
                called = True
                deltas.append(call.function.arguments or "")
            deltas.append(choice.delta.content or "")
    return gathered(deltas, end, called)


def openai_responses(mode: str, prompt: str) -> Json:
    import openai

    client = openai.OpenAI(api_key="none")
    tool = {"type": "function", "strict": False, **FUNCTION}
    ask: Json = {"model": "m", "input": prompt, "tools": [tool] if mode.startswith("tool") else []}
    if "stream" not in mode:
        got: Any = client.responses.create(**ask)
    else:
        with client.responses.stream(**ask) as events:
            seen = list(events)
            got = events.get_final_response()
    item = got.output[-1]
    text = note(item.arguments) if item.type == "function_call" else got.output_text
    if "stream" not in mode:
        return {"text": text, "end": got.status}
    kinds = ("response.output_text.delta", "response.function_call_arguments.delta")
    deltas = [event.delta for event in seen if event.type in kinds]
    shown = gathered(deltas, got.status, item.type == "function_call")
    assert shown["text"] == text, "the deltas and the closing events differ"
    return shown


def openai_realtime(mode: str, prompt: str) -> Json:
    """One answer in text over the socket of the Realtime API."""
    import openai

    said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": prompt}]}
    with openai.OpenAI(api_key="none").realtime.connect(model="gpt-realtime") as socket:
        socket.response.create(response={"input": [said], "output_modalities": ["text"]})
        return over_socket(iter(socket), "response.done")


def openai_responses_socket(mode: str, prompt: str) -> Json:
    """One answer over the socket of the Responses API."""
    import openai

    with openai.OpenAI(api_key="none").responses.connect() as socket:
        socket.response.create(model="m", input=prompt)
        return over_socket(iter(socket), "response.completed")


def over_socket(events: Any, last: str) -> Json:
    """What the deltas of one answer say, or the error that came in its place."""
    deltas: list[str] = []
    for event in events:
        if event.type == "error":
            return {"raised": "error", "said": event.error.message, "status": event.error.type}
        if event.type == "response.output_text.delta":
            deltas.append(event.delta)
        if event.type == last:
            return gathered(deltas, event.response.status, tool=False)
    return gathered(deltas, None, tool=False)


def anthropic_messages(mode: str, prompt: str) -> Json:
    import anthropic

    client = anthropic.Anthropic(api_key="none")
    tool = {"name": "save_note", "description": "Keeps a note.", "input_schema": SCHEMA}
    ask: Json = {"model": "m", "max_tokens": 99, "messages": user(prompt)}
    ask.update({"tools": [tool]} if mode.startswith("tool") else {})
    if "stream" not in mode:
        got: Any = client.messages.create(**ask)
    else:
        with client.messages.stream(**ask) as events:
            count = sum(1 for event in events if event.type == "content_block_delta")
            got = events.get_final_message()
    texts = [b.text if b.type == "text" else b.input.get("note", "") for b in got.content]
    shown: Json = {"text": "".join(texts), "end": str(got.stop_reason)}
    return shown | ({"pieces": count} if "stream" in mode else {})


def google_genai(mode: str, prompt: str) -> Json:
    from google import genai
    from google.genai import types

    client = genai.Client(api_key="none")
    declared = types.FunctionDeclaration(name="save_note", parameters_json_schema=SCHEMA)
    tools: Any = [types.Tool(function_declarations=[declared])] if "tool" in mode else None
    ask: Json = {"model": "m", "contents": prompt}
    ask["config"] = types.GenerateContentConfig(tools=tools)
    if "stream" in mode:
        answers = list(client.models.generate_content_stream(**ask))
    else:
        answers = [client.models.generate_content(**ask)]
    parts = [
        part
        for answer in answers
        for candidate in answer.candidates or []
        if candidate.content
        for part in candidate.content.parts or []
    ]
    texts = [p.function_call.args["note"] if p.function_call else p.text or "" for p in parts]
    end = (answers[-1].candidates or [None])[0]
    reason = end.finish_reason.value if end and end.finish_reason else None
    return {"text": "".join(texts), "pieces": len(texts), "end": str(reason)}


def mistralai(mode: str, prompt: str) -> Json:
    from mistralai.client import Mistral

    chat = Mistral(api_key="none").chat

    def create(*, stream: bool = False, **ask: Any) -> Any:
        return (part.data for part in chat.stream(**ask)) if stream else chat.complete(**ask)

    return chat_of(create, mode, prompt)


def cohere(mode: str, prompt: str) -> Json:
    import cohere

    client = cohere.ClientV2(api_key="none")
    tools: Any = {"tools": [CHAT_TOOL]} if "tool" in mode else {}
    ask: Json = {"model": "m", "messages": user(prompt), **tools}
    if "stream" not in mode:
        got: Any = client.chat(**ask)
        calls = got.message.tool_calls
        text = note(calls[0].function.arguments) if calls else got.message.content[0].text
        return {"text": text, "end": str(got.finish_reason)}
    deltas, end, called = [], None, False
    for event in client.chat_stream(**ask):
        if event.type == "content-delta":
            deltas.append(event.delta.message.content.text)
        elif event.type == "tool-call-delta":
            called = True
            deltas.append(event.delta.message.tool_calls.function.arguments)
        elif event.type == "message-end":
            end = event.delta.finish_reason
    return gathered(deltas, end, called)


def bedrock(api: str) -> Any:
    """A client with a bearer token, or, as `…-signed`, with keys that sign the body."""
    import boto3

    if api.endswith("-signed"):
        os.environ.pop("AWS_BEARER_TOKEN_BEDROCK", None)
        keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    else:
        os.environ["AWS_BEARER_TOKEN_BEDROCK"] = "none"
        keys = {}
    return boto3.client("bedrock-runtime", region_name="us-east-1", **keys)


def bedrock_converse(mode: str, prompt: str, api: str = "") -> Json:
    client = bedrock(api)
    ask: Json = {"modelId": "m", "messages": [{"role": "user", "content": [{"text": prompt}]}]}
    if "tool" in mode:
        spec = {"name": "save_note", "inputSchema": {"json": SCHEMA}}
        ask["toolConfig"] = {"tools": [{"toolSpec": spec}]}
    if "stream" not in mode:
        got = client.converse(**ask)
        block = got["output"]["message"]["content"][0]
        text = block["toolUse"]["input"]["note"] if "toolUse" in block else block["text"]
        return {"text": text, "end": got["stopReason"]}
    deltas, end, called = [], None, False
    for event in client.converse_stream(**ask)["stream"]:
        delta = event.get("contentBlockDelta", {}).get("delta", {})
        called = called or "toolUse" in delta
        deltas.append(delta.get("text") or delta.get("toolUse", {}).get("input", ""))
        end = event.get("messageStop", {}).get("stopReason", end)
    return gathered(deltas, end, called)


def bedrock_signed(mode: str, prompt: str) -> Json:
    return bedrock_converse(mode, prompt, "bedrock-signed")


def bedrock_invoke(mode: str, prompt: str) -> Json:
    client = bedrock("bedrock-invoke")
    tool = {"name": "save_note", "description": "Keeps a note.", "input_schema": SCHEMA}
    ask: Json = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 99}
    ask |= {"messages": user(prompt), **({"tools": [tool]} if "tool" in mode else {})}
    if "stream" not in mode:
        body = client.invoke_model(modelId="anthropic.m", body=json.dumps(ask))["body"]
        got = json.loads(body.read())
        block = got["content"][0]
        text = block["input"]["note"] if "input" in block else block["text"]
        return {"text": text, "end": got["stop_reason"]}
    deltas, end, called = [], None, False
    answer = client.invoke_model_with_response_stream(modelId="anthropic.m", body=json.dumps(ask))
    for part in answer["body"]:
        event = json.loads(part["chunk"]["bytes"])
        delta = event.get("delta", {})
        called = called or "partial_json" in delta
        deltas.append(delta.get("text") or delta.get("partial_json", ""))
        end = delta.get("stop_reason") or end
    return gathered(deltas, end, called)


def ollama(mode: str, prompt: str) -> Json:
    import ollama

    client = ollama.Client(host="https://ollama.com")
    tools: Any = {"tools": [CHAT_TOOL]} if "tool" in mode else {}
    got: Any = client.chat(model="m", messages=user(prompt), stream="stream" in mode, **tools)
    parts = list(got) if "stream" in mode else [got]
    calls = [call for part in parts for call in part.message.tool_calls or []]
    texts = [part.message.content or "" for part in parts]
    text = str(calls[0].function.arguments.get("note", "")) if calls else "".join(texts)
    return {"text": text, "pieces": len([t for t in texts if t]), "end": parts[-1].done_reason}


def litellm(mode: str, prompt: str) -> Json:
    import litellm

    litellm.suppress_debug_info = True
    return chat_of(litellm.completion, mode, prompt, model="openai/m", api_key="none")


def langchain_openai(mode: str, prompt: str) -> Json:
    from langchain_openai import ChatOpenAI

    model: Any = ChatOpenAI(model="m", api_key="none")
    model = model.bind_tools([CHAT_TOOL]) if "tool" in mode else model
    if "stream" not in mode:
        got = model.invoke(prompt)
        count = 1
    else:
        parts = list(model.stream(prompt))
        count, got = len(parts), parts[0]
        for part in parts[1:]:
            got = got + part
    text = got.tool_calls[0]["args"]["note"] if got.tool_calls else got.content
    return {"text": text, "pieces": count, "end": str(got.response_metadata.get("finish_reason"))}


def mcp(mode: str, prompt: str) -> Json:
    """A tool call, whose result comes whole or as an event."""
    import mcp.client

    asked = f"{prompt} standin:sse" if "stream" in mode else prompt

    async def call() -> Any:
        async with mcp.client.Client("https://api.githubcopilot.com/mcp/") as client:
            return await client.call_tool("save_note", {"note": asked})

    got = asyncio.run(call())
    return {"text": "".join(block.text for block in got.content), "end": str(got.is_error)}


APIS: dict[str, Callable[[str, str], Json]] = {
    "openai-chat": openai_chat,
    "openai-responses": openai_responses,
    "anthropic": anthropic_messages,
    "google-genai": google_genai,
    "mistralai": mistralai,
    "cohere": cohere,
    "bedrock-converse": bedrock_converse,
    "bedrock-invoke": bedrock_invoke,
    "bedrock-signed": bedrock_signed,
    "ollama": ollama,
    "litellm": litellm,
    "langchain-openai": langchain_openai,
    "mcp": mcp,
    "openai-realtime": openai_realtime,
    "openai-responses-socket": openai_responses_socket,
}


def innermost(fault: BaseException) -> BaseException:
    """The one exception of a group that a task group made."""
    while isinstance(fault, BaseExceptionGroup):
        fault = fault.exceptions[0]
    return fault


def status_of(fault: BaseException) -> Any:
    """Its HTTP status, wherever this client keeps it."""
    answer = getattr(fault, "response", None)
    if isinstance(answer, dict):
        return answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return getattr(fault, "status_code", None) or getattr(fault, "code", None)


def main() -> None:
    """Answer lines until there are none."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            told = APIS[asked["api"]](asked["mode"], asked["prompt"])
        except BaseException as fault:
            one = innermost(fault)
            told = {"raised": type(one).__name__, "said": str(one), "status": status_of(one)}
        sys.stdout.write(json.dumps(told, default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
