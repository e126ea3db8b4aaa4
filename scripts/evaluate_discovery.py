"""Measures discovery: real clients against a server on loopback, through `excise up` with
`audit-tunnels: all`, first in tunnels that are never decrypted, then on hosts that are. Run by
`scripts/evaluate-discovery`.

Every kind of traffic has hosts of its own, so that the trail tells what was thought of it. Models
answer by the stand-in's dialects, a piece for each token, at rates and with gaps as said below;
nothing here was looked at while the bounds in `edge/shape.py` were chosen."""

from __future__ import annotations

import argparse
import asyncio
import random
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

import anthropic
import httpx
import httpx2
import openai
from discovery_server import Web
from rich.console import Console
from rich.table import Table

from excise.cli.demo_stage import ProxyProcess

ASK: Final = "Tell me something about rivers, in a few sentences, for a reader of ten years. "
KEY: Final = "unused"


class Kind(NamedTuple):
    """One kind of traffic: who makes it, and whether it is a model's."""

    name: str
    is_model: bool
    run: Callable[[Caller, str], None]


class Callers(NamedTuple):
    """How the proxy is reached, and by what its certificates are checked."""

    port: int
    trust: ssl.SSLContext
    seed: int

    def of(self, number: int) -> Caller:
        return Caller(self.port, self.trust, self.seed * 1000 + number)


class Caller:
    """Clients that go through the proxy; each call is a connection of its own."""

    def __init__(self, port: int, trust: ssl.SSLContext, seed: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.trust = trust
        self.dice = random.Random(seed)

    def http(self) -> httpx.Client:
        return httpx.Client(proxy=self.url, verify=self.trust, timeout=60)

    def chat(self, host: str, speed: str, turns: int = 1, stream: bool = True) -> None:
        with (
            self.http() as inner,
            openai.OpenAI(
                api_key=KEY, base_url=f"https://{host}/{speed}/v1", http_client=inner, max_retries=0
            ) as client,
        ):
            said: list[Any] = []
            for _ in range(turns):
                said.append({"role": "user", "content": ASK * 3})
                if not stream:
                    client.chat.completions.create(model="m", messages=said)
                    continue
                got = client.chat.completions.create(model="m", messages=said, stream=True)
                text = "".join(c.choices[0].delta.content or "" for c in got if c.choices)
                said.append({"role": "assistant", "content": text})
                time.sleep(1.0)

    def responses(self, host: str, speed: str) -> None:
        with (
            self.http() as inner,
            openai.OpenAI(
                api_key=KEY, base_url=f"https://{host}/{speed}/v1", http_client=inner, max_retries=0
            ) as client,
        ):
            for _ in client.responses.create(model="m", input=ASK, stream=True):
                pass

    def messages(self, host: str, speed: str) -> None:
        with (
            httpx2.Client(proxy=self.url, verify=self.trust, timeout=60) as inner,
            anthropic.Anthropic(
                api_key=KEY, base_url=f"https://{host}/{speed}", http_client=inner, max_retries=0
            ) as client,
        ):
            asked: Any = [{"role": "user", "content": ASK}]
            with client.messages.stream(model="m", max_tokens=500, messages=asked) as got:
                for _ in got:
                    pass

    def post(self, host: str, path: str, body: Any, times: int = 1, pause: float = 0.0) -> None:
        with self.http() as client:
            for _ in range(times):
                with client.stream("POST", f"https://{host}{path}", json=body) as answer:
                    for _ in answer.iter_raw():
                        pass
                time.sleep(pause)

    def get(self, host: str, path: str, times: int = 1, pause: float = 0.0) -> None:
        with self.http() as client:
            for _ in range(times):
                with client.stream("GET", f"https://{host}{path}") as answer:
                    for _ in answer.iter_raw():
                        pass
                time.sleep(pause)

    def page(self, host: str) -> None:
        """A page with its parts, six connections at a time, as browsers do."""
        with self.http() as client, ThreadPoolExecutor(6) as pool:
            client.get(f"https://{host}/asset?n=60000")
            sizes = [self.dice.randrange(300, 200_000) for _ in range(30)]
            list(pool.map(lambda n: client.get(f"https://{host}/asset?n={n}"), sizes))

    def socket(self, host: str, kind: str) -> None:
        """A WebSocket, by its bytes: `ping`, `talk` or `keys` from this side."""
        asyncio.run(self._socket(host, kind))

    async def _socket(self, host: str, kind: str) -> None:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", int(self.url.rpartition(":")[2])
        )
        writer.write(f"CONNECT {host}:443 HTTP/1.1\r\nhost: {host}:443\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        await writer.start_tls(self.trust, server_hostname=host)
        writer.write(
            f"GET /socket/{kind} HTTP/1.1\r\nhost: {host}\r\nupgrade: websocket\r\n"
            "connection: upgrade\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "sec-websocket-version: 13\r\nuser-agent: measure/1\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        ends = time.monotonic() + 12
        reading = asyncio.create_task(reader.read(-1))
        while time.monotonic() < ends and not reading.done():
            size, wait = {
                "ping": (2, 1.0),
                "talk": (self.dice.randrange(20, 400), self.dice.uniform(0.3, 2.0)),
                "keys": (self.dice.randrange(1, 4), self.dice.uniform(0.08, 0.25)),
                "listen": (0, 1.0),
            }[kind]
            if size:
                writer.write(bytes([0x82, 0x80 | min(size, 125)]) + bytes(4 + min(size, 125)))
            await asyncio.sleep(wait)
        writer.transport.abort()
        await asyncio.gather(reading, return_exceptions=True)


def _ollama(caller: Caller, host: str, speed: str = "even35") -> None:
    said = [{"role": "user", "content": ASK * 2}]
    caller.post(host, f"/{speed}/api/chat", {"model": "m", "messages": said, "stream": True})


def _query(text: str) -> dict[str, Any]:
    return {"query": text * 8, "variables": {"messages": ["a"], "model": "T"}}


KINDS: Final = (
    Kind("chat 20 tokens/s", True, lambda c, h: c.chat(h, "rate20")),
    Kind("chat 50 tokens/s, three turns", True, lambda c, h: c.chat(h, "rate50", 3)),
    Kind("chat 100 tokens/s", True, lambda c, h: c.chat(h, "rate100")),
    Kind("chat in bursts of 2 to 8 tokens", True, lambda c, h: c.chat(h, "burst")),
    Kind("chat with stalls of a second", True, lambda c, h: c.chat(h, "stall")),
    Kind("chat of 25 tokens", True, lambda c, h: c.chat(h, "short")),
    Kind("chat, gzip-coded", True, lambda c, h: c.chat(h, "gzip")),
    Kind("messages 60 tokens/s", True, lambda c, h: c.messages(h, "rate60")),
    Kind("responses 60 tokens/s", True, lambda c, h: c.responses(h, "rate60")),
    Kind("local model, even 35 tokens/s", True, _ollama),
    Kind("chat, not streamed", True, lambda c, h: c.chat(h, "rate50", stream=False)),
    Kind("download, unhindered", False, lambda c, h: c.get(h, "/asset?n=30000000")),
    Kind("download at 60 KB/s", False, lambda c, h: c.get(h, "/trickle?size=8192&gap=0.13")),
    Kind("page load", False, lambda c, h: c.page(h)),
    Kind("REST, 5 a second", False, lambda c, h: c.get(h, "/asset?n=900", 40, 0.2)),
    Kind("long polls", False, lambda c, h: c.get(h, "/poll", 6, 0.0)),
    Kind("health checks", False, lambda c, h: c.get(h, "/asset?n=15", 60, 0.15)),
    Kind("GraphQL queries", False, lambda c, h: c.post(h, "/graphql", _query("{ a }"), 40, 0.1)),
    Kind("GraphQL subscription", False, lambda c, h: c.get(h, "/events?gap=0.9")),
    Kind("video segments", False, lambda c, h: c.get(h, "/asset?n=600000", 8, 1.2)),
    Kind("radio, 128 kbit/s", False, lambda c, h: c.get(h, "/trickle?size=1600&gap=0.1")),
    Kind("upload", False, lambda c, h: c.post(h, "/asset?n=20", "x" * 3_000_000)),
    Kind("generator, every 200 ms", False, lambda c, h: c.get(h, "/clock?gap=0.2")),
    Kind("generator, every 20 ms", False, lambda c, h: c.get(h, "/clock?gap=0.02")),
    Kind("log of a build", False, lambda c, h: c.get(h, "/log")),
    Kind("export of rows", False, lambda c, h: c.get(h, "/rows")),
    Kind("prices, 10 a second", False, lambda c, h: c.get(h, "/events?gap=0.1")),
    Kind("WebSocket, pings", False, lambda c, h: c.socket(h, "ping")),
    Kind("WebSocket, people talking", False, lambda c, h: c.socket(h, "talk")),
    Kind("WebSocket, keys and echo", False, lambda c, h: c.socket(h, "keys")),
    Kind("WebSocket, a game's state", False, lambda c, h: c.socket(h, "listen")),
)
# Written after the bounds were settled on the kinds above, and changed no bound.
UNSEEN: Final = (
    Kind("chat 12 tokens/s", True, lambda c, h: c.chat(h, "rate12")),
    Kind("chat 140 tokens/s, two turns", True, lambda c, h: c.chat(h, "rate140", 2)),
    Kind("messages in bursts", True, lambda c, h: c.messages(h, "burst")),
    Kind("local model, even 70 tokens/s", True, lambda c, h: _ollama(c, h, "even70")),
    Kind("prices, 3 a second", False, lambda c, h: c.get(h, "/events?gap=0.33")),
    Kind("prices, 30 a second", False, lambda c, h: c.get(h, "/events?gap=0.033")),
    Kind("generator, every 50 ms", False, lambda c, h: c.get(h, "/clock?gap=0.05")),
    Kind("call audio, 50 packets a second", False, lambda c, h: c.get(
        h, "/trickle?size=160&gap=0.02")),
    Kind("map tiles", False, lambda c, h: c.get(h, "/asset?n=14000", 60, 0.05)),
    Kind("synchronised notes", False, lambda c, h: c.post(h, "/sync", {"ops": [1] * 90}, 25, 0.3)),
    Kind("terminal in a browser", False, lambda c, h: c.socket(h, "keys")),
)  # fmt: skip
# With `decrypt-also`: bodies that share some names with a model's.
READ: Final = (
    Kind("chat, streamed", True, lambda c, h: c.chat(h, "rate100")),
    Kind("chat, not streamed", True, lambda c, h: c.chat(h, "rate100", stream=False)),
    Kind("messages", True, lambda c, h: c.messages(h, "rate100")),
    Kind("responses", True, lambda c, h: c.responses(h, "rate100")),
    Kind("local model", True, _ollama),
    Kind("chat at a path of its own", True, lambda c, h: c.post(
        h, "/ask", {"model": "m", "messages": [{"role": "user", "content": ASK}]})),
    Kind("GraphQL with such names", False, lambda c, h: c.post(h, "/graphql", _query("{ a }"), 5)),
    Kind("chat of people", False, lambda c, h: c.post(
        h, "/api/rooms/7/messages", {"text": ASK, "messages": [{"author": "a", "body": "b"}]}, 5)),
    Kind("car dealer", False, lambda c, h: c.post(h, "/search", {"model": "GT", "price": 5}, 5)),
    Kind("form with an input", False, lambda c, h: c.post(h, "/form", {"input": ASK}, 5)),
    Kind("telemetry", False, lambda c, h: c.post(h, "/t", {"messages": ["a"], "level": 2}, 5)),
    Kind("probe of a model's path", False, lambda c, h: c.get(h, "/v1/chat/completions", 5)),
)  # fmt: skip


def measure(kinds: Sequence[Kind], read: Sequence[Kind], rounds: int, seed: int) -> list[int]:
    """How many connections of each kind were taken for a model's; those of `read` are decrypted."""
    every = [*kinds, *read]
    hosts = {
        (n, r): f"k{n}-r{r}.{'read' if n >= len(kinds) else 'unread'}.example"
        for n in range(len(every))
        for r in range(rounds)
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config" / "excise").mkdir(parents=True)
        (folder / "config" / "excise" / "excise.yaml").write_text(
            "audit-tunnels: all\nprofile: observe\ndecrypt-also: ['*.read.example']\n", "utf-8"
        )
        with Web(folder / "web", seed) as web, ProxyProcess(folder, web) as proxy:
            _run(every, hosts, Callers(proxy.port, proxy.trust(web.ca), seed))
            lines = proxy.lines()
    told = {line["host"]: line.get("anomalies", ()) for line in lines if line["stage"] == "tunnel"}
    if missing := {host for host in hosts.values() if ".unread." in host} - set(told):
        raise SystemExit(f"the trail lacks {len(missing)} connections")
    seen = {h for h, signs in told.items() if any(s.startswith("llm-") for s in signs)}
    return [sum(hosts[n, r] in seen for r in range(rounds)) for n in range(len(every))]


def _run(kinds: Sequence[Kind], hosts: Mapping[tuple[int, int], str], callers: Callers) -> None:
    threads = [
        threading.Thread(target=kinds[n].run, args=(callers.of(n * 10 + r), host))
        for (n, r), host in hosts.items()
    ]
    for thread in threads:
        thread.start()
        time.sleep(0.1)
    for thread in threads:
        thread.join()
    time.sleep(1.0)


def show(title: str, kinds: Sequence[Kind], taken: Sequence[int], rounds: int) -> None:
    """A table, and the sums below it."""
    table = Table(title=title, box=None, title_justify="left")
    for column in ("traffic", "of a model", "connections", "taken for one"):
        table.add_column(column)
    for kind, count in zip(kinds, taken, strict=True):
        table.add_row(kind.name, "yes" if kind.is_model else "no", str(rounds), str(count))
    sums = {
        which: f"{sum(c for k, c in zip(kinds, taken, strict=True) if k.is_model is which)} of "
        f"{rounds * sum(k.is_model is which for k in kinds)}"
        for which in (True, False)
    }
    console = Console(width=100)
    console.print(table)
    console.print(f"found {sums[True]}, false alarms {sums[False]}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="connections of each kind")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    parts = {"never decrypted": KINDS, "never decrypted, unseen": UNSEEN, "decrypted": READ}
    taken = iter(measure([*KINDS, *UNSEEN], READ, args.rounds, args.seed))
    for title, kinds in parts.items():
        show(title, kinds, [next(taken) for _ in kinds], args.rounds)


if __name__ == "__main__":
    main()
