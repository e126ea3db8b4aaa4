"""A request as the stand-in received it, and the search for planted values in it."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import brotli  # type: ignore[import-untyped]
import zstandard


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request; `raw` is its body as sent, `body` the same with its content codings undone.

    `wire` is the head as it came. `number` counts the requests of one server from 0.
    """

    number: int
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]  # names in lower case
    sni: str = ""
    wire: bytes = field(default=b"", repr=False)
    raw: bytes = field(default=b"", repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str:
        """The values of a header joined by ", ", or "" where it is absent."""
        return ", ".join(value for key, value in self.headers if key == name)

    def json(self) -> Any:
        """The body as JSON; an empty object where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}

    def holds(self, value: str) -> bool:
        """Whether `value` stands anywhere in the request: plain, JSON-escaped or in percent."""
        shown = [self.wire.decode("latin-1"), self.raw.decode("latin-1")]
        shown += [self.body.decode("utf-8", "replace"), *_strings(self.json())]
        return any(value in text or value in unquote(text) for text in shown)


def undo_codings(raw: bytes, codings: str) -> bytes:
    """`raw` with the content codings undone, last one first; as it is where that fails."""
    data = raw
    try:
        for coding in reversed([word.strip().lower() for word in codings.split(",")]):
            data = _undo(data, coding)
    except (OSError, EOFError, zlib.error, brotli.error, zstandard.ZstdError):
        return raw
    return data


def _undo(data: bytes, coding: str) -> bytes:
    if coding in ("gzip", "x-gzip"):
        return gzip.decompress(data)
    if coding == "deflate":
        return zlib.decompress(data)
    if coding == "br":
        return bytes(brotli.decompress(data))
    if coding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return data


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for each in pair for text in _strings(each)]
    if isinstance(value, list):
        return [text for each in value for text in _strings(each)]
    return []
