"""Runs of base64 and hex are found where they begin and end, whatever is glued to them."""

from __future__ import annotations

import base64
import gzip
import random
import zlib
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.text.budget import Budget
from excise.text.packed import find_open, find_packed, find_words, shape

SECRET: Final = "the door code is 7391-quartz"


def found(text: str, budget: Budget | None = None) -> list[tuple[str, str]]:
    """Each run and what it stands for."""
    runs = find_packed(text, shape(text), budget or Budget())
    return [(text[start:end], to) for start, end, to in runs]


def standard(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


CODED: Final = standard(SECRET.encode())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("https://", " "),
        ("https://a.example.org/services/", '"'),
        ("bot", " "),
        ("key-", ""),
        ("/api/v1/", ""),
        ("x_", "\n"),
        ("user:", "/telemetry"),
    ],
)
def test_what_is_glued_to_a_run_stays(before: str, after: str) -> None:
    assert found(f"{before}{CODED}{after}") == [(CODED, SECRET)]


@pytest.mark.parametrize("before", ["", "/", "key-", "bot", "see "])
@pytest.mark.parametrize("after", ["", "/getMe", '"', "-x"])
def test_what_is_glued_to_hex_stays(before: str, after: str) -> None:
    coded = SECRET.encode().hex()
    assert found(f"{before}{coded}{after}") == [(coded, SECRET)]


@pytest.mark.parametrize(
    ("coded", "decoded"),
    [
        (SECRET.encode().hex("-"), SECRET),
        ("-".join("quartz-7391.door"), "quartz-7391.door"),
        ("_".join("quartz7391door"), "quartz7391door"),
        (standard(gzip.compress(SECRET.encode(), mtime=0)), SECRET),
        (standard(zlib.compress(SECRET.encode(), 1)), SECRET),
        (standard(zlib.compress(SECRET.encode(), 9)), SECRET),
        (standard(SECRET.encode("utf-16-le")), SECRET),
        (standard("двери открыты в полдень".encode()), "двери открыты в полдень"),
        (standard("ｋｅｙ７３９１ｑｕａｒｔｚ".encode()), "ｋｅｙ７３９１ｑｕａｒｔｚ"),
        (standard("grüße aus dem code 7391".encode()), "grüße aus dem code 7391"),
    ],
)
def test_forms_of_a_run(coded: str, decoded: str) -> None:
    assert found(f"a {coded} b") == [(coded, decoded)]


def test_a_wrapped_block_behind_a_path_ends_before_words() -> None:
    coded = standard((SECRET * 5).encode())
    lines = "\n".join(coded[at : at + 64] for at in range(0, len(coded), 64))
    text = f"https://{lines} is all"
    assert found(text) == [(lines, SECRET * 5)]


@pytest.mark.parametrize(
    "magic",
    [b"\x89PNG\r\n\x1a\n", b"\0\1\0\0\0\x0f", b"\0\0\0\x18ftypmp42", b"PK\3\4", b"%PDF-1.7"],
)
def test_files_of_other_kind_are_not_read(magic: bytes) -> None:
    assert found(standard(magic + SECRET.encode() * 9)) == []


@pytest.mark.parametrize("raw", [b"\0" * 400, b"\xff" * 400, b"A\0\0\0" * 100])
def test_bytes_that_are_no_text_are_none(raw: bytes) -> None:
    assert found(standard(raw)) == []


def test_text_inside_of_binary_is_not_looked_for() -> None:
    noise = random.Random(5).randbytes(300)
    assert found(standard(SECRET.encode() + noise)) == []


def test_runs_and_room_are_bounded() -> None:
    text = " ".join(standard(f"{SECRET} {n:04}".encode()) for n in range(9))
    few = Budget(runs=4)
    assert len(found(text, few)) == 4
    assert few.exhausted
    none = Budget(characters=0)
    assert found(text, none) == []
    assert none.exhausted
    enough = Budget(runs=9)
    assert len(found(text, enough)) == 9
    assert not enough.exhausted


def test_a_run_longer_than_the_room_is_cut_and_told() -> None:
    budget = Budget(characters=30)
    ((_, shown),) = found(standard(b"word " * 100), budget)
    assert len(shown) <= 30
    assert budget.exhausted


def test_unpacking_what_is_no_text_costs_too() -> None:
    budget = Budget()
    raw = b"a plain beginning, for a while, of more than its sixty-four bytes." + b"\0\1" * 20_000
    assert found(standard(gzip.compress(raw)), budget) == []
    assert budget.characters < Budget().characters - 40_000


@given(st.text(min_size=16, max_size=200), st.sampled_from(["", "a/b/", "x-", "=", '"']))
def test_any_text_comes_back_as_far_as_it_shows(text: str, before: str) -> None:
    """Law: what is decoded is part of what was encoded, and never more than the run."""
    coded = standard(text.encode(errors="replace"))
    for run, shown in found(f"{before}{coded} end"):
        assert run in f"{before}{coded}"
        assert shown.strip("\ufffd")[:8] in before + text or shown


@pytest.mark.parametrize("size", range(20, 30))
def test_base32_is_read_with_its_padding(size: int) -> None:
    text = (SECRET * 2)[:size]
    coded = base64.b32encode(text.encode()).decode()
    assert found(f"see {coded} ok") == [(coded, text)]
    bare = coded.rstrip("=")
    assert found(f"see {bare} ok") == [(bare, text)]


LINES: Final = standard(SECRET.encode() * 9)
WRAPPED: Final = "\n".join(LINES[at : at + 64] for at in range(0, len(LINES), 64))


@pytest.mark.parametrize("cut", range(70, len(WRAPPED)))
def test_a_run_over_several_lines_is_open_until_it_ends(cut: int) -> None:
    assert find_open(f"see:\n{WRAPPED[:cut]}") == 5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "some words\nand more",
        f"see:\n{WRAPPED}\n\nand more",
        f"see:\n{WRAPPED} and more",
        "see:\n" + "\n".join([standard(random.Random(3).randbytes(48))] * 3),
    ],
)
def test_what_is_no_open_run_waits_for_nothing(text: str) -> None:
    assert find_open(text) == len(text)


def test_an_open_run_is_waited_for_so_long() -> None:
    long = "\n".join([LINES[:64]] * 100)
    assert find_open(long) == len(long) - 2048


def test_long_words_are_found() -> None:
    text = f"a {'x' * 19} {'y' * 20} b {'z' * 300}"
    assert [text[start:end] for start, end in find_words(shape(text))] == ["y" * 20]
