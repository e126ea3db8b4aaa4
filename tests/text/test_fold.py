"""What looks like ASCII is folded to it, prose is left alone, and spans find their way back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from excise.model import Span
from excise.text.confusables import COMPATIBLE, LOOK_ALIKES
from excise.text.fold import fold

TAGGED = "".join(chr(0xE0000 + ord(char)) for char in "key")


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ｓｋ－ａ１", "sk-a1"),
        ("𝓼𝓴-𝟙𝟚 ⓐ 🅰 ᴀ", "sk-12 a A a"),
        ("a\u200bb\u00adc\u202ed\ufe0fe", "abcde"),
        ("pass\u2060word", "password"),
        (f"say {TAGGED}", "say key"),
        ("АКІА1234", "AKIA1234"),
        ("pаssword", "password"),
        ("ΑΒΕΖ and ᎪᏴᏟᎠ", "ABEZ and ABCD"),
        ("k\u0336e\u0336y\u0336", "key"),
        ("key_ábç", "key_abc"),
        ("kéy-1 x9é", "kéy-1 x9e"),
        ("4111\u00a01111\u20111111", "4111 1111-1111"),
        ("password：x1", "password:x1"),
        ("key = “abc”", 'key = "abc"'),
        ("ﬁle", "file"),
        ("中文ｋｅｙ", "中文key"),
        ("ж pаss", "ж pass"),
    ],
)
def test_disguised_characters_are_folded(text: str, folded: str) -> None:
    view = fold(text)
    assert view is not None
    assert view.text == folded


@pytest.mark.parametrize(
    "text",
    [
        "plain ASCII",
        "Müller fährt über die Straße nach Zürich – „schön“, sagt er…",
        "L’été dernier, à la côte, « où » étaient-ils ?",
        "Zażółć gęślą jaźń; łódź",
        "mañana, ¿qué tal?",
        "Сегодня хорошая погода, а она и со мной.",
        "Το κείμενο είναι εδώ",
        "他说：你好（世界）！",
        "👩\u200d💻 works ✔\ufe0f",
        "می\u200cخواهم",
        "20 °C, 5 m², ™",
        "u\u0308ber cafe\u0301",
    ],
)
def test_prose_is_left_alone(text: str) -> None:
    assert fold(text) is None


def test_a_span_covers_whole_characters_and_their_marks() -> None:
    text = "x k\u0336e\u0336y\u0336\u200b end"
    view = fold(text)
    assert view is not None
    start = view.text.index("key")
    assert view.back(Span(start, start + 3)) == Span(2, 9)


def test_a_ligature_is_covered_wholly() -> None:
    view = fold("aﬁb")
    assert view is not None
    assert view.back(Span(1, 2)) == Span(1, 2)


@pytest.mark.parametrize("table", [COMPATIBLE, LOOK_ALIKES])
def test_tables_lead_to_visible_ascii(table: dict[str, str]) -> None:
    assert table
    for char, to in table.items():
        assert len(char) == 1
        assert not char.isascii()
        assert to.isascii()
        assert to.isprintable()


_ODD = st.sampled_from(
    'aZ1_ -=:."éüłñßıаеЖжрοαпй中か：，（ａ１－：ⓐ𝓼🅰✔👩\u0336\u0308\u0301\u200b\u200d\ufe0f\u00ad'
    "\u00a0\u2011\u2013“”’\U000e0061\U000e0041ﬁꓐᎪ\ufeff\u3164\u0e01ی"
)


@settings(max_examples=400)
@given(st.text(_ODD | st.characters(), max_size=24))
def test_a_folded_text_is_folded_no_further(text: str) -> None:
    """Law: idempotent."""
    view = fold(text)
    if view is not None:
        assert view.text != text
        assert fold(view.text) is None


@settings(max_examples=300)
@given(st.text(_ODD, max_size=24), st.data())
def test_every_span_finds_its_way_back(text: str, data: st.DataObject) -> None:
    """Law: spans stay inside, in order, and a stretch of ASCII comes back as it was."""
    view = fold(text)
    if view is None:
        return
    start = data.draw(st.integers(0, len(view.text)))
    end = data.draw(st.integers(start, len(view.text)))
    back = view.back(Span(start, end))
    assert 0 <= back.start <= back.end <= len(text)
    assert view.back(Span(0, len(view.text))).end == len(text)
    for at, char in enumerate(view.text[start:end], start):
        one = view.back(Span(at, at + 1))
        assert one.start < one.end
        assert back.start <= one.start
        assert one.end <= back.end
        assert text[one.start] == char or not text[one.start].isascii()
