"""What is encoded is decoded in its place, within bounds, and spans cover whole runs."""

from __future__ import annotations

import base64
import gzip
import html
import quopri
import random
import textwrap
import zlib
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.model import Span
from excise.text.budget import MOST_CHARACTERS, MOST_RUNS
from excise.text.unwrap import DEPTH, find_encoded

SECRET: Final = "the door code is 7391-quartz"


def standard(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def entities(text: str) -> str:
    return "".join(f"&#{ord(char)};" for char in text)


def percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


CODINGS: Final[dict[str, Callable[[str], str]]] = {
    "base64": standard,
    "base64 unpadded": lambda text: standard(text).rstrip("="),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode((text + "~~~?>").encode()).decode(),
    "base64 wrapped": lambda text: "\n".join(textwrap.wrap(standard(text * 5), 64)),
    "base64 indented": lambda text: "\n    ".join(textwrap.wrap(standard(text * 5), 76)),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "data URI": lambda text: "data:text/plain;base64," + standard(text),
    "gzip": lambda text: base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode(),
    "zlib": lambda text: base64.b64encode(zlib.compress(text.encode())).decode(),
    "hex": lambda text: text.encode().hex(),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "HEX": lambda text: text.encode().hex().upper(),
    "percent": percent,
    "some percent": quote,
    "entities": entities,
    "hex entities": lambda text: "".join(f"&#x{ord(char):x};" for char in text),
    "quoted-printable": lambda text: "".join(f"={ord(char):02X}" for char in text),
    "soft breaks": lambda text: text[:7] + "=\n" + text[7:],
}
WHOLE: Final = frozenset(CODINGS) - {"some percent", "soft breaks", "data URI"}


@pytest.mark.parametrize("name", CODINGS)
def test_a_coding_is_undone_and_covered_wholly(name: str) -> None:
    coded = CODINGS[name](SECRET)
    text = f"see {coded} ok"
    views = list(find_encoded(text))
    assert SECRET in views[0].text
    start = views[0].text.index(SECRET)
    back = views[0].back(Span(start, start + len(SECRET)))
    if name in WHOLE:
        assert text[back.start : back.end] == coded
    else:
        assert text[back.start : back.end] in coded
        assert text[back.start : back.end].endswith(coded[-4:])


@pytest.mark.parametrize("outer", ["base64", "hex", "percent", "entities", "gzip"])
@pytest.mark.parametrize("inner", CODINGS)
def test_codings_nest(outer: str, inner: str) -> None:
    coded = CODINGS[outer](CODINGS[inner](SECRET))
    views = list(find_encoded(f"a {coded} b"))
    view = next(view for view in views if SECRET in view.text)
    assert view.depth == 2
    start = view.text.index(SECRET)
    back = view.back(Span(start, start + len(SECRET)))
    assert back.start >= 2
    assert back.end <= 2 + len(coded)


def test_four_layers_are_one_too_many() -> None:
    coded = SECRET
    for _ in range(DEPTH):
        coded = standard(coded)
    assert any(SECRET in view.text for view in find_encoded(coded))
    assert not any(SECRET in view.text for view in find_encoded(standard(coded)))


def test_escapes_inside_are_undone() -> None:
    text = standard("".join(f"\\u{ord(char):04x}" for char in SECRET))
    assert any(SECRET in view.text for view in find_encoded(text))


def test_spaced_letters_are_joined() -> None:
    text = "it is " + " ".join("quartz-7391-door") + " now"
    (view,) = find_encoded(text)
    assert view.text == "it is quartz-7391-door now"
    assert view.back(Span(8, 10)) == Span(6, len(text) - 4)


def test_words_around_a_run_still_count() -> None:
    (view,) = find_encoded("password = " + standard(SECRET))
    assert view.text == f"password = {SECRET}"


def test_a_path_in_front_stays() -> None:
    text = "/api/v1/" + standard(SECRET)
    (view,) = find_encoded(text)
    assert view.text == f"/api/v1/{SECRET}"


@pytest.mark.parametrize(
    "head", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"%PDF-1.7 ", b"wOF2", b"ID3"]
)
def test_media_are_not_read(head: bytes) -> None:
    assert not list(find_encoded(base64.b64encode(head + SECRET.encode() * 9).decode()))


def test_a_type_tells_of_media_too() -> None:
    assert not list(find_encoded("data:image/x-icon;base64," + standard(SECRET)))
    assert list(find_encoded("data:image/svg+xml;base64," + standard(SECRET)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The weather is fine & 100% = good; x = 3, y=12",
        "some_long_identifier_name_here/and/a/path/of/files/that/goes/on",
        "3f786850e387550fdab836ed7e6dc881de23001b 123e4567-e89b-12d3-a456-426614174000",
        "a b c d e",
        "é" * 50,
    ],
)
def test_ordinary_text_has_no_view(text: str) -> None:
    assert not list(find_encoded(text))


def test_random_bytes_are_not_text() -> None:
    rng = random.Random(7)
    for size in (16, 20, 32, 64, 300):
        for _ in range(50):
            raw = rng.randbytes(size)
            assert not list(find_encoded(base64.b64encode(raw).decode()))


def test_what_is_far_from_a_run_is_left_out() -> None:
    far = "word " * 2000
    text = far + standard(SECRET) + " " + far
    (view,) = find_encoded(text)
    assert len(view.text) < 1400
    start = view.text.index(SECRET)
    assert view.back(Span(start, start + 5)) == Span(len(far), len(far) + len(standard(SECRET)))
    assert view.back(Span(0, len(view.text))) == Span(0, len(text))


def test_runs_are_bounded() -> None:
    text = " ".join(standard(f"{SECRET} {n:04}") for n in range(MOST_RUNS + 10))
    (view,) = find_encoded(text)
    assert view.text.count(SECRET) == MOST_RUNS


def test_a_small_gzip_stays_small() -> None:
    bomb = base64.b64encode(gzip.compress(b"word " * 2_000_000)).decode()
    assert sum(len(view.text) for view in find_encoded(bomb)) <= MOST_CHARACTERS + 10


def test_wrapped_quoted_printable_of_the_library_is_read() -> None:
    text = quopri.encodestring(("über " * 30 + SECRET).encode()).decode()
    assert SECRET in next(find_encoded(text)).text


def test_named_entities_are_read() -> None:
    assert next(find_encoded(html.escape('<a b="c">'))).text == '<a b="c">'


@given(
    st.lists(st.sampled_from([*"aZ9%&;=# \n", "%41", "&#65;", "=3D", "=\n", standard(SECRET)])),
    st.data(),
)
def test_every_span_finds_its_way_back(pieces: list[str], data: st.DataObject) -> None:
    """Law: spans stay inside and in order, whatever is decoded."""
    text = "".join(pieces)
    for view in find_encoded(text):
        start = data.draw(st.integers(0, len(view.text)))
        end = data.draw(st.integers(start, len(view.text)))
        back = view.back(Span(start, end))
        assert 0 <= back.start <= back.end <= len(text)
        for at in range(len(view.text)):
            one = view.back(Span(at, at + 1))
            assert one.start < one.end
            assert not start <= at < end or back.start <= one.start < one.end <= back.end


def test_of_a_growing_text_only_what_shows_by_itself_is_read() -> None:
    """Quoted-printable and letters apart show by how much of them there is."""
    for name in ("base64", "hex", "gzip", "percent", "entities"):
        assert any(
            SECRET in each.text for each in find_encoded(CODINGS[name](SECRET), growing=True)
        )
    for text in (CODINGS["quoted-printable"](SECRET), " ".join("quartz-7391-door")):
        assert not list(find_encoded(text, growing=True))
