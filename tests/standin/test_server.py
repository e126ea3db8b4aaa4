"""The stand-in over real TLS, read by the official clients and by a plain one."""

from __future__ import annotations

import gc
import gzip
import http.client
import json
import socket
import ssl
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest

from excise.standin.script import Answer, answer_prompt
from excise.standin.server import StandIn

pytestmark = pytest.mark.live
ASK: list[Any] = [{"role": "user", "content": "hello there"}]
NOTE: list[Any] = [{"role": "user", "content": "hello there standin:tool"}]


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with StandIn(tmp_path_factory.mktemp("standin")) as server:
        yield server


def reaching(standin: StandIn, http: ModuleType) -> Any:
    """A client of httpx, or of its twin, that sends every request to the stand-in."""

    class Here(http.HTTPTransport):  # type: ignore[name-defined]
        def handle_request(self, request: Any) -> Any:
            request.extensions["sni_hostname"] = request.url.host
            request.url = request.url.copy_with(host="127.0.0.1", port=standin.port)
            return super().handle_request(request)

    trust = ssl.create_default_context(cafile=str(standin.ca))
    return http.Client(transport=Here(verify=trust))


@pytest.fixture
def chat(standin: StandIn) -> Iterator[openai.OpenAI]:
    http = reaching(standin, httpx)
    with openai.OpenAI(api_key="none", http_client=http, max_retries=0) as client:
        yield client


@pytest.fixture
def claude(standin: StandIn) -> Iterator[anthropic.Anthropic]:
    http = reaching(standin, httpx2)
    with anthropic.Anthropic(api_key="none", http_client=http, max_retries=0) as client:
        yield client


def test_openai_chat(chat: openai.OpenAI) -> None:
    got = chat.chat.completions.create(model="m", messages=ASK)
    assert got.choices[0].message.content == "You said: hello there"
    parts = chat.chat.completions.create(model="m", messages=ASK, stream=True)
    assert "".join(p.choices[0].delta.content or "" for p in parts) == "You said: hello there"


def test_openai_chat_tool(chat: openai.OpenAI) -> None:
    got = chat.chat.completions.create(model="m", messages=NOTE)
    call: Any = (got.choices[0].message.tool_calls or [])[0]
    assert json.loads(call.function.arguments) == {"note": "hello there"}
    with chat.chat.completions.stream(model="m", messages=NOTE) as stream:
        done: Any = stream.get_final_completion().choices[0].message.tool_calls
    assert json.loads(done[0].function.arguments) == {"note": "hello there"}


def test_openai_responses(chat: openai.OpenAI) -> None:
    assert chat.responses.create(model="m", input="hi").output_text == "You said: hi"
    with chat.responses.stream(model="m", input="hi") as stream:
        assert stream.get_final_response().output_text == "You said: hi"


def test_openai_responses_tool(chat: openai.OpenAI) -> None:
    item: Any = chat.responses.create(model="m", input="hi standin:tool").output[0]
    assert json.loads(item.arguments) == {"note": "hi"}
    with chat.responses.stream(model="m", input="hi standin:tool") as stream:
        item = stream.get_final_response().output[0]
    assert json.loads(item.arguments) == {"note": "hi"}


def test_anthropic_messages(claude: anthropic.Anthropic) -> None:
    got: Any = claude.messages.create(model="m", max_tokens=9, messages=ASK)
    assert got.content[0].text == "You said: hello there"
    with claude.messages.stream(model="m", max_tokens=9, messages=ASK) as stream:
        assert stream.get_final_text() == "You said: hello there"


def test_anthropic_tool(claude: anthropic.Anthropic) -> None:
    got: Any = claude.messages.create(model="m", max_tokens=9, messages=NOTE)
    assert got.content[0].input == {"note": "hello there"}
    with claude.messages.stream(model="m", max_tokens=9, messages=NOTE) as stream:
        done: Any = stream.get_final_message()
    assert done.content[0].input == {"note": "hello there"}


def test_gzip_answers_are_read_by_clients(chat: openai.OpenAI) -> None:
    ask: list[Any] = [{"role": "user", "content": "hello standin:gzip"}]
    got = chat.chat.completions.create(model="m", messages=ask)
    assert got.choices[0].message.content == "You said: hello"
    parts = chat.chat.completions.create(model="m", messages=ask, stream=True)
    assert "".join(p.choices[0].delta.content or "" for p in parts) == "You said: hello"


@pytest.mark.parametrize("status", [500, 529])
def test_a_failure_is_the_providers_own(
    chat: openai.OpenAI, claude: anthropic.Anthropic, status: int
) -> None:
    ask: list[Any] = [{"role": "user", "content": f"hello standin:fail={status}"}]
    with pytest.raises(openai.InternalServerError, match="hello"):
        chat.chat.completions.create(model="m", messages=ask)
    with pytest.raises(anthropic.InternalServerError, match="hello"):
        claude.messages.create(model="m", max_tokens=9, messages=ask)


# -- a plain client ------------------------------------------------------------------------------


def connect(standin: StandIn, name: str = "api.openai.com") -> http.client.HTTPSConnection:
    client = http.client.HTTPSConnection("127.0.0.1", standin.port, timeout=10)
    context = ssl.create_default_context(cafile=str(standin.ca))
    raw = socket.create_connection(("127.0.0.1", standin.port), timeout=10)
    client.sock = context.wrap_socket(raw, server_hostname=name)
    return client


def test_a_connection_is_kept_and_every_request_recorded(standin: StandIn) -> None:
    client, before = connect(standin), len(standin.received)
    for number in range(3):
        client.request("POST", f"/v1/other?n={number}", b"body", {"x-note": "kept"})
        assert json.loads(client.getresponse().read()) == {
            "method": "POST",
            "path": "/v1/other",
            "body": "body",
        }
    client.close()
    got = list(standin.received)[before:]
    assert [each.target for each in got] == [f"/v1/other?n={n}" for n in range(3)]
    assert [each.number for each in got] == list(range(got[0].number, got[0].number + 3))
    assert {(each.header("x-note"), each.sni, each.raw) for each in got} == {
        ("kept", "api.openai.com", b"body")
    }


def test_encoded_and_chunked_requests_are_recorded_decoded(standin: StandIn) -> None:
    client = connect(standin, "api.anthropic.com")
    packed = gzip.compress(b'{"input": "hi"}')
    client.request(
        "POST",
        "/v1/responses",
        iter([packed[:5], packed[5:]]),
        {"content-encoding": "gzip"},
        encode_chunked=True,
    )
    assert b"You said: hi" in client.getresponse().read()
    client.close()
    got = standin.received[-1]
    assert (got.raw, got.body) == (packed, b'{"input": "hi"}')


@pytest.mark.parametrize("stream", [True, False])
def test_it_can_die_in_the_middle(standin: StandIn, stream: bool) -> None:
    client = connect(standin)
    body = json.dumps({"input": "hello standin:die=4", "stream": stream}).encode()
    client.request("POST", "/v1/responses", body)
    answer = client.getresponse()
    assert answer.status == 200
    with pytest.raises((http.client.IncompleteRead, OSError)):
        answer.read()
    client.close()


def test_the_script_can_be_exchanged(standin: StandIn) -> None:
    standin.script = lambda request: Answer(text=f"number {request.number}")
    try:
        client = connect(standin)
        client.request("POST", "/v1/messages", b"{}")
        text = client.getresponse().read()
        client.close()
    finally:
        standin.script = answer_prompt
    assert f"number {standin.received[-1].number}".encode() in text


def test_a_taken_port_is_an_error_of_the_caller(standin: StandIn, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="in use"), StandIn(tmp_path, port=standin.port):
        pass


@pytest.mark.parametrize("sent", [b"", b"POST /v1/x HTTP/1.1\r\n", b"GET /v1/x HTTP/1.1\r\n\r\n"])
def test_nothing_is_left_of_it_when_it_stops(tmp_path: Path, sent: bytes) -> None:
    """A transport that is left open is found by the collector in the middle of another test."""
    gc.collect()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        with StandIn(tmp_path) as server:
            trust = ssl.create_default_context(cafile=str(server.ca))
            raw = socket.create_connection(("127.0.0.1", server.port))
            client = trust.wrap_socket(raw, server_hostname="api.openai.com")
            client.sendall(sent)
            if sent.endswith(b"\r\n\r\n"):
                assert client.recv(100).startswith(b"HTTP/1.1 200")
        with client:
            while client.recv(65536):
                pass
        gc.collect()
    assert [str(each.message) for each in told] == []
