"""What a token says of itself, in tables; and that it says so for any token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.names.features import (
    CLASSES,
    Lexicon,
    class_of,
    features_of,
    key_of,
    shape_of,
)
from excise.text.tokens import tokenize


@pytest.mark.parametrize(
    ("token", "shape"),
    [
        ("Anna", "Xx"), ("anna", "x"), ("A", "X"), ("a", "x"), ("USA", "XX"), ("ANNA", "XXX"),
        ("McKay", "mixed"), ("iPhone", "xX"), ("7", "d1"), ("80331", "d5"), ("123456789012", "d9"),
        (",", ","), ("\n", "\\n"), ("\r", "\\n"), ("Łukasz", "Xx"), ("李雷", "xX"),
    ],
)  # fmt: skip
def test_shapes(token: str, shape: str) -> None:
    assert shape_of(token) == shape


@pytest.mark.parametrize(
    ("token", "bits", "number"),
    [
        ("\n", 0, 0), (",", 0, 2), (")", 0, 7), ("{", 0, 12), ("@", 0, 9), ("7", 0, 13),
        ("1984", 0, 16), ("8033", 0, 17), ("80331", 0, 18), ("dr", Lexicon.TITLE, 20),
        ("Street", Lexicon.STREET, 21), ("May", Lexicon.MONTH | Lexicon.GIVEN, 23),
        ("J", 0, 31), ("the", Lexicon.FREQUENT, 26), ("maria", Lexicon.GIVEN, 29),
        ("Maria", Lexicon.GIVEN, 32), ("Jordan", Lexicon.GIVEN | Lexicon.SURNAME, 33),
        ("Okafor", Lexicon.SURNAME, 34), ("Berlin", Lexicon.PLACE, 35),
        ("Chad", Lexicon.COUNTRY, 37), ("Zyx", 0, 39),
        ("Maria", Lexicon.GIVEN | Lexicon.TOP_GIVEN, 48), ("Smith", Lexicon.TOP_SURNAME, 49),
        ("Will", Lexicon.TOP_GIVEN | Lexicon.FREQUENT, 40), ("MARIA", Lexicon.TOP_GIVEN, 45),
        ("singer", Lexicon.JOB | Lexicon.KNOWN, 50), ("Lawyer", Lexicon.JOB, 50),
        ("Danish", Lexicon.DEMONYM, 51), ("said", Lexicon.SPEECH | Lexicon.FREQUENT, 52),
        ("In", Lexicon.TOWARDS | Lexicon.FREQUENT, 53), ("und", Lexicon.JOINER, 54),
        ("BERLIN", Lexicon.PLACE, 43), ("NATO", 0, 45), ("iPhone", 0, 47),
    ],
)  # fmt: skip
def test_classes(token: str, bits: int, number: int) -> None:
    assert class_of(token, bits) == number


def test_features_tell_word_shape_and_lists() -> None:
    found = features_of("Maria", Lexicon.GIVEN)
    assert {"w=maria", "h=Xx", "g=1", "hg=Xx1", "b=Xx1", "p3=mar", "s3=ria", "l=Xx5"} <= set(found)
    assert features_of(",", 0) == ("w=,", "h=,", "g=0", "hg=,0")


@given(st.text(min_size=1, max_size=30), st.integers(0, 2 * max(Lexicon) - 1))
def test_any_token_has_features_and_a_class(text: str, bits: int) -> None:
    tokens = tokenize(text)
    for start, end in zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True):
        token = text[start:end]
        assert 0 <= class_of(token, bits) < CLASSES
        found = features_of(token, bits)
        assert len(set(found)) == len(found)
        assert all(0 <= key_of(feature) < 1 << 32 for feature in found)


def test_a_lone_surrogate_has_a_key() -> None:
    assert key_of("w=\ud800") != key_of("w=\ud801")
