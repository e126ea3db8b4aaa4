"""Nothing raw in any sink: values are planted in every kind of segment, every sort of exchange is
run, crashes included, and then every byte that the product wrote is searched."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from live.stage import CRASH_WORD, CRASHING, Stage, key, pem, start
from prometheus_client.parser import text_string_to_metric_families

from excise.cli.main import main
from excise.rules.fillers import fill
from excise.standin.script import Answer, answer_prompt

pytestmark = pytest.mark.live


def free_port() -> int:
    """A port that nobody listens on; the proxy is told it before it starts."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def scrape(path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", METRICS_PORT, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
HOSTS = {CHAT: "api.openai.com", RESPONSES: "api.openai.com", MESSAGES: "api.anthropic.com"}
METRICS_PORT = free_port()
SCHEMA = {"type": "object", "properties": {"p": {"type": "string", "description": "X"}}}


def chat(**more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": "hi"}], **more}


def said(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return chat(messages=[{"role": role, "content": content, **more}])


def tool(arguments: str) -> dict[str, Any]:
    function = {"name": "f", "arguments": arguments}
    return {"tool_calls": [{"id": "c", "type": "function", "function": function}]}


def blocks(*content: Any) -> dict[str, Any]:
    return {**said("user", list(content)), "max_tokens": 9}


def item(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "input": [fields]}


# Where a value can stand: path, and a body with X for it.
PLACES: dict[str, tuple[str, Any]] = {
    "chat system": (CHAT, said("system", "X")),
    "chat developer": (CHAT, said("developer", "X")),
    "chat user": (CHAT, said("user", "X")),
    "chat user parts": (CHAT, said("user", [{"type": "text", "text": "a X b"}])),
    "chat assistant": (CHAT, said("assistant", "X")),
    "chat name": (CHAT, said("user", "hi", name="X")),
    "chat tool result": (CHAT, said("tool", "X", tool_call_id="c")),
    "chat tool arguments": (CHAT, said("assistant", None, **tool(json.dumps({"k": "X"})))),
    "chat tool arguments, nested": (
        CHAT,
        said("assistant", None, **tool(json.dumps({"k": json.dumps({"deep": ["X"]})}))),
    ),
    "chat tool definition": (
        CHAT,
        chat(tools=[{"type": "function", "function": {"name": "f", "description": "X"}}]),
    ),
    "chat schema": (
        CHAT,
        chat(tools=[{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}]),
    ),
    "chat metadata": (CHAT, chat(metadata={"note": "X"})),
    "chat object key": (CHAT, chat(metadata={"X": "note"})),
    "chat prediction": (CHAT, chat(prediction={"type": "content", "content": "X"})),
    "chat unknown field": (CHAT, chat(brand_new={"deep": [["X"]]})),
    "chat file name": (
        CHAT,
        said("user", [{"type": "file", "file": {"filename": "X.txt", "file_id": "f"}}]),
    ),
    "responses input": (RESPONSES, {"model": "m", "input": "X"}),
    "responses instructions": (RESPONSES, {"model": "m", "input": "hi", "instructions": "X"}),
    "responses function output": (
        RESPONSES,
        item(type="function_call_output", call_id="c", output="X"),
    ),
    "responses shell": (
        RESPONSES,
        item(type="local_shell_call", action={"command": ["echo", "X"], "env": {"K": "X"}}),
    ),
    "responses unknown item": (RESPONSES, item(type="brand_new", stuff=[{"a": "X"}])),
    "messages system": (MESSAGES, {**blocks(), "system": [{"type": "text", "text": "X"}]}),
    "messages tool result": (
        MESSAGES,
        blocks(
            {
                "type": "tool_result",
                "tool_use_id": "t",
                "content": [{"type": "text", "text": "X"}],
            }
        ),
    ),
    "messages document": (
        MESSAGES,
        blocks(
            {
                "type": "document",
                "title": "X",
                "source": {"type": "text", "media_type": "text/plain", "data": "X"},
            }
        ),
    ),
    "messages tool use": (
        MESSAGES,
        blocks({"type": "tool_use", "id": "t", "name": "f", "input": {"a": {"b": ["X"]}}}),
    ),
    "messages user id": (MESSAGES, {**blocks(), "metadata": {"user_id": "X"}}),
    "generic": ("/v1/brand/new", {"anything": ["X"]}),
}


class Taker(socketserver.ThreadingTCPServer):
    """Keeps every byte that is sent to it; with `http` it answers each post."""

    daemon_threads = True

    def __init__(self, http: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.http = http
        self.got = b""
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class _Taking(socketserver.StreamRequestHandler):
    server: Taker

    def handle(self) -> None:
        length = 0
        while self.server.http and (line := self.rfile.readline()).strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        if self.server.http:
            self.server.got += self.rfile.read(length)
            self.wfile.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            return
        while chunk := self.request.recv(65_536):
            self.server.got += chunk


@pytest.fixture(scope="module")
def syslog() -> Iterator[Taker]:
    with Taker(http=False) as taker:
        yield taker
        taker.shutdown()


@pytest.fixture(scope="module")
def webhook() -> Iterator[Taker]:
    with Taker(http=True) as taker:
        yield taker
        taker.shutdown()


@pytest.fixture(scope="module")
def collector() -> Iterator[Taker]:
    with Taker(http=True) as taker:
        yield taker
        taker.shutdown()


@pytest.fixture(scope="module")
def stage(
    tmp_path_factory: pytest.TempPathFactory, syslog: Taker, webhook: Taker, collector: Taker
) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("sinks")
    settings = folder / "proxy/config/excise/excise.yaml"
    settings.parent.mkdir(parents=True)
    collects = f"127.0.0.1:{collector.server_address[1]}"
    addresses = (
        f"syslog+tcp://127.0.0.1:{syslog.server_address[1]}",
        f"webhook+http://127.0.0.1:{webhook.server_address[1]}/in",
        f"otlp+http://{collects}",
        f"otlp-traces+http://{collects}",
    )
    # With excerpts, without which lines say the less.
    said = f"sinks: [{', '.join(addresses)}]\naudit-excerpts: 60\n"
    settings.write_text(said, "utf-8")
    options = ["--metrics", f"127.0.0.1:{METRICS_PORT}"]
    with start(folder, options, program=CRASHING) as stage:
        yield stage


@pytest.fixture(scope="module")
def planted() -> list[str]:
    """Every value that any test of this module has sent or had sent to it."""
    return []


def send(
    stage: Stage, path: str, body: bytes, headers: dict[str, str] | None = None
) -> http.client.HTTPResponse | None:
    with suppress(OSError, http.client.HTTPException):
        return stage.plain.plain(
            HOSTS.get(path.partition("?")[0], HOSTS[CHAT]), path, body, headers
        )[0]  # type: ignore[return-value]
    return None


@pytest.mark.parametrize("place", PLACES)
def test_a_key_in_any_place_is_cut(stage: Stage, planted: list[str], place: str) -> None:
    path, shape = PLACES[place]
    secret, marker = key(place), fill("zebra-{lowalnum:12}", place)
    planted += [secret, marker]
    text = json.dumps(shape).replace("X", secret)
    with stage.exchange(1) as traffic:
        send(stage, path, text.encode(), {"x-note": marker})
    assert len(traffic.received) == 1
    assert traffic.received[0].holds(marker)
    assert not traffic.received[0].holds(secret)
    assert "redact" in traffic.actions()


@pytest.mark.parametrize("place", ["user", "tool result"])
def test_a_card_number_that_is_a_number_is_cut(
    stage: Stage, planted: list[str], place: str
) -> None:
    number = fill("{pan:visa}", place)
    planted.append(number)
    bodies = {
        "user": chat(credit_card=int(number)),
        "tool result": said("tool", json.dumps({"card_number": int(number)})),
    }
    with stage.exchange(1) as traffic:
        send(stage, CHAT, json.dumps(bodies[place]).encode())
    assert not any(request.holds(number) for request in traffic.received)


def test_query_and_headers_are_cut(stage: Stage, planted: list[str]) -> None:
    query, header = key("query"), key("header")
    planted += [query, header]
    with stage.exchange(1) as traffic:
        send(stage, f"{CHAT}?note=a%20{query}", json.dumps(chat()).encode(), {"x-note": header})
    assert not traffic.received[0].holds(query)
    assert not traffic.received[0].holds(header)


def test_the_providers_own_credential_passes_and_is_not_written_down(
    stage: Stage, planted: list[str]
) -> None:
    own = fill("sk-proj-{alnum:48}", "own")
    planted.append(own)
    with stage.exchange(1) as traffic:
        send(stage, CHAT, json.dumps(chat()).encode(), {"authorization": f"Bearer {own}"})
    assert traffic.received[0].header("authorization") == f"Bearer {own}"


def test_a_duplicate_key_hides_nothing(stage: Stage, planted: list[str]) -> None:
    first, second = key("first"), key("second")
    planted += [first, second]
    message = f'{{"role": "user", "content": "{first}", "content": "{second}"}}'
    body = f'{{"model": "m", "messages": [{message}]}}'
    with stage.exchange(1) as traffic:
        send(stage, CHAT, body.encode())
    assert not any(request.holds(each) for request in traffic.received for each in (first, second))


@pytest.mark.parametrize("escape", ["\\u{:04x}", "\\u{:04X}"])
def test_escapes_hide_nothing(stage: Stage, planted: list[str], escape: str) -> None:
    secret = key(escape)
    planted.append(secret)
    spelled = "".join(escape.format(ord(char)) for char in secret)
    with stage.exchange(1) as traffic:
        send(stage, CHAT, json.dumps(chat(metadata={"n": "X"})).replace("X", spelled).encode())
    assert not any(request.holds(secret) for request in traffic.received)


def test_a_blocked_exchange(stage: Stage, planted: list[str]) -> None:
    secret, marker = pem("sinks"), "zebra-blocked-prompt"
    planted += [marker, *(line for line in secret.splitlines() if "-----" not in line)]
    # Excerpts end in front of what is not found.
    far = "Our walk along the river was long, and the evening calm as in late spring. "
    with stage.exchange(1) as traffic:
        send(stage, CHAT, json.dumps(said("user", f"{marker} {far}{secret}")).encode())
    assert traffic.received == []
    assert traffic.actions() == ["block"]


MALFORMED = {
    "no json": b'{"model": "m", "messages": [{"role": "user", "content": "X"',
    "no utf-8": b'{"messages": [{"role": "user", "content": "X \xff\xfe"}]}',
    "trailing": b'{"messages": []} X',
    "deep": b'{"a": ' + b"[" * 20_000 + b'"X"' + b"]" * 20_000 + b"}",
    "not at all": b"X",
}


@pytest.mark.parametrize("sort", MALFORMED)
@pytest.mark.parametrize("coding", ["", "gzip", "x-unknown"])
def test_malformed_exchanges(stage: Stage, planted: list[str], sort: str, coding: str) -> None:
    secret = key(f"{sort} {coding}")
    planted.append(secret)
    body = MALFORMED[sort].replace(b"X", secret.encode())
    if coding:
        body = gzip.compress(body)
    with stage.exchange(1) as traffic:
        send(stage, CHAT, body, {"content-encoding": coding} if coding else {})
    assert traffic.actions()
    assert set(traffic.actions()) <= {"alert", "redact", "block", "allow"}


@pytest.mark.parametrize("place", ["chat user", "messages tool result", "responses input"])
def test_a_crashed_detector(stage: Stage, planted: list[str], place: str) -> None:
    """Design, failure table: refused in the provider's shape, with a line and a reference."""
    path, shape = PLACES[place]
    marker = fill("zebra-{lowalnum:12}", f"crash {place}")
    planted += [marker, CRASH_WORD]
    text = json.dumps(shape).replace("X", f"{marker} {CRASH_WORD} {key(place)}")
    with stage.exchange(1) as traffic:
        got: Any = send(stage, path, text.encode())
    assert traffic.received == []
    assert got.status == 400
    error = json.loads(got.text)["error"]
    assert [line["stage"] for line in traffic.lines] == ["fault"]
    assert traffic.lines[0]["reference"] in error["message"]
    assert CRASH_WORD not in got.text


@pytest.mark.parametrize("stream", [False, True])
def test_a_detector_that_crashes_over_the_answer(
    stage: Stage, planted: list[str], stream: bool
) -> None:
    marker = fill("zebra-{lowalnum:12}", f"answer {stream}")
    planted.append(marker)
    stage.standin.script = lambda request: Answer(text=f"{marker} {CRASH_WORD}", chunk=5)
    try:
        with stage.exchange(2) as traffic:
            got: Any = send(stage, CHAT, json.dumps(chat(stream=stream)).encode())
    finally:
        stage.standin.script = answer_prompt
    assert "fault" in [line["stage"] for line in traffic.lines]
    assert got is None or CRASH_WORD not in got.text


@pytest.mark.parametrize("ending", ["standin:die=3", "standin:fail=500", "standin:gzip"])
@pytest.mark.parametrize("stream", [False, True])
def test_answers_that_go_wrong(stage: Stage, planted: list[str], ending: str, stream: bool) -> None:
    secret = key(f"{ending} {stream}")
    planted.append(secret)
    body = said("user", f"{secret} {ending}")
    with stage.exchange(1) as traffic:
        send(stage, CHAT, json.dumps({**body, "stream": stream}).encode())
    assert not any(request.holds(secret) for request in traffic.received)


def test_metrics_and_health_tell_of_it_and_hold_nothing_of_it(
    stage: Stage, planted: list[str]
) -> None:
    assert scrape("/healthz")[0] == 200
    status, checks = scrape("/readyz")
    assert (status, json.loads(checks)["checks"]) == (
        200,
        {"policy": True, "audit": True, "serving": True},
    )
    status, text = scrape("/metrics")
    assert status == 200
    written = stage.proxy.lines()
    for family in text_string_to_metric_families(text):
        if family.name == "excise_messages":
            judged = sum(sample.value for sample in family.samples)
            assert judged == sum("action" in line for line in written)
        if family.name == "excise_faults":
            assert sum(sample.value for sample in family.samples) == sum(
                line["stage"] == "fault" for line in written
            )
    for word in ('rule="secrets.', "excise_uninspectable_total{", 'result="hit"', "digest="):
        assert word in text
    found = [each for value in planted for each in forms(value) if each in text]
    assert found == []


def test_no_sink_holds_any_of_it(
    stage: Stage, planted: list[str], syslog: Taker, webhook: Taker, collector: Taker
) -> None:
    """Last on purpose: stops the proxy and reads all that it wrote."""
    assert len(planted) > 80 or pytest.skip("the other tests of this module did not run")
    assert stage.proxy.stop() == 0
    spelled = {form for value in set(planted) for form in forms(value)}
    assert stage.proxy.trail.stat().st_size > 10_000
    write_what_is_made_of_the_trail(stage.proxy.trail)
    assert stage.proxy.find_leaks(sorted(spelled)) == []
    written = stage.proxy.trail.read_bytes().splitlines()
    assert stage.proxy.trail.read_bytes().count(b'"excerpt"') > 40
    assert collector.got.count(b"gen_ai.operation.name") > 60  # spans stand only in traces
    for taker in (syslog, webhook, collector):
        assert [line for line in written if line not in taker.got] == []
        assert [form for form in spelled if form.encode() in taker.got] == []


def write_what_is_made_of_the_trail(trail: Path) -> None:
    """Exports and reports lie beside the trail, to be searched with the rest."""
    options = ["--audit", str(trail), "--state-dir", str(trail.parent.parent / "state")]
    for form in ("jsonl", "otel", "ecs", "ocsf", "csv", "parquet"):
        target = str(trail.parent / f"export.{form}")
        assert main(["audit", "export", "--format", form, "-o", target, *options]) == 0
    for form in ("html", "md", "json"):
        target = str(trail.parent / f"report.{form}")
        assert main(["audit", "report", "--format", form, "-o", target, *options]) == 0
    made = [*trail.parent.glob("export.*"), *trail.parent.glob("report.*")]
    assert len(made) == 9 and all(each.stat().st_mode & 0o777 == 0o600 for each in made)


def forms(value: str) -> list[str]:
    """Ways in which a value could have been written, an unkeyed hash included."""
    raw = value.encode()
    return [
        value,
        value.lower(),
        value[:12],
        value[-12:],
        quote(value, safe=""),
        base64.b64encode(raw).decode().rstrip("="),
        raw.hex(),
        hashlib.sha256(raw).hexdigest()[:16],
        hashlib.sha1(raw).hexdigest()[:16],
        hashlib.md5(raw).hexdigest()[:16],
    ]
