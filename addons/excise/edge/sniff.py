"""What the first bytes of a connection say: TLS for whom, HTTP for whom, or something else."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final, NamedTuple

from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy.layers.tls import parse_client_hello


class Speech(Enum):
    """What a client has begun to speak."""

    UNDECIDED = auto()  # more bytes are needed
    TLS = auto()
    HTTP = auto()
    OTHER = auto()
    BROKEN = auto()  # begins like TLS or HTTP and then is neither


class Look(NamedTuple):
    """The protocol and the name it asks for (SNI, or the values of Host), "" where none; `ech`
    where the handshake may ask for another one, encrypted."""

    speech: Speech
    name: str = ""
    ech: bool = False


# A ClientHello or a request head beyond this is no honest one (RFC 8446 §4.1.2 allows 64 KB in
# theory; real ones with post-quantum key shares stay below 4 KB).
CEILING: Final = 128 * 1024
_ECH: Final = 0xFE0D  # encrypted_client_hello, RFC 9849 §5
_METHODS: Final = (b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"HEAD", b"OPTIONS")
_REQUEST_LINE: Final = re.compile(rb"[A-Za-z-]{1,20}[ \t]+[^\r\n]*HTTP/", re.IGNORECASE)
_HOST: Final = re.compile(rb"\r?\nhost[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)


def look(data: bytes) -> Look:
    """Judge the first bytes of a client. Never raises."""
    if len(data) > CEILING:
        return Look(Speech.BROKEN)
    if data[:1] == b"\x16":
        return _look_tls(data)
    text = data.lstrip(b"\r\n")
    if not text:
        return Look(Speech.UNDECIDED)
    return _look_http(text)


def _look_tls(data: bytes) -> Look:
    if len(data) < 3:
        return Look(Speech.UNDECIDED)
    if not starts_like_tls_record(data):
        return Look(Speech.OTHER)
    try:
        hello = parse_client_hello(data)
    except ValueError:
        return Look(Speech.BROKEN)
    if hello is None:
        return Look(Speech.UNDECIDED)
    ech = any(kind == _ECH for kind, _ in hello.extensions)
    return Look(Speech.TLS, hello.sni or "", ech)


def _look_http(text: bytes) -> Look:
    line, newline, _ = text.partition(b"\n")
    if not newline:
        word, space, _ = line.partition(b" ")
        could_be = any(word == m if space else m.startswith(word) for m in _METHODS)
        return Look(Speech.UNDECIDED if could_be else Speech.OTHER)
    if _REQUEST_LINE.match(line) is None:
        return Look(Speech.OTHER)
    head, end, _ = text.replace(b"\r\n", b"\n").partition(b"\n\n")
    if not end:
        return Look(Speech.UNDECIDED)
    names = [value.strip().decode("latin-1") for value in _HOST.findall(head)]
    return Look(Speech.HTTP, ", ".join(names))
