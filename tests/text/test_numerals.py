"""Number words of eight languages are read as the numbers they spell."""

from __future__ import annotations

import re

import pytest

from excise.text.numerals import WORDS, Sort, Word, look_up, plain, read_numbers

TOKEN = re.compile(r"[^\W\d_]+|[0-9]+")


def words(text: str) -> list[Word]:
    """Every word of a text, all of which must be known."""
    found = []
    for match in TOKEN.finditer(text):
        known = look_up(match[0])
        assert known is not None, match[0]
        found.append(Word(*known, *match.span()))
    return found


def digits(text: str) -> list[str]:
    return [number.digits for number in read_numbers(words(text))]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("four one one one", "4 1 1 1"),
        ("forty-one eleven twelve", "41 11 12"),
        ("four hundred and eleven", "411"),
        ("four hundred eleven hundred", "411 100"),
        ("double four triple one oh niner", "44 111 0 9"),
        ("double double four", "44"),
        ("4111 one twenty", "4111 1 20"),
        ("two thousand and twenty-nine", "2029"),
        ("two million three hundred", "2000300"),
        ("twenty zero", "20 0"),
        ("einundvierzig zwölf hundert", "41 1200"),
        ("vierhundertelf neunzehn", "411 19"),
        ("vier und zwanzig", "24"),
        ("zweitausendneunundzwanzig", "2029"),
        ("quatre-vingt-dix-neuf soixante-douze", "99 72"),
        ("quatre vingts vingt et un dix-sept cent deux", "80 21 17 102"),
        ("treinta y uno veintidós cuatrocientos once", "31 22 411"),
        ("ventuno trentadue centoventi duecento", "21 32 120 200"),
        ("vinte e um quatrocentos e onze meia", "21 411 6"),
        ("eenenveertig tweeëntwintig tweehonderdzes", "41 22 206"),
        ("tweeduizend vijfhonderd", "2500"),
        ("czterdzieści jeden sto jedenaście pięćset", "41 111 500"),
        ("zweihundertsechsundfuenfzig fuenf zwoelftausend", "256 5 12000"),
        ("dois bilhões trezentos", "2000000300"),
        ("tres billones cinco mil", "3000000005000"),
        ("dos mil millones", "2000000000"),
        ("tres billones cuatro mil cinco millones seis mil siete", "3004005006007"),
        ("honderdduizend miljoen", "100000000000"),
        ("zeventien miljoen drieënvijftigduizend negenhonderdtachtig", "17053980"),
        ("two thousand thousand", "2000 1000"),
        ("vijfentwintighonderdzevenenzeventig zweiundzwanzighundert", "2577 2200"),
        ("dreihundertneunundneunzigtausendfuenfhundertneunundvierzig", "399549"),
        ("thousand", "1000"),
        ("and double", ""),
    ],
)
def test_words_are_read_as_numbers(text: str, read: str) -> None:
    assert digits(text) == read.split()


def test_a_number_knows_its_words() -> None:
    first, second = read_numbers(words("forty-one  eleven"))
    assert (first.start, first.end) == (0, 9)
    assert (second.start, second.end) == (11, 17)


@pytest.mark.parametrize("word", ["Fünf", "FÜNF", "funf", "fu\u0308nf"])
def test_case_and_accents_do_not_matter(word: str) -> None:
    known = look_up(word)
    assert known is not None
    assert known.value == 5


@pytest.mark.parametrize("word", ["fourteenth", "card", "a", "ones", "tausendschön", "x" * 99, "٣"])
def test_other_words_are_none(word: str) -> None:
    assert look_up(word) is None


def test_the_table_is_spelled_as_it_is_looked_up() -> None:
    assert all(plain(word) == word and word.isalpha() for word in WORDS)
    assert all(0 <= value < 10 for sort, value in WORDS.values() if sort is Sort.UNIT)
    assert all(value < 1000 for sort, value in WORDS.values() if sort < Sort.SCALE)
