"""A picture without its metadata is drawn as before, bit by bit."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from picture_samples import IPTC, NOTE, drawing, exif, pixels, saved
from PIL import Image, PngImagePlugin

from excise.codecs.picture import build_exif, orientation, read_picture
from excise.errors import Unreadable

FORMS = [
    ("JPEG", "RGB", {}),
    ("JPEG", "RGB", {"progressive": True, "quality": 90}),
    ("JPEG", "L", {}),
    ("JPEG", "CMYK", {}),
    ("JPEG", "RGB", {"icc_profile": b"not a real profile" * 9}),
    ("JPEG", "RGB", {"restart_marker_blocks": 2}),
    ("PNG", "RGB", {}),
    ("PNG", "RGBA", {}),
    ("PNG", "P", {"transparency": 3}),
    ("PNG", "1", {"dpi": (72, 72)}),
    ("WEBP", "RGB", {}),
    ("WEBP", "RGBA", {"lossless": True}),
]


@pytest.mark.parametrize(("form", "mode", "more"), FORMS)
@pytest.mark.parametrize("turn", [0, 1, 6])
def test_pixels_stay_and_metadata_goes(
    form: str, mode: str, more: dict[str, Any], turn: int
) -> None:
    data = saved(form, mode, turn, **more)
    assert NOTE.encode() in data
    picture = read_picture(data)
    assert picture is not None
    bare = picture.bare
    assert NOTE.encode() not in bare and len(bare) < len(data)
    assert pixels(bare) == pixels(data)
    with Image.open(io.BytesIO(bare)) as opened:
        opened.load()
        kept = opened.getexif()
        assert kept.get_ifd(0x8825) == {}
        assert kept.get(0x0112, 1) == (turn or 1)
        assert set(kept) <= {0x0112}
    assert NOTE in " ".join(picture.texts)
    again = read_picture(bare)
    assert again is not None and again.bare == bare and again.texts == ()


def test_animations_stay() -> None:
    for form in ("PNG", "WEBP"):
        out = io.BytesIO()
        frames = [drawing(), drawing().rotate(90), drawing().rotate(180)]
        frames[0].save(out, form, save_all=True, append_images=frames[1:], exif=exif())
        picture = read_picture(out.getvalue())
        assert picture is not None
        assert pixels(picture.bare) == pixels(out.getvalue())
        assert NOTE.encode() not in picture.bare


def test_segments_of_photographs() -> None:
    """IPTC, and what cameras put behind the end."""
    plain = saved("JPEG")
    iptc = b"\xff\xed" + (len(IPTC) + 2).to_bytes(2, "big") + IPTC
    data = plain[:2] + iptc + plain[2:] + saved("JPEG")
    picture = read_picture(data)
    assert picture is not None and NOTE.encode() not in picture.bare
    assert pixels(picture.bare) == pixels(plain)


def test_packed_texts_are_read() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", NOTE + " " * 400, zip=True)
    out = io.BytesIO()
    drawing().save(out, "PNG", pnginfo=notes)
    assert NOTE.encode() not in out.getvalue()
    picture = read_picture(out.getvalue())
    assert picture is not None and NOTE in picture.texts[-1]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_no_metadata_no_change(form: str) -> None:
    out = io.BytesIO()
    drawing().save(out, form)
    picture = read_picture(out.getvalue())
    assert picture is not None and (picture.bare, picture.texts) == (out.getvalue(), ())


@pytest.mark.parametrize(
    "data",
    [
        b"GIF89a words",
        b"II*\0 words",
        b"\0\0\0\x18ftypheic",
        b"\0\0\0\x18ftypavif",
        b"\x89PNG\r\n\x1a\n\0\0\xff\xffIHDR",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe1\xff\xff short",
        b"\xff\xd8\xff\xe0\0\x04abwords",
        b"RIFF\xff\xff\xff\0WEBPVP8 ",
    ],
)
def test_what_cannot_be_told_apart(data: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        read_picture(data)
    assert caught.value.reason == "metadata"


@pytest.mark.parametrize("data", [b"", b"RIFF\0\0\0\0WAVE", b"\0\0\0\x18ftypmp42", b"OggS"])
def test_what_is_no_picture(data: bytes) -> None:
    assert read_picture(data) is None


@pytest.mark.parametrize("turn", range(2, 9))
def test_orientation(turn: int) -> None:
    assert orientation(build_exif(turn)) == turn
    little = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x0112, 3, 1, turn, 0) + bytes(4)
    assert orientation(little) == turn


BROKEN = [saved("JPEG", turn=6), saved("PNG"), saved("WEBP")]


@given(
    st.sampled_from(BROKEN),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), max_size=6),
    st.integers(0, 2000),
)
def test_any_bytes_are_answered(data: bytes, marks: list[tuple[int, int]], end: int) -> None:
    """Damaged pictures are read or refused; what is read once is bare."""
    damaged = bytearray(data[: len(data) - end if end < 1000 else None])
    for at, byte in marks:
        if at < len(damaged):
            damaged[at] = byte
    try:
        picture = read_picture(bytes(damaged))
    except Unreadable:
        return
    if picture is not None:
        again = read_picture(picture.bare)
        assert again is not None and again.bare == picture.bare
