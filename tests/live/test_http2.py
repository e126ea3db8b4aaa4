"""HTTP/2 with the hosts that are named for it: chats by the official client, and calls by gRPC."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import openai
import pytest
from live.h2peers import Call, H2Server, call, frame, tunnel
from live.stage import key, warmed

from excise.cli.demo_stage import ProxyProcess

pytestmark = pytest.mark.live
CHAT, RPC, OTHER = "api.openai.com", "api.x.ai", "api.anthropic.com"
PATH = "/xai_api.Chat/GetCompletion"
PROFILE = """\
profile: {name}
title: Keys are cut, calls of gRPC meet {action}
level: 1
packs: [{{pack: secrets}}]
clauses:
  - {{id: keys, when: {{kinds: [secret]}}, then: redact}}
uninspectable: {{otherwise: {action}}}
on-fault: block
"""


@dataclass
class Pair:
    """A proxy that has calls pass with an alert, and one that does not, before one server."""

    lenient: ProxyProcess
    strict: ProxyProcess
    server: H2Server

    def rpc(self, proxy: ProxyProcess, text: str, **fields: str) -> Call:
        """A call whose message has this text as its first field."""
        head = {
            ":method": "POST",
            ":scheme": "https",
            ":authority": RPC,
            ":path": PATH,
            "content-type": "application/grpc",
            "te": "trailers",
            **fields,
        }
        message = b"\x0a" + bytes([len(text)]) + text.encode()
        return call(proxy.port, proxy.trust(), RPC, head, frame(message))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("http2")
    server: Any = H2Server.started(folder, [CHAT, RPC, OTHER])
    named = ("--http2", "*.openai.com", "--http2", RPC)
    with ExitStack() as stack:
        stack.callback(server.stop)
        proxies = []
        for name, action in (("lenient", "alert"), ("strict", "block")):
            profile = folder / f"{name}.yaml"
            profile.write_text(PROFILE.format(name=name, action=action))
            made = ProxyProcess(folder / name, server, ("--profile", str(profile), *named))
            proxies.append(stack.enter_context(warmed(made)))
        yield Pair(*proxies, server)


def _client(pair: Pair, protocols: list[str]) -> openai.OpenAI:
    web = openai.DefaultHttpxClient(
        proxy=pair.lenient.url,
        verify=pair.lenient.trust(),
        trust_env=False,
        http2=True,
        event_hooks={"response": [lambda answer: protocols.append(answer.http_version)]},
    )
    return openai.OpenAI(api_key="none", http_client=web, max_retries=0, timeout=20)


@pytest.mark.parametrize("streams", [False, True])
def test_a_chat_is_read_on_both_ways(pair: Pair, streams: bool) -> None:
    """The model says what it was told; on the way back the value stands there again."""
    protocols: list[str] = []
    value = key(f"http2-{streams}")
    text = f"keep {value} in mind"
    with _client(pair, protocols) as client:
        ask: Any = client.chat.completions.create
        answer = ask(model="m", messages=[{"role": "user", "content": text}], stream=streams)
        if streams:
            said = "".join(each.choices[0].delta.content or "" for each in answer)
        else:
            said = answer.choices[0].message.content
    assert said.strip() == text
    assert protocols == ["HTTP/2"]
    sent = pair.server.received[-1]
    assert value.encode() not in sent.body and sent.headers[":path"] == "/v1/chat/completions"


def _line(pair: Pair, reason: str) -> dict[str, Any]:
    """The line of the trail that names a reason, once it is written."""
    deadline = time.monotonic() + 5
    while True:
        for line in pair.lenient.lines():
            if reason in line.get("reasons", ()):
                return line
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_call_passes_marked_and_with_its_outcome(pair: Pair) -> None:
    got = pair.rpc(pair.lenient, "how are you?")
    assert got.headers[":status"] == "200" and got.body == pair.server.received[-1].body
    assert got.trailers == {"grpc-status": "0", "grpc-message": "fine"}
    asked = _line(pair, "uninspectable:grpc")
    assert asked["action"] == "alert"


def test_a_value_in_a_call_is_kept_in(pair: Pair) -> None:
    """Lengths stand around it, so it cannot be cut out."""
    sent = len(pair.server.received)
    got = pair.rpc(pair.lenient, f"my key is {key('rpc')}")
    assert got.headers["grpc-status"] == "7" and got.body == b""
    assert len(pair.server.received) == sent


def test_a_strict_profile_has_no_call_pass(pair: Pair) -> None:
    sent = len(pair.server.received)
    got = pair.rpc(pair.strict, "how are you?")
    assert (got.headers[":status"], got.headers["grpc-status"]) == ("200", "7")
    assert len(pair.server.received) == sent


def test_a_call_for_another_host_than_its_connection_s_is_refused(pair: Pair) -> None:
    sent = len(pair.server.received)
    got = pair.rpc(pair.lenient, "how are you?", **{":authority": "www.example.com"})
    assert got.headers["grpc-status"] == "7"
    assert _line(pair, "host-mismatch")["action"] == "block"
    assert len(pair.server.received) == sent


def test_hosts_that_are_not_named_speak_http_1(pair: Pair) -> None:
    trust = pair.lenient.trust()
    trust.set_alpn_protocols(["h2", "http/1.1"])
    with trust.wrap_socket(tunnel(pair.lenient.port, OTHER), server_hostname=OTHER) as secure:
        assert secure.selected_alpn_protocol() == "http/1.1"
