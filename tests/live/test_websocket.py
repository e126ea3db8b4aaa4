"""WebSockets through the whole proxy, over TLS, against a stand-in that speaks each dialect."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live.stage import CRASH_WORD, CRASHING, Stage, key, pem, start
from live.wsclient import Refused, WsClient
from socket_cases import CASES, LIVE, Case
from wsproto.events import CloseConnection, Ping, Pong

pytestmark = pytest.mark.live

EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
ENDS = ("response.completed", "response.done", "turnComplete", "error")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("sockets")
    settings = folder / "proxy" / "config" / "excise" / "excise.yaml"
    settings.parent.mkdir(parents=True)
    settings.write_text("answer-headers: on\n", "utf-8")
    with start(folder) as stage:
        yield stage


def dial(stage: Stage, case: Case, **options: Any) -> WsClient:
    return WsClient(stage.proxy.port, stage.trust, case.host, case.target, **options)


def said(stage: Stage, since: int) -> str:
    """All that upstream has received since."""
    return "".join(each.body.decode("utf-8", "replace") for each in _since(stage, since))


def _since(stage: Stage, since: int) -> list[Any]:
    return list(stage.standin.received)[since:]


@EACH
@pytest.mark.parametrize("deflate", [False, True])
def test_a_value_is_cut_out_and_put_back(stage: Stage, case: Case, deflate: bool) -> None:
    planted, before = key(f"{case.name}{deflate}"), len(stage.standin.received)
    with dial(stage, case, deflate=deflate) as client:
        assert client.deflated is deflate
        client.send(case.ask(f"my key is {planted} ok"))
        events = client.until(*ENDS)
    assert planted not in said(stage, before)
    assert "my key is [" in said(stage, before)
    assert case.hear(events) == f"You said: my key is {planted} ok"


def test_the_answer_to_an_upgrade_tells_of_its_verdict(stage: Stage) -> None:
    """Under the id that the trail has for the upgrade; messages have no head to tell anything."""
    with dial(stage, CASES[0]) as client:
        head = client.head.decode().lower()
    told = dict(line.partition(": ")[::2] for line in head.split("\r\n")[1:])
    assert told["x-excise-node"] and float(told["x-excise-inspection-ms"]) >= 0
    stage.settle()
    lines = [each for each in stage.proxy.lines() if each.get("id") == told["x-excise-verdict"]]
    assert {line["method"] for line in lines} == {"GET"}


@EACH
def test_what_must_not_leave_is_answered_and_the_socket_stays(stage: Stage, case: Case) -> None:
    before = len(stage.standin.received)
    with dial(stage, case) as client:
        client.send(case.ask(pem(case.name)))
        refused = json.dumps(client.until("error", "turnComplete"))
        client.send(case.ask("still there"))
        assert case.hear(client.until(*ENDS)) == "You said: still there"
    assert "Reference" in refused
    assert "PRIVATE KEY" not in said(stage, before)
    reference = refused.partition("Reference: ")[2][:32]
    stage.settle()
    (line,) = [each for each in stage.proxy.lines() if each.get("reference") == reference]
    assert (line["action"], line["dialect"]) == ("block", case.name)


def test_frames_do_not_matter(stage: Stage) -> None:
    """Every way to cut a message into two frames, and one into many, with wide characters."""
    case = CASES[1]
    planted = key("frames")
    body = json.dumps(case.ask(f"\N{LATIN SMALL LETTER E WITH ACUTE} {planted} ok"),
                      ensure_ascii=False)  # fmt: skip
    with dial(stage, case) as client:
        for cuts in [*((cut,) for cut in range(1, len(body))), tuple(range(1, len(body)))]:
            before = len(stage.standin.received)
            client.send(body, *cuts)
            assert planted in case.hear(client.until(*ENDS))
            left = said(stage, before)
            assert planted not in left
            assert "[" in json.loads(left)["response"]["instructions"]


def test_what_an_answer_spells_in_small_pieces_arrives_whole(stage: Stage) -> None:
    """The stand-in says what it heard in pieces of any size; what is restored in them is one."""
    for case in CASES:
        for size in (1, 3, 7):
            planted = key(f"answer {case.name} {size}")
            # Upstream is given it in two halves, and puts them together.
            with dial(stage, case) as client:
                client.send(case.ask(f"standin:chunk={size} {planted[:6]}\u2009{planted[6:]}"))
                spoken = case.hear(client.until(*ENDS))
            assert planted[:6] in spoken


def test_a_large_message_survives_with_every_character(stage: Stage) -> None:
    """mitmproxy's own layer cuts an edited text every 4000 bytes, inside of characters."""
    case = CASES[1]
    text = "\N{EURO SIGN}\N{GRINNING FACE}" * 30_000
    with dial(stage, case, deflate=True) as client:
        client.send(case.ask(f"{key('large')} standin:chunk=9999 {text}"))
        assert text in case.hear(client.until(*ENDS))


def test_control_frames_and_binary_pass_and_closes_keep_their_codes(stage: Stage) -> None:
    case = CASES[1]
    before = len(stage.standin.received)
    with dial(stage, case) as client:
        client.control(Ping(payload=b"hello"))
        assert client.next() == Pong(payload=bytearray(b"hello"))
        client.control(Ping(payload=key("ping").encode()))
        assert client.next() == Pong(payload=bytearray(b""))
        client.send(case.ask("standin:ping standin:binary"))
        assert client.next() == Ping(payload=bytearray(b"are you there"))
        assert client.next() == b"\x00\xff\xfe"  # `balanced` lets it pass, with an alert
        client.until(*ENDS)
        client.control(CloseConnection(code=4321, reason="bye"))
        closed = client.next()
        assert int(closed.code) == 4321
    until = time.monotonic() + 10  # the client's own close is answered before upstream's
    while "4321" not in said(stage, before) and time.monotonic() < until:
        time.sleep(0.05)
    assert "4321" in said(stage, before)
    with dial(stage, case) as client:
        client.send(case.ask("standin:close=4007"))
        closed = client.next()
        assert (int(closed.code), closed.reason) == (4007, "as asked")
    with dial(stage, case) as client:
        client.send(case.ask("standin:break"))
        assert int(client.next().code) == 1006  # nobody claims that it ended well


def test_the_lines_of_a_conversation(stage: Stage) -> None:
    """The upgrade, one each way for every turn, and the end."""
    case = CASES[0]
    stage.settle()
    written = len(stage.proxy.lines())
    with dial(stage, case) as client:
        for text in ("one", "two"):
            client.send(case.ask(text))
            client.until(*ENDS)
        client.control(CloseConnection(code=1000))
        client.next()
    stage.settle()
    lines = stage.proxy.lines(written)
    stages = [(each["stage"], each["id"]) for each in lines]
    ids = list(dict.fromkeys(name for _, name in stages))
    assert stages == [
        ("request", ids[0]), ("response", ids[0]),
        ("request", ids[1]), ("stream", ids[1]),
        ("request", ids[2]), ("stream", ids[2]),
        ("stream", ids[2]),
    ]  # fmt: skip
    assert lines[3]["usage"]["output"] == 12
    assert lines[-1]["upstream"] == {"status": 101, "ended": "whole"}


@pytest.mark.parametrize(
    ("host", "target"),
    [("api.openai.com", "/v1/audio/speech"), ("copilot.microsoft.com", "/c/api/chat"),
     ("generativelanguage.googleapis.com", LIVE.replace("Content", "Music"))],
)  # fmt: skip
def test_unknown_dialects_stay_refused(stage: Stage, host: str, target: str) -> None:
    before = len(stage.standin.received)
    with pytest.raises(Refused) as refused:
        WsClient(stage.proxy.port, stage.trust, host, target)
    assert refused.value.status == 426
    assert len(stage.standin.received) == before


def test_a_bomb_and_a_message_beyond_the_ceiling_close_the_socket(stage: Stage) -> None:
    for deflate in (False, True):
        before = len(stage.standin.received)
        with dial(stage, CASES[1], deflate=deflate) as client:
            try:
                client.send("a" * 21_000_000)
                closed = client.next()
                assert int(closed.code) in (1009, 1006)
            except OSError:
                pass  # it is closed before all is sent
        assert "aaaa" not in said(stage, before)
    stage.settle()
    assert stage.proxy.lines()[-1]["stage"] in ("request", "stream")
    assert any("uninspectable:size" in each.get("reasons", ()) for each in stage.proxy.lines())


def test_memory_stays_flat_over_many_messages(stage: Stage) -> None:
    """A small part of what is measured by hand. The first answers fill what is filled once."""
    case = CASES[1]
    with dial(stage, case, deflate=True) as client:
        sizes = []
        for number in range(160):
            client.send(case.ask(f"message {number} {key(str(number % 20))}"))
            client.until(*ENDS)
            if number in (60, 159):
                sizes.append(resident(stage))
    assert sizes[1] - sizes[0] < 4_000, sizes


def resident(stage: Stage) -> int:
    """Resident memory of the proxy, in KiB."""
    status = Path(f"/proc/{stage.proxy.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def test_faults_and_the_end_of_the_proxy_close_sockets_and_are_told(tmp_path: Path) -> None:
    with start(tmp_path, program=CRASHING) as stage:
        before = len(stage.standin.received)
        with dial(stage, CASES[1]) as client:
            client.send(CASES[1].ask(CRASH_WORD))
            closed = client.next()
            assert int(closed.code) == 1011
            assert "Reference" in closed.reason
        assert CRASH_WORD not in said(stage, before)
        time.sleep(0.3)
        assert any(each["stage"] == "fault" for each in stage.proxy.lines())
        with dial(stage, CASES[1]) as client:
            client.send(CASES[1].ask("the last words"))
            client.until(*ENDS)
            stage.settle()
            written = len(stage.proxy.lines())
            stage.proxy.process.terminate()
            closed = client.next()
            assert (int(closed.code), closed.reason) == (1001, "The proxy is stopping.")
        assert stage.proxy.process.wait(10) == 0
        (line,) = [each for each in stage.proxy.lines(written) if each["stage"] == "stream"]
        assert line["upstream"] == {"status": 101, "ended": "whole"}
