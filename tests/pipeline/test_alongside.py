"""A judge reads along: the answer flows, a late bad verdict ends it, its end waits."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline.test_judging import BOTH, HARM, RULES, Doubtful, Judge, wall
from walled import chat, exchange, valid

from excise.detectors.build import build_scanner
from excise.errors import NoAnswer
from excise.model import Answer, Direction
from excise.pipeline.alongside import FIRST
from excise.pipeline.answers import AnswerStream, Step
from excise.policy.build import without_clauses

STREAM = Answer(status=200, headers=(("content-type", "text/event-stream"),), body=b"")
CALM = "the miller grinds the corn of the village. " * (FIRST // 40 + 1)


def event(text: str) -> bytes:
    delta = {"index": 0, "delta": {"content": text}}
    return b"data: " + json.dumps({"choices": [delta]}).encode() + b"\n\n"


DONE = (
    b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
)


def opened(judge: Judge, said: str = BOTH, prompt: str = "how are mills") -> AnswerStream:
    made = wall(judge, said)
    sent = exchange({**chat(prompt), "stream": True})
    outcome = made.inspect_request(sent)
    stream = made.open_stream(sent, STREAM, outcome.context)
    assert stream is not None
    return stream


def settled(stream: AnswerStream, step: Step) -> Step:
    """What the edge makes of a step that waits."""
    assert step.wait is not None
    step.wait()
    return stream.resume()


def test_a_clean_answer_comes_whole_and_its_end_waits() -> None:
    judge = Judge()
    stream = opened(judge)
    first, last = stream.feed(event(CALM)), stream.feed(event("and rests.") + DONE)
    assert b"[DONE]" not in last.data
    rest = settled(stream, last)
    assert first.data + last.data + rest.data == event(CALM) + event("and rests.") + DONE
    assert not rest.closed and not stream.finish().closed
    assert judge.texts[-1] == CALM + "and rests."
    assert judge.asked[-1]["messages"][0]["content"] == "how are mills"
    assert "missing" not in valid(stream.record())


def test_a_verdict_on_the_last_words_ends_the_answer_natively() -> None:
    stream = opened(Judge())
    step = stream.feed(event("yes: " + HARM) + DONE)
    rest = settled(stream, step)
    assert rest.closed and rest.data.endswith(b"data: [DONE]\n\n")
    assert rest.data.count(b"[DONE]") == 1 and b'"content_filter"' in rest.data
    assert b'"stop"' not in step.data + rest.data
    record = valid(stream.record())
    assert record["action"] == "block"
    assert record["rulings"][0]["rule"] == "judge.unsafe"
    assert stream.feed(event("more")).data == b""


def test_a_late_verdict_ends_the_answer_in_the_middle() -> None:
    free, asked = threading.Event(), threading.Event()

    def slow(text: str) -> str:
        if HARM in text:
            asked.set()
            assert free.wait(5)
            return "unsafe\nS2"
        return "safe"

    stream = opened(Judge(slow))
    flowing = [stream.feed(event(each)) for each in (HARM + ". " + CALM, "more ", "and more ")]
    assert flowing[1].data and flowing[2].data, "nobody waits for the judge"
    assert asked.wait(5)
    free.set()
    ended = _until(lambda: stream.feed(event("and on ")), lambda step: step.closed)
    assert ended.data.endswith(b"data: [DONE]\n\n") and b"and on" not in ended.data
    assert valid(stream.record())["action"] == "block"


def test_a_required_judge_that_does_not_answer_ends_the_answer_in_front_of_its_end() -> None:
    """Of a call of a tool behind the text nothing comes; without `require` it does."""

    def broken(text: str) -> str:
        raise NoAnswer("http-500")

    for said, ends in ((BOTH, False), (f"require: [judge]\n{BOTH}", True)):
        stream = opened(Judge(broken), said)
        step = stream.feed(event(CALM) + DONE)
        rest = settled(stream, step)
        stream.finish()
        record = valid(stream.record())
        assert rest.closed is ends and (b'"stop"' not in step.data + rest.data) is ends
        assert record.get("reasons", []) == (["required:judge"] if ends else [])
        assert (record["action"] == "block") is ends and (ends or record["missing"] == ["judge"])


def test_it_is_asked_where_classifiers_leave_the_answer_open() -> None:
    """What came so far is read before each question."""
    grey = BOTH.replace("grey: {}", "grey: {injection: [0.2, 0.9]}")
    assert grey != BOTH
    heard = [replace(each, directions=frozenset(Direction)) for each in RULES]
    scanner = build_scanner(heard, detectors={"injection": Doubtful()})
    judge = Judge()
    made = replace(wall(judge, grey), scanner=scanner)
    for text, asked in ((CALM, False), (f"{CALM} maybe", True), (f"{CALM} order", False)):
        sent = exchange({**chat(f"how are mills, {text[-5:]}"), "stream": True})
        stream = made.open_stream(sent, STREAM, made.inspect_request(sent).context)
        assert stream is not None
        judge.asked.clear()
        step = stream.feed(event(text) + DONE)
        rest = settled(stream, step) if step.wait else stream.finish()
        assert step.data + rest.data == event(text) + DONE
        assert (text in judge.texts) is asked


def _until(step: Callable[[], Step], holds: Callable[[Step], bool]) -> Step:
    pause = threading.Event()
    for _ in range(500):
        made = step()
        if holds(made):
            return made
        pause.wait(0.01)
    raise AssertionError("it never came")


def said(kind: str, **fields: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def messages(text: str) -> bytes:
    """An answer of Anthropic's API, a call of a tool behind its text."""
    call = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
    usage = {"input_tokens": 1, "output_tokens": 1}
    return b"".join(
        [
            said("message_start", message={"id": "m", "model": "c", "usage": usage, "content": []}),
            said("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            said("content_block_delta", index=0, delta={"type": "text_delta", "text": text}),
            said("content_block_stop", index=0),
            said("content_block_start", index=1, content_block=call),
            said("content_block_stop", index=1),
            said("message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 1}),
            said("message_stop"),
        ]
    )


def anthropic_stream(judge: Judge) -> AnswerStream:
    made = wall(judge, BOTH)
    body = {**chat("how are mills"), "model": "c", "max_tokens": 9, "stream": True}
    sent = exchange(body, target="/v1/messages", host="api.anthropic.com")
    stream = made.open_stream(sent, STREAM, made.inspect_request(sent).context)
    assert stream is not None
    return stream


def drained(stream: AnswerStream, chunks: list[bytes]) -> bytes:
    """All that the client gets, as the edge would give it."""
    out = []
    for chunk in chunks:
        step = stream.feed(chunk)
        out.append(step.data)
        if step.wait is not None:
            step.wait()
            out.append(stream.resume().data)
    return b"".join([*out, stream.finish().data])


def test_a_call_behind_a_bad_text_never_reaches_the_client() -> None:
    """The end of the text waits for the verdict, and the call stands behind it."""
    out = drained(anthropic_stream(Judge()), [messages("yes: " + HARM)])
    assert b"tool_use" not in out
    kinds = [line[7:].decode() for line in out.splitlines() if line.startswith(b"event: ")]
    assert kinds[0] == "message_start" and kinds[-1] == "message_stop"
    assert kinds.count("content_block_start") == kinds.count("content_block_stop")
    assert kinds.count("message_stop") == kinds.count("message_delta") == 1


@given(st.lists(st.integers(0, len(messages(CALM))), max_size=6))
@settings(max_examples=15, deadline=None)
def test_however_it_is_cut_a_harmless_answer_comes_whole(cuts: list[int]) -> None:
    whole, ends = messages(CALM), sorted(cuts)
    chunks = [whole[a:b] for a, b in zip([0, *ends], [*ends, None], strict=True)]
    assert drained(anthropic_stream(Judge()), chunks) == whole


@pytest.mark.parametrize("why", ["late", "garbage"])
def test_without_an_answer_it_ends_as_it_came_and_says_who_is_missing(why: str) -> None:
    def silent(text: str) -> str:
        raise NoAnswer(why)

    stream = opened(Judge(silent))
    step = stream.feed(event(HARM) + DONE)
    rest = settled(stream, step)
    assert step.data + rest.data == event(HARM) + DONE
    stream.finish()
    assert valid(stream.record())["missing"] == ["judge"]


def test_it_sees_no_value_of_the_answer() -> None:
    judge = Judge()
    stream = opened(judge)
    step = stream.feed(event("write to bob@vint") + event("ner.example for wine") + DONE)
    settled(stream, step)
    assert judge.texts[-1] == "write to [EMAIL] for wine"


@pytest.mark.parametrize(
    "said",
    ["judge: {grey: {}}\n", "judge: {directions: [response], if: 'model == \"x\"'}\n"],
)
def test_where_the_policy_does_not_want_it_nobody_reads_along(said: str) -> None:
    judge = Judge()
    stream = opened(judge, said)
    asked = len(judge.asked)
    step = stream.feed(event(HARM) + DONE)
    assert (step.data, step.wait) == (event(HARM) + DONE, None)
    assert len(judge.asked) == asked


def test_a_verdict_that_only_alerts_is_told_and_the_answer_goes_on() -> None:
    made = wall(Judge(), BOTH)
    quiet = replace(made, policy=without_clauses(made.policy, ["judged"]))
    sent = exchange({**chat("how are mills"), "stream": True})
    stream = quiet.open_stream(sent, STREAM, quiet.inspect_request(sent).context)
    assert stream is not None
    step = stream.feed(event(HARM) + DONE)
    rest = settled(stream, step)
    assert step.data + rest.data == event(HARM) + DONE and not rest.closed
    assert rest.rulings and valid(stream.record())["action"] == "alert"
