"""Content codings undone in bounded steps (RFC 9110 §8.4, RFC 1950–1952, RFC 7932, RFC 8878).

Whatever stands behind the end of a coding is an error: a second reader might see it.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Protocol

import brotli  # type: ignore[import-untyped]
import zstandard

from excise.errors import Unreadable

STEP: Final = 65_536
"""Bytes decoded at a time; no more than this (for zstd: than `_ZSTD_STEP` can spell) is ever held
beyond the ceiling."""

RATIO_FLOOR: Final = 1 << 20
"""Bytes up to which a body may expand as it likes: short repetitive text is no attack."""

MAX_CODINGS: Final = 4

_GZIP_HEAD: Final = 4  # up to the flags, RFC 1952 §2.3
_GZIP_ASIDE: Final = 0b11100  # a field of anything, a name, a comment

_NO_LIMIT: Final = 1 << 62
# A block of at most 128 KiB takes at least 4 bytes, so this many bytes spell at most 4 MiB.
_ZSTD_STEP: Final = 128
_ZSTD_HEAD: Final = 18  # the longest head of a frame, RFC 8878 §3.1.1
_ZSTD_SKIPPED: Final = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")  # a frame to skip, §3.1.2
_ZSTD_WINDOW: Final = 1 << 23  # RFC 9659: what a receiver of this content coding must offer
_ZSTD_LARGEST: Final = 1 << 27  # for whole bodies; streams have no limit and get what they must


class _Stage(Protocol):
    """One coding being undone."""

    @property
    def aside(self) -> bool:
        """Whether bytes stood there that are no part of what it spells."""
        ...

    def push(self, data: bytes) -> Iterator[bytes]:
        """What `data` decodes to, in small pieces. Raises `Unreadable`."""
        ...

    def end(self) -> None:
        """Nothing more will come. Raises `Unreadable` where something is missing."""
        ...


class _Zlib:
    """gzip with any number of members (`wbits` 31), or one zlib or raw deflate stream."""

    def __init__(self, wbits: int, members: bool) -> None:
        self._wbits = wbits
        self._members = members
        self._begin()
        self.aside = False

    def _begin(self) -> None:
        self._inner = zlib.decompressobj(self._wbits)
        self._head = b""

    def push(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._inner.eof:
                if not self._members:
                    raise Unreadable("encoding-broken")
                self._begin()
            if self._members and len(self._head) < _GZIP_HEAD:
                self._head += data[: _GZIP_HEAD - len(self._head)]
                self.aside |= bool(self._head[3:] and self._head[3] & _GZIP_ASIDE)
            yield _guard(lambda: self._inner.decompress(data, STEP))  # noqa: B023
            data = self._inner.unused_data if self._inner.eof else self._inner.unconsumed_tail
            while not data and not self._inner.eof:
                # Output can be pending though all input is taken in.
                piece = _guard(lambda: self._inner.decompress(b"", STEP))
                if not piece:
                    break
                yield piece

    def end(self) -> None:
        if not self._inner.eof:
            raise Unreadable("encoding-broken")


class _Deflate:
    """`deflate`: zlib by the standard, raw by the habit of some; the first two bytes tell."""

    aside = False

    def __init__(self) -> None:
        self._head = b""
        self._inner: _Zlib | None = None

    def push(self, data: bytes) -> Iterator[bytes]:
        if self._inner is None:
            self._head += data
            if len(self._head) < 2:
                return
            data = self._head
            is_zlib = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._inner = _Zlib(15 if is_zlib else -15, members=False)
        yield from self._inner.push(data)

    def end(self) -> None:
        if self._inner is None:
            raise Unreadable("encoding-broken")
        self._inner.end()


class _Brotli:
    aside = False  # the library passes over blocks of metadata without a word

    def __init__(self) -> None:
        self._inner = brotli.Decompressor()

    def push(self, data: bytes) -> Iterator[bytes]:
        if data and self._inner.is_finished():
            raise Unreadable("encoding-broken")
        while True:
            piece = _guard(lambda: self._inner.process(data, output_buffer_limit=STEP))  # noqa: B023
            data = b""
            if piece:
                yield piece
            if self._inner.is_finished() or (not piece and self._inner.can_accept_more_data()):
                return

    def end(self) -> None:
        if not self._inner.is_finished():
            raise Unreadable("encoding-broken")


class _Zstd:
    """Any number of frames."""

    def __init__(self, limit: int) -> None:
        window = limit if _ZSTD_WINDOW < limit <= _ZSTD_LARGEST else _ZSTD_WINDOW
        self._context = zstandard.ZstdDecompressor(max_window_size=window)
        self._begin()
        self.aside = False

    def _begin(self) -> None:
        self._inner = self._context.decompressobj(write_size=STEP)
        self._head = b""
        self._yielded = 0

    def push(self, data: bytes) -> Iterator[bytes]:
        at = 0
        while at < len(data):
            if self._inner.eof:
                self._begin()
            # A frame that comes in one piece goes another way through the library, which takes
            # blocks there that it refuses elsewhere; so none does.
            part = data[at : at + (_ZSTD_STEP if self._head else 1)]
            piece = _guard(lambda: self._inner.decompress(part))  # noqa: B023
            at += len(part) - (len(self._inner.unused_data) if self._inner.eof else 0)
            self._head = (self._head + part)[:_ZSTD_HEAD]
            self._yielded += len(piece)
            if piece:
                yield piece
            if self._inner.eof:
                self._check_size()
                self.aside |= _ZSTD_SKIPPED.match(self._head) is not None

    def _check_size(self) -> None:
        # Of a frame that comes in pieces the library does not compare what its head announces.
        size = zstandard.frame_content_size(self._head)
        if size not in (-1, self._yielded):
            raise Unreadable("encoding-broken")

    def end(self) -> None:
        if not self._inner.eof:
            raise Unreadable("encoding-broken")


def _guard(step: Callable[[], bytes]) -> bytes:
    try:
        return step()
    except (zlib.error, brotli.error, zstandard.ZstdError):
        pass  # raised below, so that no library text hangs on it
    raise Unreadable("encoding-broken")


def open_decoder(content_encoding: str, *, ratio: int) -> Decoder | None:
    """What undoes the codings of a stream; None where it has none. It may run for hours, and its
    memory is bounded elsewhere, so only the ratio counts."""
    return Decoder(content_encoding, limit=_NO_LIMIT, ratio=ratio) if content_encoding else None


class Decoder:
    """Undoes the codings of one body as it arrives.

    `limit` bounds the bytes that any one coding yields, `ratio` what it yields for each byte of
    the body beyond `RATIO_FLOOR`. Raises `Unreadable`: `encoding-unknown` at once, later
    `encoding-broken` or `expansion`.
    """

    def __init__(self, content_encoding: str, *, limit: int, ratio: int) -> None:
        self._stages = [_stage(name, limit) for name in reversed(_names(content_encoding))]
        self._yielded = [0] * len(self._stages)
        self._limit = limit
        self._ratio = ratio
        self._fed = 0

    @property
    def aside(self) -> bool:
        """Whether some coding held bytes that are no part of the body: a name, a comment, a frame
        to skip. Nobody has read them."""
        return any(stage.aside for stage in self._stages)

    def feed(self, data: bytes) -> bytes:
        """What these bytes decode to, as far as they tell."""
        self._fed += len(data)
        return b"".join(self._through(0, data)) if self._stages else data

    def finish(self) -> bytes:
        """Check that every coding has come to its end; a body without a byte has none to reach."""
        if self._fed:
            for stage in self._stages:
                stage.end()
        return b""

    def _through(self, index: int, data: bytes) -> Iterator[bytes]:
        if index == len(self._stages):
            yield data
            return
        for piece in self._stages[index].push(data):
            self._count(index, len(piece))
            yield from self._through(index + 1, piece)

    def _count(self, index: int, length: int) -> None:
        self._yielded[index] += length
        total = self._yielded[index]
        if total > self._limit or total > max(RATIO_FLOOR, self._ratio * self._fed):
            raise Unreadable("expansion")


def decode(body: bytes, content_encoding: str, *, limit: int, ratio: int) -> bytes:
    """A whole body without its content codings. Raises `Unreadable` as `Decoder` does."""
    decoder = Decoder(content_encoding, limit=limit, ratio=ratio)
    plain = decoder.feed(body)
    return plain + decoder.finish()


def encode(body: bytes, content_encoding: str) -> bytes:
    """A body with content codings put on, in the order named. Raises `Unreadable`."""
    for name in _names(content_encoding):
        body = _ENCODERS[name](body)
    return body


_ENCODERS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "gzip": lambda body: gzip.compress(body, 6, mtime=0),
    "deflate": zlib.compress,
    "br": lambda body: brotli.compress(body, quality=5),
    "zstd": lambda body: zstandard.ZstdCompressor(level=3).compress(body),
}
_ALIASES: Final = {"x-gzip": "gzip"}


def _names(content_encoding: str) -> list[str]:
    """The codings of a header, in the order they were put on."""
    words = [word.strip().lower() for word in content_encoding.split(",")]
    names = [_ALIASES.get(word, word) for word in words if word not in ("", "identity")]
    if len(names) > MAX_CODINGS or not all(name in _ENCODERS for name in names):
        raise Unreadable("encoding-unknown")
    return names


def _stage(name: str, limit: int) -> _Stage:
    match name:
        case "gzip":
            return _Zlib(31, members=True)
        case "deflate":
            return _Deflate()
        case "br":
            return _Brotli()
        case _:
            return _Zstd(limit)
