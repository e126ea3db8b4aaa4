"""Numbers in words become digits, prose stays, and spans find their way back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from excise.model import Span
from excise.text.spoken import speak

ONES = " ".join(["one"] * 15)
LANGUAGES = {
    "en": "zero one two three four five six seven eight nine",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "it": "zero uno due tre quattro cinque sei sette otto nove",
    "pt": "zero um dois três quatro cinco seis sete oito nove",
    "nl": "nul een twee drie vier vijf zes zeven acht negen",
    "pl": "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć",
}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"card: four {ONES} thanks", "card: 4111 1111 1111 1111 thanks"),
        (f"CARD: FOUR {ONES.upper()}.", "CARD: 4111 1111 1111 1111."),
        ("forty-one" + " eleven" * 7, "4111 1111 1111 1111"),
        ("double four triple one oh nought 5 five 6 six seven um eight uh nine, o two",
         "4411 1005 5667 8902"),
        ("4 one 1 1 one 1 one one 1 1 1 1 one 1 1 1", "4111 1111 1111 1111"),
        (f"three seven{ONES[3:-4]}", "3711 111111 11111"),
        (f"four {ONES}, twelve twenty-nine, one two three", "4111 1111 1111 1111, 1229, 123"),
        (f"four {ONES}. Expires twelve twenty-nine, cvv one two three",
         "4111 1111 1111 1111. Expires 1229, cvv 123"),
        ("ssn: one two three, four five, six seven eight nine", "ssn: 123 45 6789"),
        ("one two three dash four five dash six seven eight nine", "123-45-6789"),
        ("one, two, three, four, five, six, seven, eight, nine", "123456789"),
        ("cvv is one two three", "cvv is 123"),
        ("cvv is one, two, three", "cvv is 123"),
        (f"four {ONES}. cvv 1 two 3, pin 1 2 3 4", "4111 1111 1111 1111. cvv 123, pin 1234"),
        ("meine Prüfziffer: sieben acht neun", "meine Prüfziffer: 789"),
        ("delta echo eight nine three seven zero four zero zero four four zero five three two "
         "zero one three zero zero zero", "DE89370400440532013000"),
        ("IBAN G B two nine N W B K six zero one six one three three one nine two six eight one "
         "nine", "IBAN GB29NWBK60161331926819"),
        ("quatre cent onze, quatre-vingt-dix-neuf soixante-douze vingt et un dix-sept",
         "411 99722117"),
    ],
)  # fmt: skip
def test_spelled_out_numbers_become_digits(text: str, shown: str) -> None:
    view = speak(text)
    assert view is not None
    assert view.text == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain prose without any",
        "one of the two options with three or four people, five at most",
        "one two three, here we go",
        "the cvv has three or four digits",
        "cvv: nine zero",
        "4111 1111 1111 1111",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "thirty-five thousand people in two cities",
        "um den Tisch saßen sechs oder sieben, acht vielleicht",
        "a six-pack, two for one, seven days",
    ],
)
def test_prose_and_digits_are_left_alone(text: str) -> None:
    assert speak(text) is None


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=60)
@given(data=st.data())
def test_digits_in_any_language_come_back_as_they_are(language: str, data: st.DataObject) -> None:
    """Law: what was spelled out word by word reads the same, and maps back to the words."""
    words = LANGUAGES[language].split()
    units = st.sampled_from("0123456789")
    number = data.draw(st.lists(units, min_size=8, max_size=19).map("".join))
    gap = data.draw(st.sampled_from([" ", "  ", "-", "\n", ", "]))
    text = gap.join(words[int(digit)] for digit in number)
    view = speak(f"<<{text}>>")
    assert view is not None
    assert view.text[2:-2].replace(" ", "") == number
    assert view.back(Span(2, len(view.text) - 2)) == Span(2, 2 + len(text))


_PIECES = st.one_of(
    st.sampled_from(("one", "two", "ten", "twenty", "hundred", "thousand", "double", "fünf")),
    st.sampled_from(("and", "dash", "o", "um", "e", "delta", "A", "b", "vinte", "quatre", "vingt")),
    st.sampled_from(("4", "4111", "x", "card", "cvv", "code", "twelve slash", "one " * 12)),
    st.sampled_from((".", ",", "-", ":", "\n", "(", "é", "\u200b")),
)


@settings(max_examples=400)
@given(st.lists(_PIECES, max_size=40), st.sampled_from([" ", "-", ""]), st.data())
def test_every_span_finds_its_way_back(pieces: list[str], gap: str, data: st.DataObject) -> None:
    """Law: spans stay inside and in order, and what is not a number is as it was."""
    text = gap.join(pieces)
    view = speak(text)
    if view is None:
        return
    start = data.draw(st.integers(0, len(view.text)))
    end = data.draw(st.integers(start, len(view.text)))
    back = view.back(Span(start, end))
    assert 0 <= back.start <= back.end <= len(text)
    assert view.back(Span(0, len(view.text))) == Span(0, len(text))
    for at, char in enumerate(view.text[start:end], start):
        one = view.back(Span(at, at + 1))
        assert one.start < one.end
        assert text[one.start] == char or char in "0123456789 -/" or char.isupper()


@given(
    st.lists(
        st.sampled_from(["one", "two,", "F\u00fcnf", "DREI\u1e9eIG", "card", "12", "\u00e9x"])
    ),
    st.data(),
)
def test_told_where_number_words_end_it_sees_the_same(
    words: list[str], data: st.DataObject
) -> None:
    """Whatever else is taken for an end."""
    text = " ".join(words) + " " * data.draw(st.integers(0, 1))
    ends = [at for at in range(len(text) + 1) if at == len(text) or text[at] == " "]
    more = set(data.draw(st.lists(st.integers(0, len(text)))))
    told, alone = speak(text, sorted({*ends, *more})), speak(text)
    assert (told and told.text) == (alone and alone.text)
