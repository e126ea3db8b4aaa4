"""Pictures made on the spot, with metadata of every kind."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, PngImagePlugin

NOTE = "PLANTED-20261121"
XMP = f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{NOTE}</x:xmpmeta>'.encode()
IPTC = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x1c" + NOTE.encode()


def drawing(mode: str = "RGB", size: tuple[int, int] = (37, 23)) -> Image.Image:
    """A picture in which every pixel differs from its neighbours."""
    width, height = size
    picture = Image.new("RGB", size)
    picture.putdata(
        [
            ((x * 7) % 256, (y * 11) % 256, (x * y) % 256)
            for y in range(height)
            for x in range(width)
        ]
    )
    return picture.convert(mode)


def exif(turn: int = 0) -> bytes:
    """A camera's block: who, where, and which way up."""
    block = Image.Exif()
    block[0x010F] = NOTE  # maker
    if turn:
        block[0x0112] = turn
    place = block.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (51.0, 30.0, 26.0), "W", (0.0, 7.0, 39.0)
    return block.tobytes()


def saved(form: str, mode: str = "RGB", turn: int = 0, note: str = NOTE, **more: Any) -> bytes:
    """A picture of this format whose metadata says `note`."""
    out = io.BytesIO()
    if form == "PNG":
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Author", note)
        notes.add_text("Comment", NOTE, zip=True)
        notes.add_itxt("XML:com.adobe.xmp", XMP.decode())
        more["pnginfo"] = notes
    if form == "WEBP":
        more["xmp"] = XMP
    if form == "JPEG":
        more |= {"comment": NOTE, "xmp": XMP}
    drawing(mode).save(out, form, exif=exif(turn), **more)
    return out.getvalue()


def bare(form: str) -> bytes:
    """A picture of this format that says nothing of itself."""
    out = io.BytesIO()
    drawing().save(out, form)
    return out.getvalue()


def pixels(data: bytes) -> tuple[Any, ...]:
    """What is drawn: every frame, and what colours are told by."""
    with Image.open(io.BytesIO(data)) as picture:
        frames = []
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            frames.append((picture.mode, picture.size, picture.tobytes()))
        return (picture.info.get("icc_profile"), picture.info.get("gamma"), *frames)
