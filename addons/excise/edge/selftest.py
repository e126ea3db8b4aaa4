"""The running proxy is asked, through its own port, to let a planted value out.

The question goes the way of every client: port, CONNECT, TLS, all hooks, the firewall. Behind the
firewall a stand-in answers in the place of the provider and says whether the value came through;
what it says is signed, so an answer of anybody else is told from it. Nothing leaves the machine,
and nothing of it is recorded.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import ssl
from base64 import b32encode
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from secrets import token_bytes
from typing import Any, Final, NamedTuple

from mitmproxy import http

from excise.edge.exchange import PRINCIPAL
from excise.edge.ports import Firewall, Hosts, Record, Trail
from excise.model import Exchange, Principal

EVERY: Final = 60.0  # seconds between two tests
SECONDS: Final = 10.0  # that one may take
SILENCES: Final = 5  # tests in a row that came to nothing, after which the port is closed
HEADER: Final = "x-excise-selftest"
ASKER: Final = Principal(id="excise:selftest", source="selftest")
# Routes that are asked for, the first that the catalogue knows.
ROUTES: Final = (
    ("api.openai.com", "/v1/chat/completions"),
    ("api.anthropic.com", "/v1/messages"),
)
_PLANTED: Final = "excise-planted"


class Verdict(Enum):
    """What a test came to: the value was kept in, it came through, or nobody answered."""

    HELD = auto()
    OPEN = auto()
    SILENT = auto()


class Marker:
    """Knows the flows of a test, in front of everything that asks who a client is."""

    goes_first = True

    def __init__(self, token: str) -> None:
        self._token = token

    def http_connect(self, flow: http.HTTPFlow) -> None:
        """The tunnel of a test."""
        self._mark(flow)

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Its request."""
        self._mark(flow)

    def _mark(self, flow: http.HTTPFlow) -> None:
        shown = flow.request.headers.pop(HEADER, "")
        token, _, planted = shown.partition(" ")
        if shown and self._token and hmac.compare_digest(token.encode(), self._token.encode()):
            flow.metadata[PRINCIPAL] = ASKER
            flow.metadata[_PLANTED] = planted


class StandIn:
    """Answers the requests of a test in the place of the provider, behind everything that judges
    them."""

    def __init__(self, token: str) -> None:
        self._token = token

    def request(self, flow: http.HTTPFlow) -> None:
        """What would leave now."""
        planted = flow.metadata.get(_PLANTED)
        if planted is None or flow.response is not None:
            return
        sent = b"\n".join(
            [
                flow.request.raw_content or b"",
                flow.request.path.encode(),
                bytes(flow.request.headers),
            ]
        )
        flow.metadata[_PLANTED + "-seen"] = planted.encode() in sent
        flow.response = http.Response.make(200, b"{}", {"content-type": "application/json"})

    def response(self, flow: http.HTTPFlow) -> None:
        """What comes back, a refusal too, says what became of the value."""
        planted = flow.metadata.get(_PLANTED)
        if planted is None or flow.response is None:
            return
        said = "open" if flow.metadata.get(_PLANTED + "-seen") else "held"
        flow.response.headers[HEADER] = signed(self._token, planted, said)


class Unrecorded:
    """A trail that leaves out what is told of tests."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail

    async def commit(self, record: Record) -> None:
        """Returns once the record is on disk. Raises `AuditError`."""
        if not _is_test(record):
            await self._trail.commit(record)

    def offer(self, record: Record) -> None:
        """Queue a record. Raises `AuditError`."""
        if not _is_test(record):
            self._trail.offer(record)


class SelfTest(NamedTuple):
    """`token` is known to all workers of one port; `ca` is what clients trust."""

    token: str
    ca: Path
    firewall: Callable[[], Firewall]
    hosts: Hosts

    def __repr__(self) -> str:
        return "<SelfTest>"

    async def run(self, host: str, port: int) -> Verdict:
        """Ask once, through the port. Never raises."""
        route = next(((name, path) for name, path in ROUTES if self.hosts.find(name)), None)
        if route is None:
            return Verdict.HELD  # no host whose traffic would be read
        planted = "AKIA" + b32encode(token_bytes(10)).decode()
        body = _body(planted)
        try:
            async with asyncio.timeout(SECONDS):
                said = await self._ask(host, port, *route, planted, body)
        except (OSError, TimeoutError, EOFError, ValueError):
            return Verdict.SILENT
        if hmac.compare_digest(said, signed(self.token, planted, "held")):
            return Verdict.HELD
        came = hmac.compare_digest(said, signed(self.token, planted, "open"))
        if came and self._may_leave(*route, planted, body):
            return Verdict.HELD  # the policy lets it go, so it went
        return Verdict.OPEN

    def _may_leave(self, name: str, path: str, planted: str, body: bytes) -> bool:
        """Whether the policy in force cuts nothing out of this."""
        outcome = self.firewall().inspect_request(
            Exchange(
                id="0" * 32, method="POST", host=name, port=443, target=path,
                headers=(("content-type", "application/json"),), body=body, principal=ASKER,
            )
        )  # fmt: skip
        return outcome.reply is None and planted.encode() in outcome.body

    async def _ask(
        self, host: str, port: int, name: str, path: str, planted: str, body: bytes
    ) -> str:
        """The header that came back, "" where there was none."""
        reader, writer = await asyncio.open_connection(host, port)
        try:
            mark = f"{HEADER}: {self.token} {planted}\r\n"
            writer.write(f"CONNECT {name}:443 HTTP/1.1\r\nhost: {name}:443\r\n{mark}\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.split(b"\r\n")[0]:
                return _header(head)
            context = ssl.create_default_context(cafile=str(self.ca))
            await writer.start_tls(context, server_hostname=name)
            writer.write(
                f"POST {path} HTTP/1.1\r\nhost: {name}\r\ncontent-type: application/json\r\n"
                f"connection: close\r\ncontent-length: {len(body)}\r\n{mark}\r\n".encode()
                + body
            )
            return _header(await reader.readuntil(b"\r\n\r\n"))
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                await writer.wait_closed()


def own_address(listening: str) -> str:
    """Where this machine reaches what listens there."""
    return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(listening, listening)


def signed(token: str, planted: str, said: str) -> str:
    """What only somebody who knows the token can say of this value."""
    return hmac.digest(token.encode(), f"{planted} {said}".encode(), "sha256").hex()


def _body(planted: str) -> bytes:
    said = {"role": "user", "content": f"the aws access key is {planted}"}
    return json.dumps({"model": "selftest", "max_tokens": 1, "messages": [said]}).encode()


def _header(head: bytes) -> str:
    mark = f"\r\n{HEADER}: ".encode()
    return head.lower().partition(mark)[2].partition(b"\r\n")[0].decode("ascii", "replace")


def _is_test(record: Record) -> bool:
    who: Any = record.get("principal")
    return bool(who) and who.get("id") == ASKER.id
