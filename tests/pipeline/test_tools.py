"""A refused call never reaches the client, an allowed one goes through byte for byte, and the text
around it flows."""

import json
from typing import Any

import pytest
from splits import every_two_way_split
from walled import exchange, firewall

from excise.assemble import load_engine
from excise.model import Action, Answer
from excise.pipeline.answers import AnswerStream
from excise.pipeline.firewall import Firewall

PROFILE = """
profile: guarded
title: Calls are judged
packs: [{pack: tool-guard}, {pack: leak}]
level: 2
clauses: []
uninspectable: {otherwise: alert}
on-fault: block
"""
GOOD = json.dumps({"command": "pytest -q"})
BAD = json.dumps({"command": "echo hi && rm -rf ~/"})
PROMPT = (
    "You are the night porter of the Grand Hotel Meridian. Never tell a caller which guests are in "
    "the house, and never connect anybody to a room whose number they cannot name."
)


@pytest.fixture(scope="module")
def wall(tmp_path_factory: pytest.TempPathFactory) -> Firewall:
    home = tmp_path_factory.mktemp("guarded")
    profile = home / "guarded.yaml"
    profile.write_text(PROFILE)
    engine = load_engine(str(profile), state_dir=home / "state")
    return firewall(policy=engine.policy, scanner=engine.scanner)


def sse(*payloads: Any, named: bool = False) -> list[bytes]:
    out = []
    for each in payloads:
        data = each if isinstance(each, str) else json.dumps(each)
        head = f"event: {each['type']}\n" if named else ""
        out.append(f"{head}data: {data}\n\n".encode())
    return out


def chat(arguments: str) -> tuple[list[bytes], list[bytes], list[bytes]]:
    def chunk(delta: Any, reason: Any = None) -> Any:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                "choices": [choice]}  # fmt: skip

    def part(text: str, **more: Any) -> Any:
        return chunk({"tool_calls": [{"index": 0, **more, "function": {"arguments": text}}]})

    opened = chunk({"tool_calls": [{"index": 0, "id": "c1", "type": "function",
                                    "function": {"name": "bash", "arguments": ""}}]})  # fmt: skip
    return (
        sse(chunk({"role": "assistant", "content": "Let me "}), chunk({"content": "look.\n\n"})),
        sse(opened, *[part(arguments[at : at + 7]) for at in range(0, len(arguments), 7)]),
        sse(chunk({}, "tool_calls"), "[DONE]"),
    )


def renamed(arguments: str) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Chat in which every piece of a call tells its name again."""
    before, call, after = chat(arguments)
    told = b'"function": {"name": "bash", "arguments"'
    return before, [each.replace(b'"function": {"arguments"', told) for each in call], after


def messages(arguments: str) -> tuple[list[bytes], list[bytes], list[bytes]]:
    def delta(index: int, **fields: str) -> Any:
        return {"type": "content_block_delta", "index": index, "delta": fields}

    message = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [],
               "stop_reason": None, "usage": {"input_tokens": 1, "output_tokens": 1}}  # fmt: skip
    block = {"type": "tool_use", "id": "t1", "name": "bash", "input": {}}
    pieces = [arguments[at : at + 7] for at in range(0, len(arguments), 7)]
    return (
        sse(
            {"type": "message_start", "message": message},
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "text", "text": ""},
            },
            delta(0, type="text_delta", text="Let me look.\n\n"),
            {"type": "content_block_stop", "index": 0},
            named=True,
        ),
        sse(
            {"type": "content_block_start", "index": 1, "content_block": block},
            *[delta(1, type="input_json_delta", partial_json=piece) for piece in pieces],
            {"type": "content_block_stop", "index": 1},
            named=True,
        ),
        sse(
            {
                "type": "message_delta",
                "delta": {"stop_reason": "tool_use"},
                "usage": {"output_tokens": 9},
            },
            {"type": "message_stop"},
            named=True,
        ),
    )


def gemini(arguments: str) -> tuple[list[bytes], list[bytes], list[bytes]]:
    def chunk(part: Any, **more: Any) -> Any:
        return {"candidates": [{"content": {"role": "model", "parts": [part]}, **more}]}

    called = {"functionCall": {"name": "bash", "args": json.loads(arguments)}}
    return (
        sse(chunk({"text": "Let me look.\n\n"})),
        sse(chunk(called)),
        sse(chunk({"text": ""}, finishReason="STOP")),
    )


def responses(arguments: str) -> tuple[list[bytes], list[bytes], list[bytes]]:
    item = {"type": "function_call", "id": "f1", "call_id": "c1", "name": "bash"}
    at = {"item_id": "f1", "output_index": 0}
    pieces = [arguments[at : at + 7] for at in range(0, len(arguments), 7)]
    done = {**item, "arguments": arguments, "status": "completed"}
    head = {"id": "r", "object": "response", "model": "m", "output": []}
    return (
        sse({"type": "response.created", "response": {**head, "status": "queued"}}, named=True),
        sse(
            {"type": "response.output_item.added", "output_index": 0,
             "item": {**item, "arguments": "", "status": "in_progress"}},
            *[{"type": "response.function_call_arguments.delta", **at, "delta": p} for p in pieces],
            {"type": "response.function_call_arguments.done", **at, "arguments": arguments},
            {"type": "response.output_item.done", "output_index": 0, "item": done},
            named=True,
        ),
        sse({"type": "response.completed",
             "response": {**head, "status": "completed", "output": [done]}}, named=True),
    )  # fmt: skip


SPOKEN = {
    "openai-chat": ("api.openai.com", "/v1/chat/completions", chat),
    "openai-chat, named again": ("api.openai.com", "/v1/chat/completions", renamed),
    "openai-responses": ("api.openai.com", "/v1/responses", responses),
    "anthropic-messages": ("api.anthropic.com", "/v1/messages", messages),
    "gemini": (
        "generativelanguage.googleapis.com",
        "/v1beta/models/m:streamGenerateContent?alt=sse",
        gemini,
    ),
}


def opened(wall: Firewall, dialect: str, body: Any = None) -> AnswerStream:
    host, target, _ = SPOKEN[dialect]
    asked = body or {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    sent = exchange(asked, host=host, target=target)
    context = wall.inspect_request(sent).context
    answer = Answer(status=200, headers=(("content-type", "text/event-stream"),))
    stream = wall.open_stream(sent, answer, context)
    assert stream is not None
    return stream


@pytest.mark.parametrize("dialect", SPOKEN)
def test_a_refused_call_never_leaves(wall: Firewall, dialect: str) -> None:
    """What was said before it did, before the call had come; then the answer ends natively."""
    before, call, after = SPOKEN[dialect][2](BAD)
    stream = opened(wall, dialect)
    text = stream.feed(b"".join(before)).data
    if dialect in ("anthropic-messages", "gemini"):
        assert b"Let me look" in text
    step = stream.feed(b"".join(call + after))
    whole = text + step.data + stream.finish().data
    assert step.closed
    assert b"rm -rf" not in whole.replace(b"\\", b"")
    assert b"bash" not in whole
    assert b"0192" in whole  # the notice with its reference
    if dialect != "openai-responses":
        assert b"look." in whole
    record = stream.record()
    assert record["action"] == "block"
    assert "rm -rf" not in json.dumps(record)


@pytest.mark.parametrize("dialect", SPOKEN)
def test_an_allowed_call_goes_through_as_it_came(wall: Firewall, dialect: str) -> None:
    """Byte for byte, once it is whole."""
    before, call, after = SPOKEN[dialect][2](GOOD)
    stream = opened(wall, dialect)
    out = stream.feed(b"".join(before)).data
    held = stream.feed(call[0]).data
    if dialect != "gemini":
        assert b"bash" not in held
    rest = [stream.feed(each).data for each in [*call[1:], *after]]
    assert b"".join([out, held, *rest, stream.finish().data]) == b"".join(before + call + after)
    rules = [each["rule"] for each in stream.record()["rulings"]]
    assert set(rules) == {"tool-guard.class"}
    if dialect.startswith("openai-chat"):
        assert len(rules) == 1  # one call, however often it is named


@pytest.mark.parametrize("arguments", [GOOD, BAD])
def test_cuts_change_nothing(wall: Firewall, arguments: str) -> None:
    """Wherever the bytes are cut in two."""
    body = b"".join(b"".join(part) for part in chat(arguments))

    def given(chunks: list[bytes]) -> bytes:
        stream = opened(wall, "openai-chat")
        return b"".join(stream.feed(chunk).data for chunk in chunks) + stream.finish().data

    whole = given([body])
    assert all(given(cut) == whole for cut in list(every_two_way_split(body))[::13])


def test_a_call_in_a_whole_answer_is_refused(wall: Firewall) -> None:
    """The client gets the refusal; a harmless one passes as it came."""
    for arguments, action in ((GOOD, Action.LOG), (BAD, Action.BLOCK)):
        call = {"id": "c", "type": "function", "function": {"name": "bash", "arguments": arguments}}
        body = {
            "choices": [{"message": {"role": "assistant", "content": None, "tool_calls": [call]}}]
        }
        sent = exchange({"model": "m", "messages": [{"role": "user", "content": "hi"}]})
        context = wall.inspect_request(sent).context
        raw = json.dumps(body).encode()
        outcome = wall.inspect_response(sent, Answer(status=200, headers=(), body=raw), context)
        assert outcome.decision.action is action
        assert (outcome.reply is None) == (action is Action.LOG)


def test_a_tool_that_was_not_offered_is_unknown(wall: Firewall) -> None:
    """By the definitions of the very request."""
    tool = {"type": "function", "function": {"name": "lookup", "parameters": {}}}
    asked = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "tools": [tool]}
    stream = opened(wall, "openai-chat", asked)
    stream.feed(b"".join(b"".join(part) for part in chat(GOOD)))
    assert {"tool.unknown", "tool.shell"} <= {e["entity"] for e in stream.record()["rulings"]}


def test_a_copied_prompt_is_cut_out_of_whole_and_streamed_answers(wall: Firewall) -> None:
    """However it is cut into pieces; the words around it stay."""
    asked = {"model": "m", "messages": [{"role": "system", "content": PROMPT},
                                        {"role": "user", "content": "hi"}]}  # fmt: skip
    said = f"Of course, here you are: {PROMPT.upper()} Anything else for you tonight?"
    body = {"choices": [{"message": {"role": "assistant", "content": said}}]}
    sent = exchange(asked)
    context = wall.inspect_request(sent).context
    raw = json.dumps(body).encode()
    whole = wall.inspect_response(sent, Answer(status=200, headers=(), body=raw), context).body
    assert b"PORTER" not in whole
    assert b"Anything else" in whole
    for size in (1, 5, 400):
        pieces = [said[at : at + size] for at in range(0, len(said), size)]
        chunks = [{"choices": [{"index": 0, "delta": {"content": p}}]} for p in pieces]
        stream = opened(wall, "openai-chat", asked)
        out = stream.feed(b"".join(sse(*chunks, "[DONE]"))).data + stream.finish().data
        lines = [line[6:] for line in out.decode().splitlines() if line.startswith("data: {")]
        spoken = "".join(json.loads(x)["choices"][0]["delta"].get("content", "") for x in lines)
        assert spoken.startswith("Of course, here you are: [")
        assert spoken.endswith("Anything else for you tonight?")
        assert "PORTER" not in spoken and "CONNECT" not in spoken
