"""Flow ↔ Exchange, Answer and Reply. No type of mitmproxy passes this line."""

from __future__ import annotations

import secrets
import time
from typing import Final, NamedTuple

from mitmproxy import http

from excise.model import OVERRIDE_HEADER, Answer, Exchange, Principal, Reply

Headers = tuple[tuple[str, str], ...]
PRINCIPAL: Final = "excise-principal"  # where a flow says who speaks; None: no longer anybody

_OVERRIDE: Final = OVERRIDE_HEADER.encode()

# Between client and proxy, or about trailers and other ways to the provider: none of it goes on.
_DROPPED: Final = frozenset(
    {
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"alt-svc",
        _OVERRIDE,  # for us alone
    }
)
_READ: Final = _DROPPED | {b"host", b"upgrade", b"content-length", b"transfer-encoding"}


class Head(NamedTuple):
    """What a head says of the way its message goes."""

    hosts: tuple[str, ...]
    upgrade: str
    length: int  # -1 where none is told
    kept: tuple[tuple[bytes, bytes], ...]  # the fields that go on
    override: str = ""  # what its user says to overrule a refusal
    is_coded: bool = False  # its body is coded for the way, not only in chunks


def read_head(headers: http.Headers) -> Head:
    """One pass over the fields; mitmproxy's own access walks all of them for each name."""
    hosts: list[str] = []
    upgrade, override, length, is_coded = "", "", -1, False
    fields = kept = headers.fields
    for name, value in fields:
        lower = name.lower()
        if lower not in _READ:
            continue
        if lower == b"host":
            hosts.extend(value.decode("latin-1").split(","))
        elif lower == b"upgrade":
            upgrade += value.decode("latin-1").lower()
        elif lower == b"content-length":
            length = int(value) if value.isdigit() else length
        elif lower == b"transfer-encoding":
            is_coded |= value.strip().lower() != b"chunked"
        else:
            if lower == _OVERRIDE:
                override = value.decode("utf-8", "replace")
            if kept is fields:
                kept = tuple(field for field in fields if field[0].lower() not in _DROPPED)
    return Head(tuple(hosts), upgrade, length, kept, override, is_coded)


def names_of(flow: http.HTTPFlow, head: Head) -> tuple[str, ...]:
    """Every name that a request gives the host it is for: in its head, in HTTP/2 or an absolute
    target, in TLS."""
    client, data = flow.client_conn, flow.request.data
    names = head.hosts
    if client.sni and client.sni != data.host and data.scheme == b"https":
        names = (*names, client.sni)
    if data.authority:
        names = (*names, data.authority.decode("latin-1"))
    return names


def new_id() -> str:
    """32 hex digits that sort by time: 48 bits of milliseconds, 80 random ones."""
    return f"{int(time.time() * 1000):012x}{secrets.token_hex(10)}"


def to_exchange(flow: http.HTTPFlow, exchange_id: str, host: str) -> Exchange:
    """The request as it stands, body as received. `host` is the name policy speaks of."""
    data = flow.request.data
    return Exchange(
        id=exchange_id,
        method=data.method.decode("latin-1"),
        host=host,
        port=data.port,
        target=data.path.decode("utf-8", "surrogateescape"),
        headers=to_headers(data.headers),
        body=data.content or b"",
        principal=principal_of(flow),
        address=address_of(flow),
    )


def principal_of(flow: http.HTTPFlow) -> Principal:
    """Who speaks: what the client has shown, else its address."""
    known = flow.metadata.get(PRINCIPAL)
    return known if known is not None else Principal(id=f"address:{address_of(flow)}")


def address_of(flow: http.HTTPFlow) -> str:
    """The client's address without its port."""
    peer = flow.client_conn.peername
    return str(peer[0]) if peer else "unknown"


def to_answer(response: http.Response, *, whole: bool) -> Answer:
    """The head of an answer, with its body as received where it was collected."""
    data = response.data
    body = (data.content or b"") if whole else b""
    return Answer(status=data.status_code, headers=to_headers(data.headers), body=body)


def to_headers(headers: http.Headers) -> Headers:
    """Names in lower case, in order; bytes that are no UTF-8 survive the way back."""
    return tuple(
        (name.decode("utf-8", "surrogateescape").lower(), value.decode("utf-8", "surrogateescape"))
        for name, value in headers.fields
    )


def to_response(reply: Reply) -> http.Response:
    """A complete answer of our own."""
    fields = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in reply.headers]
    have = {name.lower() for name, _ in reply.headers}
    if "content-length" not in have:
        fields.append((b"content-length", str(len(reply.body)).encode()))
    if "x-should-retry" not in have:
        fields.append((b"x-should-retry", b"false"))
    return http.Response(
        b"HTTP/1.1", reply.status, b"", http.Headers(fields), reply.body, None, 0.0, 0.0
    )


def rewrite_request(request: http.Request, exchange: Exchange, sent: Headers, target: str) -> None:
    """Put edited header values and the edited target back, each name spelt as it came."""
    if target != exchange.target:
        request.data.path = target.encode("utf-8", "surrogateescape")
    if sent is exchange.headers or sent == exchange.headers:
        return
    fields = list(request.headers.fields)
    if [name for name, _ in sent] != [name for name, _ in exchange.headers]:
        # Signed anew, which may take a header more or less.
        names = {name.lower(): name for name, _ in fields}
        request.headers.fields = tuple(
            (names.get(name.encode(), name.encode()), value.encode("utf-8", "surrogateescape"))
            for name, value in sent
        )
        return
    for index, ((name, value), (_, old)) in enumerate(zip(sent, exchange.headers, strict=True)):
        if value != old:
            spelt = fields[index][0] if index < len(fields) else name.encode()
            fields[index] = (spelt, value.encode("utf-8", "surrogateescape"))
    request.headers.fields = tuple(fields)


def replace_body(message: http.Message, body: bytes) -> None:
    """Set the body as it goes over the wire, and its length where one was told."""
    message.data.content = body
    if "content-length" in message.headers:
        message.headers["content-length"] = str(len(body))
