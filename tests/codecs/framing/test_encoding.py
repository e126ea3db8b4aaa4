"""Codings come off in bounded steps; what is broken, unknown or follows the end is refused."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from itertools import pairwise

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from excise.codecs.framing.encoding import RATIO_FLOOR, STEP, Decoder, decode, encode
from excise.errors import Unreadable

CODINGS = ["gzip", "deflate", "br", "zstd"]
STACKS = [*CODINGS, "x-gzip", "GZIP", "identity", "", "gzip, br", "zstd,deflate , identity,gzip"]


def undo(body: bytes, coding: str, limit: int = 10_000_000, ratio: int = 200) -> bytes:
    return decode(body, coding, limit=limit, ratio=ratio)


def reason(body: bytes, coding: str, limit: int = 10_000_000, ratio: int = 200) -> str:
    with pytest.raises(Unreadable) as caught:
        undo(body, coding, limit, ratio)
    assert caught.value.__context__ is None
    return caught.value.reason


@given(st.binary(max_size=300), st.integers(1, 400), st.sampled_from(STACKS))
def test_what_was_put_on_comes_off(piece: bytes, times: int, coding: str) -> None:
    body = piece * times
    assert undo(encode(body, coding), coding) == body


@given(
    st.binary(min_size=1, max_size=200),
    st.lists(st.integers(0, 500), max_size=5),
    st.sampled_from(STACKS),
)
def test_chunks_do_not_matter(body: bytes, cuts: list[int], coding: str) -> None:
    coded = encode(body, coding)
    decoder = Decoder(coding, limit=10_000, ratio=200)
    edges = [0, *sorted(min(cut, len(coded)) for cut in cuts), len(coded)]
    pieces = [decoder.feed(coded[a:b]) for a, b in pairwise(edges)]
    assert b"".join(pieces) + decoder.finish() == body


def test_deflate_without_its_wrapper() -> None:
    packer = zlib.compressobj(wbits=-15)
    raw = packer.compress(b"hello " * 99) + packer.flush()
    assert undo(raw, "deflate") == b"hello " * 99
    assert reason(raw + b"x", "deflate") == "encoding-broken"


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_every_member_and_frame_is_read(coding: str) -> None:
    assert undo(encode(b"one", coding) + encode(b"two", coding), coding) == b"onetwo"


def _named(flags: int, extra: bytes) -> bytes:
    plain = gzip.compress(b"words", mtime=0)
    return plain[:3] + bytes([flags]) + plain[4:10] + extra + plain[10:]


_SKIPPED = b"\x5a\x2a\x4d\x18\x03\0\0\0abc"


@pytest.mark.parametrize(
    ("coded", "coding", "aside"),
    [
        *((encode(b"words", coding), coding, False) for coding in CODINGS),
        (encode(b"one", "gzip") + encode(b"words", "gzip"), "gzip", False),
        (_named(8, b"name\0"), "gzip", True),
        (_named(16, b"comment\0"), "gzip", True),
        (_named(4, b"\2\0ab"), "gzip", True),
        (encode(b"one", "gzip") + _named(8, b"name\0"), "gzip", True),
        (encode(_named(8, b"name\0"), "br"), "gzip, br", True),
        (_SKIPPED + encode(b"words", "zstd"), "zstd", True),
        (encode(b"words", "zstd") + _SKIPPED, "zstd", True),
        (encode(b"words", "zstd") * 2, "zstd", False),
    ],
)
def test_what_stands_beside_the_body_is_told(coded: bytes, coding: str, aside: bool) -> None:
    """However it is cut."""
    for step in (1, 3, len(coded)):
        decoder = Decoder(coding, limit=10_000, ratio=200)
        out = [decoder.feed(coded[at : at + step]) for at in range(0, len(coded), step)]
        assert (b"".join(out) + decoder.finish()).endswith(b"words")
        assert decoder.aside is aside


@pytest.mark.parametrize("coding", CODINGS)
def test_what_is_cut_or_followed_is_refused(coding: str) -> None:
    coded = encode(bytes(range(256)) * 9, coding)
    for cut in range(1, len(coded)):
        assert reason(coded[:cut], coding) == "encoding-broken"
    assert reason(coded + b"x", coding) == "encoding-broken"
    if coding in ("deflate", "br"):
        assert reason(coded + coded, coding) == "encoding-broken"
    assert reason(coded + b"\0" * 8, coding) == "encoding-broken"
    assert reason(b"plain text", coding) == "encoding-broken"
    assert undo(b"", coding) == b""


@pytest.mark.parametrize("coding", ["lzma", "gzip;q=1", "gzip, nope", ", ".join(["gzip"] * 5)])
def test_unknown_codings_are_refused(coding: str) -> None:
    assert reason(b"x", coding) == "encoding-unknown"
    with pytest.raises(Unreadable, match="encoding-unknown"):
        encode(b"x", coding)


def bomb(coding: str) -> bytes:
    zeros = bytes(60_000_000)
    if coding == "br":
        return bytes(brotli.compress(zeros, quality=1))
    if coding == "zstd":
        return zstandard.ZstdCompressor(level=1).compress(zeros)
    return encode(zeros, coding)


@pytest.mark.parametrize("coding", CODINGS)
def test_bombs_are_never_held_whole(coding: str) -> None:
    coded = bomb(coding)
    limit = 2_000_000
    tracemalloc.start()
    assert reason(coded, coding, limit=limit, ratio=10**9) == "expansion"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < limit + 70 * STEP  # 64 steps are what one slice of zstd can spell


def test_bombs_in_bombs_are_bounded_at_every_coding() -> None:
    coded = encode(bomb("gzip"), "gzip")
    assert reason(coded, "gzip, gzip", limit=2_000_000) == "expansion"


def test_the_ratio_counts_beyond_its_floor_only() -> None:
    assert len(undo(encode(bytes(RATIO_FLOOR), "gzip"), "gzip", ratio=2)) == RATIO_FLOOR
    assert reason(encode(bytes(RATIO_FLOOR + 1), "gzip"), "gzip", ratio=2) == "expansion"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("limit", [1 << 10, 1 << 24, 1 << 62])
def test_any_limit_will_do(coding: str, limit: int) -> None:
    """A stream has none to speak of."""
    decoder = Decoder(coding, limit=limit, ratio=200)
    assert decoder.feed(encode(b"words", coding)) + decoder.finish() == b"words"


@pytest.mark.parametrize("cut", [0, 5, 8])
def test_a_zstd_frame_holds_as_much_as_its_head_says(cut: int) -> None:
    """The library compares the two only where it is given the frame at once."""
    frame = bytes.fromhex("28b52ffd2080010000")  # announces 128 bytes and has none
    decoder = Decoder("zstd", limit=1000, ratio=100)
    with pytest.raises(Unreadable, match="encoding-broken"):
        decoder.feed(frame[:cut])
        decoder.feed(frame[cut:])


@pytest.mark.parametrize("cut", range(11))
def test_a_zstd_frame_in_one_piece_is_held_to_the_same(cut: int) -> None:
    empty = bytes.fromhex("28b52ffd 20 00 030000 60")  # announces nothing, and repeats it 0 times
    decoder = Decoder("zstd", limit=1000, ratio=100)
    with pytest.raises(Unreadable, match="encoding-broken"):
        decoder.feed(empty[:cut])
        decoder.feed(empty[cut:])
