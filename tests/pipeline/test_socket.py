"""Messages of a socket: what leaves, what comes back, what is told, wherever texts are cut."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from pipeline.test_judging import BOTH, HARM, Judge, wall
from planted import planted_policy
from socket_cases import CASES, Case, realtime, responses, written
from splits import pieces_of
from walled import GRAVE, SECRET, VAULT, exchange, firewall, valid

from excise.model import Action, SocketMessage
from excise.pipeline.firewall import Firewall
from excise.pipeline.socket import Socket, SocketStep, Tally
from excise.policy.schema import Sockets

WALL = firewall()
EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
ID = "0193"


def opened(case: Case, wall: Firewall = WALL) -> Socket:
    """A socket whose upgrade was let through."""
    upgrade = exchange(b"", host=case.host, target=case.target, headers={"upgrade": "websocket"})
    assert wall.reads_socket(upgrade)
    return wall.open_socket(wall.inspect_request(upgrade).context)


def say(socket: Socket, messages: Iterable[dict[str, Any]], wall: Firewall = WALL,
        binary: bool = False) -> list[SocketStep]:  # fmt: skip
    """What the server's messages lead to."""
    return [socket.server(wall, SocketMessage(written(each), binary)) for each in messages]


def heard(steps: Iterable[SocketStep]) -> list[dict[str, Any]]:
    """What the client gets."""
    return [json.loads(each.data) for step in steps for each in step.onward]


def lines(steps: Iterable[SocketStep]) -> list[dict[str, Any]]:
    """The audit lines, each of which fits the schema."""
    return [valid(record) for step in steps for record in step.records]


# -- the client's side ---------------------------------------------------------------------------


@EACH
def test_a_clean_message_passes_byte_for_byte_and_asks_under_its_own_id(case: Case) -> None:
    message = SocketMessage(written(case.ask("hello")), case.binary)
    step = opened(case).client(WALL, message, ID)
    assert (step.onward, step.back, step.close) == ((message,), (), 0)
    (line,) = lines([step])
    assert (line["stage"], line["id"], line["action"]) == ("request", ID, "allow")
    assert line["dialect"] == case.name


@EACH
def test_a_secret_is_cut_out_of_a_message(case: Case) -> None:
    step = opened(case).client(WALL, SocketMessage(written(case.ask(f"a {SECRET} b")), False), ID)
    (placeholder,) = step.kept
    assert step.onward[0].data == written(case.ask(f"a {placeholder} b"))
    assert step.durable
    assert lines([step])[0]["edits"] == 1


@EACH
@pytest.mark.parametrize(("sockets", "code"), [(Sockets.READ, 0), (Sockets.CLOSE, 1008)])
def test_a_grave_message_is_dropped_and_answered(case: Case, sockets: Sockets, code: int) -> None:
    wall = firewall(policy=planted_policy(sockets=sockets))
    step = opened(case, wall).client(wall, SocketMessage(written(case.ask(GRAVE)), False), ID)
    assert step.onward == ()
    assert ID in "".join(each.data.decode() for each in step.back)
    assert b"GRAVE" not in b"".join(each.data for each in step.back)
    assert (step.durable, step.close) == (True, code)
    assert lines([step])[0]["reference"] == ID


def test_the_errors_are_the_dialects_own() -> None:
    backs = {}
    for case in CASES:
        step = opened(case).client(WALL, SocketMessage(written(case.ask(GRAVE)), False), ID)
        backs[case.name] = [json.loads(each.data) for each in step.back]
    (error,) = backs["openai-responses"]
    assert (error["type"], error["status"]) == ("error", 400)
    assert error["error"]["code"] == "excise_policy"
    (error,) = backs["openai-realtime"]
    assert (error["type"], error["error"]["event_id"]) == ("error", "e7")
    notice, end = backs["gemini-live"]
    assert ID in notice["serverContent"]["modelTurn"]["parts"][0]["text"]
    assert end == {"serverContent": {"turnComplete": True}}


def test_where_the_dialect_has_no_error_the_socket_is_closed() -> None:
    """Before a Gemini session is set up nothing but a close says no."""
    setup = {"setup": {"model": "m", "systemInstruction": {"parts": [{"text": GRAVE}]}}}
    step = opened(CASES[2]).client(WALL, SocketMessage(written(setup), False), ID)
    assert (step.onward, step.back, step.close) == ((), (), 1008)


@pytest.mark.parametrize(
    ("action", "passes"), [(Action.ALLOW, True), (Action.ALERT, True), (Action.BLOCK, False)]
)
def test_binary_messages_that_are_no_text_have_their_policy(action: Action, passes: bool) -> None:
    wall = firewall(policy=planted_policy(uninspectable=action))
    message = SocketMessage(b"\x00\xff\xfe", True)
    socket = opened(CASES[1], wall)
    step = socket.client(wall, message, ID)
    assert (step.onward == (message,)) is passes
    assert lines([step])[0]["reasons"] == ["uninspectable:media-type"]
    again = socket.client(wall, message, ID)
    assert bool(again.records) is not passes  # what passes is told once for each answer
    back = socket.server(wall, message)
    assert (message in back.onward) is passes


def test_what_does_not_ask_and_holds_nothing_makes_no_line() -> None:
    step = opened(CASES[1]).client(
        WALL, SocketMessage(b'{"type":"input_audio_buffer.commit"}', False), ID
    )
    assert step.onward
    assert step.records == ()


# -- the server's side ---------------------------------------------------------------------------


@EACH
def test_a_clean_answer_passes_byte_for_byte_and_has_one_line(case: Case) -> None:
    socket = opened(case)
    socket.client(WALL, SocketMessage(written(case.ask("x")), False), ID)
    messages = [SocketMessage(written(each), case.binary) for each in case.speak(["he", "llo"])]
    steps = [socket.server(WALL, each) for each in messages]
    assert [each for step in steps for each in step.onward] == messages
    assert all(len(step.onward) == 1 for step in steps)
    (line,) = lines(steps)
    assert (line["stage"], line["id"], line["action"]) == ("stream", ID, "allow")
    assert (line["usage"]["input"], line["usage"]["output"]) == (3, 4)
    size = sum(len(each.data) for each in messages)
    assert line["bytes"] == {"in": size, "out": size}


@EACH
def test_tokens_that_the_provider_does_not_count_are_estimated(case: Case) -> None:
    """Of the message that asked and of what was answered, in the line of each answer."""
    socket = opened(case)
    for words in (3, 30):
        socket.client(WALL, SocketMessage(written(case.ask("why " * words)), False), ID)
        events = case.speak(["he", "llo " * words])
        steps = [
            socket.server(WALL, SocketMessage(written(without_usage(each)), case.binary))
            for each in events
        ]
        (line,) = lines(steps)
        assert line["usage"]["counted"] == "estimate"
        assert words // 2 <= line["usage"]["input"] <= words + 20
        assert words // 2 <= line["usage"]["output"] <= 2 * words + 4


def without_usage(value: Any) -> Any:
    """What a provider says, less its counts."""
    if isinstance(value, dict):
        left = {k: v for k, v in value.items() if k not in ("usage", "usageMetadata")}
        return {key: without_usage(each) for key, each in left.items()}
    return list(map(without_usage, value)) if isinstance(value, list) else value


@EACH
@given(pieces=pieces_of(f"it is {SECRET} ok"))
def test_a_secret_in_an_answer_is_cut_however_it_is_spelled(case: Case, pieces: list[str]) -> None:
    steps = say(opened(case), case.speak(pieces), binary=case.binary)
    events = heard(steps)
    text = case.hear(events)
    assert "12345678" not in json.dumps(events)
    assert text.startswith("it is [SECRET_")
    assert text.endswith("] ok")
    assert any(step.durable for step in steps)
    assert all(each.binary is case.binary for step in steps for each in step.onward)


@EACH
def test_a_secret_is_cut_at_every_two_way_split(case: Case) -> None:
    whole = f"it is {SECRET} ok"
    texts = set()
    for cut in range(1, len(whole)):
        events = heard(say(opened(case), case.speak([whole[:cut], whole[cut:]])))
        assert "1234" not in json.dumps(events)
        texts.add(case.hear(events))
    assert len(texts) == 1


@EACH
def test_placeholders_are_put_back_at_every_split(case: Case) -> None:
    step = opened(case).client(WALL, SocketMessage(written(case.ask(SECRET)), False), ID)
    VAULT.update(step.kept)
    (placeholder,) = step.kept
    whole = f"you said {placeholder}, yes"
    try:
        for cut in range(1, len(whole)):
            steps = say(opened(case), case.speak([whole[:cut], whole[cut:]]))
            assert case.hear(heard(steps)) == f"you said {SECRET}, yes"
    finally:
        VAULT.clear()


@EACH
def test_a_grave_answer_ends_natively_and_the_next_one_passes(case: Case) -> None:
    socket = opened(case)
    cut = say(socket, case.speak(["so ", GRAVE[:9], GRAVE[9:], " and more"]))
    told = json.dumps(heard(cut))
    assert "12345678" not in told
    assert "and more" not in told
    assert "firewall" in told
    assert lines(cut)[0]["action"] == "block"
    assert case.hear(heard(say(socket, case.speak(["fine", " again"])))) == "fine again"


def test_the_endings_are_the_dialects_own() -> None:
    endings = {}
    for case in CASES:
        endings[case.name] = heard(say(opened(case), case.speak(["so ", GRAVE])))[-1]
    assert endings["openai-responses"]["type"] == "response.completed"
    assert endings["openai-realtime"]["response"]["status"] == "incomplete"
    assert endings["gemini-live"] == {"serverContent": {"turnComplete": True}}


def test_answers_under_way_at_once_are_texts_of_their_own() -> None:
    """In Responses by lane, in Realtime by response; neither is glued to the other."""
    for case, speak in ((CASES[0], responses), (CASES[1], realtime)):
        one, two = speak([SECRET[:9], SECRET[9:]], "a"), speak(["plain", SECRET[9:]], "b")
        mixed = [each for pair in zip(one, two, strict=True) for each in pair]
        events = heard(say(opened(case), mixed))
        assert SECRET not in json.dumps(events)
        assert f"plain{SECRET[9:]}" in json.dumps(events)
        assert len(events) == len(mixed)


def test_a_block_in_one_of_several_answers_mutes_all_that_were_under_way() -> None:
    one, two = realtime([GRAVE, "the rest"], "a"), realtime(["x", "y"], "b")
    socket = opened(CASES[1])
    mixed = [each for pair in zip(one, two, strict=True) for each in pair]
    events = heard(say(socket, mixed))
    done = [each["response"]["id"] for each in events if each["type"] == "response.done"]
    assert sorted(done) == ["a", "b"]
    assert "the rest" not in json.dumps(events)
    update = [{"type": "session.updated", "session": {"instructions": "x"}}]
    assert heard(say(socket, update)) == update


def test_sound_does_not_wait_for_long_behind_a_text() -> None:
    at = {"response_id": "r", "item_id": "i", "content_index": 0}
    words = {"type": "response.output_audio_transcript.delta", **at, "delta": "SEC"}
    sound = {"type": "response.output_audio.delta", **at, "delta": "AAAA" * 30}
    steps = say(opened(CASES[1]), [words, *[sound] * 40])
    assert len(heard(steps)) > 5


def test_transcripts_are_texts_of_their_own() -> None:
    """What the user said and what the model says come interleaved."""

    def said(kind: str, text: str, **more: Any) -> dict[str, Any]:
        return {"serverContent": {kind: {"text": text, **more}}}

    steps = say(opened(CASES[2]), [
        said("inputTranscription", SECRET[:9]),
        said("outputTranscription", "well"),
        said("inputTranscription", SECRET[9:], finished=True),
        {"serverContent": {"turnComplete": True}},
    ])  # fmt: skip
    told = json.dumps(heard(steps))
    assert "1234" not in told
    assert "well" in told


@pytest.mark.parametrize("action", [Action.ALERT, Action.BLOCK])
def test_an_unreadable_message_has_its_policy_and_the_next_answer_passes(action: Action) -> None:
    wall = firewall(policy=planted_policy(uninspectable=action))
    socket = opened(CASES[1], wall)
    deep = b"[" * 1000 + b"]" * 1000
    say(socket, realtime(["x"])[:2], wall)
    step = socket.server(wall, SocketMessage(deep, False))
    assert any(each.data == deep for each in step.onward) is (action is Action.ALERT)
    if action is Action.BLOCK:
        say(socket, realtime(["x"])[-1:], wall)
    assert case_text(say(socket, realtime(["fine"], "r2"), wall)) == "fine"


def case_text(steps: Sequence[SocketStep]) -> str:
    return CASES[1].hear(heard(steps))


# -- both ------------------------------------------------------------------------------------------


def test_the_end_gives_out_what_is_held_and_tells_how_it_ended() -> None:
    socket = opened(CASES[1])
    began = realtime(["SECR"])[:3]
    assert len(heard(say(socket, began))) == 2
    step = socket.end()
    assert heard([step]) == began[2:]
    assert lines([step])[0]["upstream"] == {"status": 101, "ended": "cut"}
    assert lines([opened(CASES[1]).end()])[0]["upstream"]["ended"] == "whole"


@pytest.mark.parametrize(("text", "left"), [(b"", b""), (b"\x00\xff", b"\x00\xff"),
                                            (SECRET.encode(), b"")])  # fmt: skip
def test_the_text_of_a_control_frame_is_searched(text: bytes, left: bytes) -> None:
    assert opened(CASES[0]).control(WALL, text) == left


def test_a_new_policy_holds_from_the_next_message_on() -> None:
    socket = opened(CASES[1])
    say(socket, realtime(["fine"]))
    stern = firewall(policy=planted_policy(uninspectable=Action.BLOCK))
    step = socket.server(stern, SocketMessage(b"[" * 1000 + b"]" * 1000, False))
    assert b"[[" not in b"".join(each.data for each in step.onward)


@EACH
def test_memory_does_not_grow_with_answers(case: Case) -> None:
    socket = opened(case)

    def held() -> int:
        reader: Any = socket._reader
        open_texts = getattr(reader, "_open", ()) or getattr(reader, "_lanes", ())
        return len(socket._kinds) + len(socket._stream._channels) + len(open_texts)

    say(socket, case.speak(["a", "b"]))
    before = held()
    for _ in range(50):
        say(socket, case.speak(["a", "b"]))
    assert held() == before


def test_which_upgrades_are_read() -> None:
    known = exchange(b"", target="/v1/realtime")
    assert WALL.reads_socket(known)
    assert not WALL.reads_socket(exchange(b"", target="/v1/audio/speech"))
    refusing = firewall(policy=planted_policy(sockets=Sockets.REFUSE))
    assert not refusing.reads_socket(known)


@EACH
def test_a_judge_reads_the_newest_answer_along_and_ends_it_in_the_middle(case: Case) -> None:
    """In the dialect's own way; what upstream says of it afterwards is dropped, and an answer that
    is over before the judge has read it names the judge."""
    made = wall(Judge(), BOTH)
    socket = opened(case, made)

    def answer(pieces: Sequence[str]) -> list[SocketStep]:
        steps = []
        socket.client(made, SocketMessage(written(case.ask("how are mills")), case.binary), ID)
        for event in case.speak(pieces):
            steps.append(socket.server(made, SocketMessage(written(event), case.binary)))
            time.sleep(0.002 if len(steps) > 4 and steps[-1].onward else 0)  # the judge is asked
        return steps

    (line,) = lines(answer(["It grinds."]))
    assert (line["action"], line["missing"]) == ("allow", ["judge"])
    steps = answer([f"{HARM}. ", "the mill stands by the river. " * 20, *["and on "] * 400])
    told = [line for line in lines(steps) if "rulings" in line]
    assert told[0]["action"] == "block" and told[0]["rulings"][0]["rule"] == "judge.unsafe"
    text = case.hear(heard(steps))
    assert text.startswith(HARM) and text.count("and on ") < 400 and steps[-1].onward == ()


def test_a_tally_tells_a_reason_once() -> None:
    tally = Tally()
    assert tally.is_news(["a"])
    assert not tally.is_news(["a"])
    assert not tally.is_news([])
