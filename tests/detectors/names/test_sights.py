"""Names as sights: addresses whole, persons found again, spans in place."""

import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from excise.detectors.base import Glance, Sight
from excise.detectors.names import sights as names_sights
from excise.detectors.names.model import LABELS
from excise.detectors.names.sights import Names, joined, whole, with_mentions
from excise.detectors.names.tagger import Label, Name
from excise.model import Part, Role, Segment, Span

NAMES = Names.shipped()
SHORT: dict[str, Label] = {"A": "ADDRESS", "L": "LOCATION", "P": "PERSON", "O": "ORG"}
SCORES = (0.5, 0.6, 0.7, 0.8, 0.9)


def glance(text: str) -> Glance:
    return Glance(Segment(text, Role.USER, Part.PROMPT, 0))


def seen(text: str) -> list[tuple[str, str]]:
    (sights,) = NAMES.find([glance(text)])
    return [(text[s.span.start : s.span.end], s.label) for s in sights]


def marked(text: str) -> tuple[str, list[Name]]:
    """`[A 1 Oak St], x` → the text without marks, and its names."""
    plain, names = "", []
    while "[" in text:
        before, rest = text.split("[", 1)
        inside, text = rest.split("]", 1)
        plain += before
        names.append(
            Name(
                Span(len(plain), len(plain) + len(inside) - 2),
                SHORT[inside[0]],
                0.5 + len(names) / 10,
            )
        )
        plain += inside[2:]
    return plain + text, names


@pytest.mark.parametrize(
    ("text", "sights"),
    [
        ("[A 1 Oak St], [L Troy]", ["A 1 Oak St, Troy"]),
        ("[A 1 Oak St], [L Troy], [L NY] [A 12180], [L USA].", ["A 1 Oak St, Troy, NY 12180, USA"]),
        ("[A 1 Oak St]\n[A 12180] [L Troy]\n[L USA]", ["A 1 Oak St\n12180 Troy\nUSA"]),
        ("> [A 1 Oak St]\r\n> [L Troy]", ["A 1 Oak St\r\n> Troy"]),
        ("[L Troy], [A 1 Oak St]", ["A Troy, 1 Oak St"]),
        ("[L Troy]\n[A 1 Oak St]", ["L Troy", "A 1 Oak St"]),
        ("[L Troy], [L NY]", ["L Troy", "L NY"]),
        ("[A 1 Oak St]\n\n[L Troy]", ["A 1 Oak St", "L Troy"]),
        ("[A 1 Oak St] to [L Troy]", ["A 1 Oak St", "L Troy"]),
        ("[P Ann Lee], [A 1 Oak St], [O Acme]", ["P Ann Lee", "A 1 Oak St", "O Acme"]),
        ("[A 1 Oak St] [P Ann Lee] [L Troy]", ["A 1 Oak St", "P Ann Lee", "L Troy"]),
    ],
)  # fmt: skip
def test_the_parts_of_an_address_are_one_sight(text: str, sights: list[str]) -> None:
    plain, names = marked(text)
    found = list(joined(plain, names))
    assert [f"{s.label[0]} {plain[s.span.start : s.span.end]}" for s in found] == sights


def test_an_address_is_as_sure_as_its_surest_street_or_postcode() -> None:
    plain, names = marked("[A 1 Oak St], [A 12180] [L Troy]")
    assert list(joined(plain, names)) == [Sight("ADDRESS", Span(0, len(plain)), 0.6)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ann Quill came. Then Quill left, and Ann too.", ["Ann Quill", "Quill", "Ann"]),
        ("Quill first, Ann Quill second, Quills no.", ["Quill", "Ann Quill"]),
        ("Ann Quill and quill and QUILL", ["Ann Quill"]),
        ("Ann Quill Street Quill", ["Ann Quill", "Quill"]),
    ],
)
def test_persons_are_found_again(text: str, names: list[str]) -> None:
    start = text.index("Ann Quill")
    once = [Name(Span(start, start + 9), "PERSON", 0.95)]
    found = with_mentions(text, once, lambda words: [word == "Street" for word in words])
    assert [text[n.span.start : n.span.end] for n in found] == names
    assert all(0 < n.score <= 0.95 for n in found)


@pytest.mark.parametrize(
    ("name", "common"),
    [
        (Name(Span(0, 9), "PERSON", 0.6), ""),  # unsure
        (Name(Span(0, 9), "ORG", 0.95), ""),
        (Name(Span(0, 9), "PERSON", 0.95), "Ann Quill"),  # ordinary words
    ],
)
def test_other_names_are_not_lent(name: Name, common: str) -> None:
    names = [name]
    assert (
        with_mentions("Ann Quill and Quill", names, lambda words: [w in common for w in words])
        == names
    )


@given(
    st.lists(st.sampled_from(["Ann", "Quill", "Anna", "ann", "xAnn", "Ann1", "_", ". ", " ", "É"]))
)
def test_few_words_are_found_like_many(pieces: list[str]) -> None:
    """One by one, and among all words with a capital."""
    text, words = "".join(pieces), {"Ann", "Quill", "Anna", "Éa"}
    few = sorted(names_sights._mentions(text, words))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(names_sights, "_FEW", 0)
        assert few == sorted(names_sights._mentions(text, words))


def test_in_sentences() -> None:
    assert seen("Ship to Laura Hoffman, 482 Maple Street, Portland, Oregon 97201 today.") == [
        ("Laura Hoffman", "PERSON"), ("482 Maple Street, Portland, Oregon 97201", "ADDRESS")
    ]  # fmt: skip
    assert seen("Best regards,\nDaniel Weber\nBerlin") == [
        ("Daniel Weber", "PERSON"), ("Berlin", "LOCATION")
    ]  # fmt: skip


PIECES = ["Maria Lopez", "Lopez", "Berlin", "12 Oak Street", ",", "\n", "Dr.", "80331", "and", "{"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=24).map(" ".join)


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_sights_lie_in_order_and_apart(texts: list[str]) -> None:
    found = NAMES.find([glance(text) for text in texts])
    assert [NAMES.find([glance(text)])[0] for text in texts] == found
    for text, sights in zip(texts, found, strict=True):
        end = 0
        for sight in sights:
            assert end <= sight.span.start < sight.span.end <= len(text)
            assert sight.label in NAMES.labels == frozenset(LABELS)
            assert 0 <= sight.score <= 1
            if sight.label == "PERSON":
                assert "\n" not in text[sight.span.start : sight.span.end]
            end = sight.span.end


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("[P Ann Lee]", ["Ann Lee"]),
        ("([P Ann Lee])'s", ["Ann Lee"]),
        ("9f8a-41[A 12180]-ee", []),
        ("[L Troy]a1, [L NY]", ["NY"]),
        ("x[P Ann]", []),
        ("at=[A 1 Oak St]", ["1 Oak St"]),
    ],
)
def test_pieces_of_words_and_numbers_are_no_names(text: str, kept: list[str]) -> None:
    plain, names = marked(text)
    assert [plain[slice(*name.span)] for name in whole(plain, names)] == kept


def test_no_name_is_a_piece_of_an_id() -> None:
    """Ids of which nearly each has something in it that looks like a street and its number."""
    text = "\n".join(str(uuid.uuid5(uuid.NAMESPACE_URL, str(at))) for at in range(300))
    (sights,) = NAMES.find([glance(text)])
    assert len(sights) < 5
    for sight in sights:
        assert not text[max(sight.span.start - 1, 0) : sight.span.start + 1].isalnum()
        assert not text[sight.span.end - 1 : sight.span.end + 1].isalnum()
