"""Names are found in prose, and code stays silent: sentences by hand, laws for any text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from excise.detectors.models import read_model
from excise.detectors.names.model import LABELS, NamesModel
from excise.detectors.names.tagger import Name, NamesDetector
from excise.text.met import words_of

DETECTOR = NamesDetector.shipped()


def found(text: str) -> list[tuple[str, str]]:
    return [(text[name.span.start : name.span.end], name.label) for name in DETECTOR.find(text)]


def acting(names: list[Name]) -> list[Name]:
    return [name for name in names if name.label != "ORG"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("My name is Laura Hoffman and I live in Denver.",
         [("Laura Hoffman", "PERSON"), ("Denver", "LOCATION")]),
        ("Dear Ms. Okafor,\nthank you for your letter.", [("Okafor", "PERSON")]),
        ("hi, this is maria lopez, can you help me?", [("maria lopez", "PERSON")]),
        ("Patient: Kevin Walsh, DOB 03/04/1961", [("Kevin Walsh", "PERSON")]),
        ("Please send it to 482 Maple Street, Apt 6, Portland, Oregon 97201",
         [("482 Maple Street, Apt 6", "ADDRESS"), ("Portland", "LOCATION"),
          ("Oregon", "LOCATION"), ("97201", "ADDRESS")]),
        ("Sehr geehrte Frau Neumann, wir wohnen in Leipzig.",
         [("Neumann", "PERSON"), ("Leipzig", "LOCATION")]),
        ("Anschrift: Lindenstraße 12a, 80331 München",
         [("Lindenstraße 12a", "ADDRESS"), ("80331", "ADDRESS"), ("München", "LOCATION")]),
        ("Je m'appelle Camille Durand et j'habite à Nantes.",
         [("Camille Durand", "PERSON"), ("Nantes", "LOCATION")]),
        ("El paciente Javier Moreno vive en Sevilla.",
         [("Javier Moreno", "PERSON"), ("Sevilla", "LOCATION")]),
        ("Estimada señora Gutiérrez, vive en la calle Mayor 12, 28013 Madrid.",
         [("Gutiérrez", "PERSON"), ("calle Mayor 12", "ADDRESS"), ("28013", "ADDRESS"),
          ("Madrid", "LOCATION")]),
        ("La signora Bianchi abita in via Garibaldi 8, 20121 Milano.",
         [("Bianchi", "PERSON"), ("via Garibaldi 8", "ADDRESS"), ("20121", "ADDRESS"),
          ("Milano", "LOCATION")]),
        ("Mevrouw de Vries woont in Utrecht.", [("de Vries", "PERSON"), ("Utrecht", "LOCATION")]),
        ("O João Pereira mora em Lisboa.", [("João Pereira", "PERSON"), ("Lisboa", "LOCATION")]),
        ("Charlie Sheen calls off engagement", [("Charlie Sheen", "PERSON")]),
        ("MARIA GARCIA LOPEZ, 12 RUE DE LA PAIX, 75002 PARIS",
         [("MARIA GARCIA LOPEZ", "PERSON"), ("12 RUE DE LA PAIX", "ADDRESS"),
          ("75002", "ADDRESS"), ("PARIS", "LOCATION")]),
        ('{"first_name": "Anna", "last_name": "Kowalska"}',
         [("Anna", "PERSON"), ("Kowalska", "PERSON")]),
        ("\U0001f600 Hello Sarah, how are you?", [("Sarah", "PERSON")]),
    ],
)  # fmt: skip
def test_names_in_sentences(text: str, names: list[tuple[str, str]]) -> None:
    assert found(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t\n",
        "Please restart Docker and check the Python version.",
        "The meeting on Monday, March 3 is about the Annual Report.",
        "Write a function that sorts a list of 20 numbers.",
        "## Getting Started\n\nInstall the package with pip.",
        "Sehr geehrte Damen und Herren,",
        "Upgrade from Django 4 to Django 5 in May.",
        "The Borrower shall pay the Lender under Section 4.2 of the Agreement.",
        "Visit https://www.campos-taylor.example/ to activate the account.",
    ],
)
def test_sentences_without_names(text: str) -> None:
    assert acting(DETECTOR.find(text)) == []


@pytest.mark.parametrize(
    "code",
    [
        "class Account(Base):\n    def __init__(self, Owner):\n        self.owner = Owner\n",
        "import java.util.List;\n\npublic class Martin extends Florence {\n    int rose = 3;\n}\n",
        "const Lincoln = require('./lincoln');\nmodule.exports = { Lincoln, Victoria: 4 };\n",
        "SELECT Name, City FROM Customers WHERE Country = 'x' ORDER BY Name;\n",
        "def main():\n    parser = ArgumentParser()\n    Jordan(parser.parse_args())\n",
    ],
)
def test_code_stays_silent(code: str) -> None:
    assert acting(DETECTOR.find(code)) == []


def test_lines_are_told_apart() -> None:
    code = "for (int i = 0; i < n; i++) {\n    total += item[i];\n}\n"
    assert DETECTOR.is_code(code) == [True, True, True]
    prose = "Please look at the letter from the bank.\nIt came on Monday and I am worried.\n"
    assert DETECTOR.is_code(prose) == [False, False]
    assert DETECTOR.is_code("") == []


def test_a_name_over_two_lines_is_two() -> None:
    text = "I spoke to Laura\nHoffman about it."
    assert all("\n" not in piece for piece, _ in found(text))


def test_prose_around_code_is_still_read() -> None:
    code = "for (int i = 0; i < n; i++) {\n    total += Brandt[i];\n}\n" * 4
    text = (
        f"Hello Sarah,\n\nhere is the code we spoke about.\n\n{code}\nBest regards,\nDaniel Weber\n"
    )
    assert found(text) == [("Sarah", "PERSON"), ("Daniel Weber", "PERSON")]


WORDS = st.sampled_from(
    ["Maria", "lopez", "Berlin", "12", "Oak", "Street", ",", "\n", "Dr.", "{", "x =", "and",
     "\u00e9t\u00e9", "\U0001f600", "GmbH", "from", "to", "Paris", "0815", "'"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=60).map(" ".join))


@settings(deadline=None)
@given(TEXTS)
def test_spans_lie_within_the_text_in_order(text: str) -> None:
    end = 0
    for name in DETECTOR.find(text):
        assert end <= name.span.start < name.span.end <= len(text)
        assert name.label in LABELS
        assert 0 <= name.score <= 1
        piece = text[name.span.start : name.span.end]
        assert piece == piece.strip()
        end = name.span.end


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_what_was_read_before_changes_nothing(text: str, other: str) -> None:
    first = DETECTOR.find(text)
    DETECTOR.find(other)
    assert DETECTOR.find(text) == first


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=5))
def test_many_texts_are_read_as_if_alone(texts: list[str]) -> None:
    assert DETECTOR.find_many(texts) == [DETECTOR.find(text) for text in texts]


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=5))
def test_tokens_that_are_there_already_may_be_given(texts: list[str]) -> None:
    tokens = [*map(words_of, texts)]
    assert DETECTOR.find_many(texts, tokens) == DETECTOR.find_many(texts)
    for text, own in zip(texts, tokens, strict=True):
        assert DETECTOR.find(text, own) == DETECTOR.find(text)


def test_many_texts_may_fill_several_batches() -> None:
    text = "Dear Ms. Okafor,\nthank you for your letter. " + "We will answer it soon. " * 900
    found = [DETECTOR.find(text)] * 9
    assert DETECTOR.find_many([text] * 9) == found
    assert DETECTOR.find_many([text] * 9, [words_of(text)] * 9) == found


def test_a_long_text_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name is found once, cut where lines end and, in a line without end, anywhere."""
    lines = "Dear Ms. Okafor,\nwe wrote to Laura Hoffman in Denver on Monday.\n\nBest,\nDaniel\n"
    one_line = "We wrote to Laura Hoffman in Denver, and she wrote to Kevin Walsh in Portland. "
    for text in (lines * 200, one_line * 200, (lines + one_line) * 100, "\n" * 5_000):
        whole = DETECTOR.find(text)
        with monkeypatch.context() as patch:
            patch.setattr("excise.detectors.names.tagger._PIECE", 1_000)
            pieces = DETECTOR.find(text)
        assert [name[:2] for name in pieces] == [name[:2] for name in whole]


def test_words_of_prose_are_told_from_others() -> None:
    assert DETECTOR.are_common(["letter", "Letter", "zqxv"]) == [True, True, False]


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_texts_far_apart_are_read_as_if_alone(left: str, right: str) -> None:
    """A decision reaches three tokens for names and one line for code, so paragraphs set this far
    apart by empty lines decide for themselves."""
    apart = "\n" * 12
    middle = DETECTOR.find(apart + left + apart)
    both = DETECTOR.find(apart + left + apart + right + apart)
    assert both[: len(middle)] == middle


def test_a_bias_covers_more() -> None:
    eager = NamesDetector(NamesModel.from_bytes(read_model("names.npz")), bias=4.0)
    text = "We asked Corvid about the Zaphod matter near Quillam."

    def covered(detector: NamesDetector) -> int:
        return sum(name.span.end - name.span.start for name in detector.find(text))

    assert covered(eager) > covered(DETECTOR)
