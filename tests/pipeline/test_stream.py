"""The laws of a stream: cutting changes nothing, nothing leaks, everything comes back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spelled import FIXTURES, NAMES, PLACEHOLDER, VALUE, VAULT, expected, redacted, restored, spell
from splits import (
    MINT,
    SECRET,
    BlindScanner,
    SecretScanner,
    byte_by_byte,
    cut_at,
    every_two_way_split,
    open_stream,
    pieces_of,
    run,
    steps,
)

from excise.codecs.dialects.anthropic_messages_stream import AnthropicMessagesStream
from excise.codecs.dialects.generic_stream import GenericSseStream
from excise.codecs.dialects.openai_chat_stream import OpenAIChatStream
from excise.codecs.dialects.openai_responses_stream import OpenAIResponsesStream
from excise.codecs.framing.ssejson import SseReader
from excise.detectors.base import Findings
from excise.model import Action, Segment, Usage
from excise.pipeline.answers import Step as Answered
from excise.pipeline.channel import CONTEXT, KEEP, MAX_HOLD
from excise.pipeline.stream import MAX_BEHIND, Step

READERS: dict[str, type[SseReader]] = {
    "openai-chat": OpenAIChatStream,
    "openai-responses": OpenAIResponsesStream,
    "anthropic-messages": AnthropicMessagesStream,
    "generic-sse": GenericSseStream,
}
each_fixture = pytest.mark.parametrize("path", FIXTURES, ids=NAMES)


class Waiting(SecretScanner):
    """Waits as if for a secret, and finds none."""

    def scan(self, segments: Sequence[Segment], *, whole: bool = True) -> list[Findings]:
        return [()] * len(segments)


def reader_of(path: Path) -> SseReader:
    return READERS[path.parent.name]()


# -- the laws, over recorded streams -------------------------------------------------------------


@each_fixture
def test_without_findings_every_byte_passes(path: Path) -> None:
    """Law: nothing to do means nothing done, however the bytes are cut."""
    body = path.read_bytes()
    for cut in range(len(body)):
        assert run(open_stream(reader_of(path), Waiting()), [body[:cut], body[cut:]]) == body
    assert run(open_stream(reader_of(path), Waiting()), byte_by_byte(body)) == body


@each_fixture
def test_cutting_differently_changes_nothing(path: Path) -> None:
    """Law: the same bytes in other chunks give the same bytes."""
    body = path.read_bytes()
    whole = run(open_stream(reader_of(path), vault=VAULT), [body])
    assert whole != body
    for chunks in every_two_way_split(body):
        assert run(open_stream(reader_of(path), vault=VAULT), chunks) == whole
    assert run(open_stream(reader_of(path), vault=VAULT), byte_by_byte(body)) == whole


@each_fixture
@settings(max_examples=15)
@given(cuts=st.lists(st.integers(0, 5000), max_size=12))
def test_cutting_into_many_chunks_changes_nothing(path: Path, cuts: list[int]) -> None:
    body = path.read_bytes()
    whole = run(open_stream(reader_of(path), vault=VAULT), [body])
    assert run(open_stream(reader_of(path), vault=VAULT), cut_at(body, cuts)) == whole


@each_fixture
def test_secrets_do_not_leak_and_values_come_back(path: Path) -> None:
    """Law: what the client puts together is upstream's text, redacted and restored."""
    body = path.read_bytes()
    out = run(open_stream(reader_of(path), vault=VAULT), [body])
    assert spell(out) == expected(body, lambda _, text: redacted(text), restored)
    assert not SECRET.search(out.decode())
    assert not any(SECRET.search(text) for text in spell(out).values())


@each_fixture
def test_nothing_is_released_before_it_is_decided(path: Path) -> None:
    """At no moment does the client hold more than the beginning of the right texts."""
    body = path.read_bytes()
    right = expected(body, lambda _, text: redacted(text), restored)
    stream = open_stream(reader_of(path), vault=VAULT)
    out = b""
    for step in steps(stream, byte_by_byte(body)):
        if step.out:
            out += step.out
            assert all(right[place].startswith(text) for place, text in spell(out).items())


@each_fixture
def test_arguments_stay_valid_json(path: Path) -> None:
    out = spell(run(open_stream(reader_of(path), vault=VAULT), [path.read_bytes()]))
    for place, text in out.items():
        if text and place[-1] in ("arguments", "partial_json"):
            assert any(VALUE in value for value in json.loads(text).values())


# -- the laws, over texts cut into events --------------------------------------------------------


def chat_events(pieces: Sequence[str], *, tool: bool = False) -> bytes:
    deltas: list[dict[str, object]] = [
        {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
        if tool
        else {"content": piece}
        for piece in pieces
    ]
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    return b"".join(
        b"data: %s\n\n" % json.dumps({"model": "m", "choices": [choice]}).encode()
        for choice in choices
    )


def said(out: bytes) -> str:
    return "".join(
        text for place, text in spell(out).items() if place[-1] in ("content", "arguments")
    )


TEXT = f"a SECRET-12345678 b {PLACEHOLDER}{PLACEHOLDER} SECRET-SECRET-00000000[ [EMAIL_ ü."


@given(pieces_of(TEXT))
def test_however_a_text_is_cut_into_deltas_it_comes_out_the_same(pieces: list[str]) -> None:
    out = run(open_stream(OpenAIChatStream(), vault=VAULT), [chat_events(pieces)])
    assert said(out) == restored(("content",), redacted(TEXT))


def test_every_single_cut_between_two_deltas() -> None:
    for cut in range(len(TEXT)):
        body = chat_events([TEXT[:cut], TEXT[cut:]])
        out = run(open_stream(OpenAIChatStream(), vault=VAULT), [body])
        assert said(out) == restored(("content",), redacted(TEXT))


ARGUMENTS = json.dumps({"k": f'x\\\n"{PLACEHOLDER}é\U0001f600', "s": "\tSECRET-12345678\\n"})


@given(pieces_of(ARGUMENTS))
def test_however_arguments_are_cut_they_stay_valid(pieces: list[str]) -> None:
    out = run(open_stream(OpenAIChatStream(), vault=VAULT), [chat_events(pieces, tool=True)])
    assert json.loads(said(out)) == {
        "k": f'x\\\n"{VALUE}é\U0001f600',
        "s": f"\t{MINT('secret.test', 'SECRET-12345678')}\\n",
    }


ESCAPED = json.dumps({"k": "\\SECRET-12345678", "u": "x"}).replace("CRET", "\\u0043RET")


@given(pieces_of(ESCAPED))
def test_what_only_the_view_shows_is_cut_out_with_its_escapes(pieces: list[str]) -> None:
    assert not SECRET.search(ESCAPED)
    out = run(open_stream(OpenAIChatStream()), [chat_events(pieces, tool=True)])
    value = json.loads(said(out))["k"]
    assert value.startswith("\\[TEST_")
    assert "SECRET" not in value


def test_structured_output_is_escaped_like_arguments() -> None:
    text = json.dumps({"to": PLACEHOLDER})
    out = run(open_stream(OpenAIChatStream(), vault=VAULT), [chat_events(list(text))])
    assert json.loads(said(out)) == {"to": VALUE}


# -- placeholders --------------------------------------------------------------------------------


def test_an_unknown_or_altered_placeholder_stays() -> None:
    text = "[EMAIL_aaaaaaaaa] [EMAIL k3v9x2m7q] [email_k3v9x2m7q]"
    body = chat_events(list(text))
    assert run(open_stream(OpenAIChatStream(), vault=VAULT), [body]) == body


def test_a_restored_value_is_not_scanned() -> None:
    vault = {PLACEHOLDER: "SECRET-12345678"}
    out = run(open_stream(OpenAIChatStream(), vault=vault), [chat_events(list(f"a {PLACEHOLDER}"))])
    assert said(out) == "a SECRET-12345678"


class Greedy(BlindScanner):
    """Takes every text for a secret."""

    def scan(self, segments: Sequence[Segment], *, whole: bool = True) -> list[Findings]:
        (found,) = SecretScanner().scan([segments[0]._replace(text="SECRET-12345678")])
        return [
            tuple(each._replace(span=each.span._replace(end=len(segment.text))) for each in found)
            for segment in segments
        ]


def test_a_finding_that_touches_a_known_placeholder_is_ignored() -> None:
    stream = open_stream(OpenAIChatStream(), Greedy(), VAULT)
    body = b'data: {"choices":[{"delta":{"content":"x %s"}}]}\n\n' % PLACEHOLDER.encode()
    out = run(stream, [body])
    assert said(out) == f"x {VALUE}"


# -- ends, bounds, failures ----------------------------------------------------------------------


def test_a_block_drops_what_waits_and_ends_natively() -> None:
    body = chat_events(["Fine. ", "SECRET-1234", "5678", " more"])
    stream = open_stream(OpenAIChatStream(), action=Action.BLOCK, notice="Stopped.")
    taken = steps(stream, [body, b"data: late\n\n"])
    out = b"".join(step.out for step in taken)
    assert said(out) == "Fine. \n\nStopped."
    assert "1234" not in out.decode()
    assert out.endswith(b"data: [DONE]\n\n")
    assert [step.closed for step in taken] == [True, True, True]
    assert len(taken[0].rulings) == 1


def test_a_block_in_a_whole_text_drops_its_event() -> None:
    body = b'data: {"type":"response.x","note":"SECRET-12345678"}\n\n'
    stream = open_stream(OpenAIResponsesStream(), action=Action.BLOCK)
    out = run(stream, [body])
    assert b"SECRET" not in out
    assert b"response.completed" in out


def test_rulings_that_do_not_act_change_nothing() -> None:
    body = chat_events(["SECRET-1234", "5678"])
    stream = open_stream(OpenAIChatStream(), action=Action.ALERT)
    taken = steps(stream, [body])
    assert b"".join(step.out for step in taken) == body
    assert [len(step.rulings) for step in taken] == [1, 0]


def test_signed_text_is_recorded_and_not_edited() -> None:
    body = (
        b'data: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"thinking_delta","thinking":"SECRET-12345678"}}\n\n'
    )
    taken = steps(open_stream(AnthropicMessagesStream()), [body])
    assert b"".join(step.out for step in taken) == body
    assert [(each.action, each.clause) for step in taken for each in step.rulings] == [
        (Action.ALERT, "sealed")
    ]


def test_token_bytes_do_not_spell_out_what_was_cut() -> None:
    body = next(path for path in FIXTURES if path.stem == "logprobs").read_bytes()
    out = run(open_stream(OpenAIChatStream()), [body])
    assert b'"bytes":[' in body
    assert b'"bytes":null' in out
    for data in out.decode().split("\n\n"):
        if '"bytes":[' in data:
            assert "TEST_" not in data


def test_an_unreadable_event_stops_the_stream_behind_what_is_fine() -> None:
    fine = chat_events(["ok", "SEC"]).rpartition(b"data: ")[0]
    bad = b'data: {"choices": "\xff"}\n\n'
    for chunks in ([fine + bad + fine], byte_by_byte(fine + bad), [fine, bad, fine]):
        stream = open_stream(OpenAIChatStream())
        taken = [stream.feed(chunk) for chunk in chunks]
        assert said(b"".join(step.out for step in taken)) == "ok"
        assert taken[-1].unreadable == "charset"
        assert not taken[-1].closed
    assert stream.surrender() == fine[len(chat_events(["ok"]).rpartition(b"data: ")[0]) :] + bad
    assert stream.feed(fine).out == b""


def test_an_unreadable_stream_can_be_ended_natively() -> None:
    stream = open_stream(OpenAIChatStream())
    stream.feed(chat_events(["ok"]).rpartition(b"data: ")[0] + b"data: \xff\n\n")
    assert b"Unread." in stream.close("Unread.")
    assert stream.finish().closed


def test_a_record_cut_off_by_the_end_is_not_released() -> None:
    body = chat_events(["ok", " SEC"]).rpartition(b"data: ")[0]
    stream = open_stream(OpenAIChatStream())
    first, last = stream.feed(body + b'data: {"choices":[{"delta":{"content":"RET'), stream.finish()
    assert first.out + last.out == body
    assert last.unreadable == "truncated"


def test_a_secret_that_never_ends_does_not_fill_the_memory() -> None:
    class Endless(BlindScanner):
        def hold(self, text: str) -> int:
            return 0

    pieces = ["x" * 100] * 400
    stream = open_stream(OpenAIChatStream(), Endless())
    held = 0
    for event in chat_events(pieces).split(b"\n\n")[:-2]:
        step = stream.feed(event + b"\n\n")
        held += 100 - len(said(step.out))
        assert held <= MAX_HOLD + 100
    assert said(step.out) == "" or held >= KEEP


def test_what_is_found_when_the_wait_ends_is_cut_out_whole() -> None:
    class Late(SecretScanner):
        """Waits for ever."""

        def hold(self, text: str) -> int:
            return 0

    text = "x" * (MAX_HOLD - KEEP - 7) + "SECRET-12345678" + "y" * KEEP
    out = run(open_stream(OpenAIChatStream(), Late()), [chat_events([text, "z" * 100])])
    assert said(out) == redacted(text) + "z" * 100


def test_context_reaches_the_scanner_and_is_bounded() -> None:
    seen: list[int] = []

    class Measuring(BlindScanner):
        def scan(self, segments: Sequence[Segment], *, whole: bool = True) -> list[Findings]:
            seen.extend(len(segment.text) for segment in segments)
            return super().scan(segments)

    run(open_stream(OpenAIChatStream(), Measuring()), [chat_events(["word "] * 1000)])
    assert max(seen) == CONTEXT + 5


def test_a_text_that_goes_quiet_does_not_stop_the_others() -> None:
    body = chat_events(["SEC"]).partition(b"\n\n")[0] + b"\n\n"
    stream = open_stream(OpenAIChatStream())
    assert stream.feed(body).out == b""
    quiet = chat_events(["{}"] * (MAX_BEHIND + 1), tool=True).split(b"\n\n")
    out = [stream.feed(event + b"\n\n").out for event in quiet[: MAX_BEHIND + 1]]
    assert not any(out[:-1])
    assert out[-1].startswith(body)


def test_model_and_usage_are_noted() -> None:
    path = next(each for each in FIXTURES if each.parent.name == "anthropic-messages")
    stream = open_stream(AnthropicMessagesStream())
    run(stream, [path.read_bytes()])
    assert stream.model == "claude"
    assert stream.usage == Usage(input=9, output=21)
    assert stream.redacted > 0
    assert stream.restored == 0


def test_what_a_step_holds_does_not_show() -> None:
    """It is text of an answer."""
    assert "private" not in repr(Step(out=b"private")) + repr(Answered(data=b"private"))
