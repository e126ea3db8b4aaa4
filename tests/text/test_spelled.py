"""What is spelled character by character is put together, and ordinary text is left alone."""

from __future__ import annotations

from typing import Final

import pytest

from excise.text.budget import Budget
from excise.text.packed import shape
from excise.text.spelled import find_apart, find_spelled

WORD: Final = "quartz-7391"


def spelled(text: str, *, nested: bool = False) -> str:
    """The text with what is spelled put in its place."""
    found = sorted(find_spelled(text, Budget(), nested=nested))
    for start, end, to in reversed(found):
        text = text[:start] + to + text[end:]
    return text


def apart(text: str) -> list[tuple[str, str]]:
    """Each stretch and what it stands for."""
    found = find_apart(text, shape(text))
    return [(text[start:end], to) for start, end, to in found]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("%71%75%61rtz", "quartz"),
        ("%C3%BC" * 9, "ü" * 9),
        ("%E4%B8%AD" * 20, "中" * 20),
        ("&#113;&#x75;&amp;&lt;", "qu&<"),
        ("&#113&#117 &#97", "qu a"),
        ("&nosuch; & then;", "&nosuch; & then;"),
        ("=71=75=61=72=74=7A", "quartz"),
        ("qua=\nrtz=\r\n!", "quartz!"),
        ("x=12&y=3", "x=12&y=3"),
        ("a: YmFyCg==\nb: 1", "a: YmFyCg==\nb: 1"),
        ("a: Zm9vYmE=\nb: 1", "a: Zm9vYmE=\nb: 1"),
        (r"\u{71}\u{75}\u{1F600}", "qu\U0001f600"),
        (r"\u{D800}\u{FFFFFF}", "\ufffd\ufffd"),
        (r"\u0071", r"\u0071"),
    ],
)
def test_escapes_are_put_together(text: str, shown: str) -> None:
    assert spelled(text) == shown


def test_a_second_layer_of_backslashes_is_read_where_told() -> None:
    assert spelled(r"\u0071\x75", nested=True) == "qu"


@pytest.mark.parametrize("sign", [" ", ".", "|", "\n", ","])
def test_letters_apart_are_one_word(sign: str) -> None:
    coded = sign.join(WORD)
    for before, after in (("", ""), ("it is ", " now"), ('"', '"')):
        assert apart(f"{before}{coded}{after}") == [(coded, WORD)]


def test_a_wider_gap_is_one_of_words() -> None:
    coded = "   ".join(" ".join(word) for word in ("quartz", "door", "code"))
    assert apart(coded) == [(coded, "quartz door code")]


@pytest.mark.parametrize("marker", ["- ", "* ", "= ", ": "])
def test_a_mark_in_front_is_none_of_the_word(marker: str) -> None:
    assert apart(marker + " ".join(WORD)) == [(" ".join(WORD), WORD)]


@pytest.mark.parametrize(
    "coded",
    [
        WORD.encode().hex(":"),
        WORD.encode().hex(" "),
        ",".join(f"0x{byte:02x}" for byte in WORD.encode()),
        ", ".join(f"0x{byte:02X}" for byte in WORD.encode()),
        ",\n  ".join(f"0x{byte:02X}" for byte in WORD.encode()),
    ],
)
def test_bytes_apart_are_put_together(coded: str) -> None:
    assert apart(f"x {coded} y") == [(coded, WORD)]


@pytest.mark.parametrize(
    "text",
    [
        "a b c d e f",
        "1.2.3.4.5.6",
        "00:1b:44:11:3a:b7",
        "AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89",
        "to be or no to be it is so as we go on by us",
        "0x12, 0xff, 0x8a, 0x10, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07",
        "one\ntwo\nsix\nten\n",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert apart(text) == []


def test_escapes_are_bounded() -> None:
    assert len(list(find_spelled("%41x" * 50, Budget(characters=9), nested=False))) == 10
