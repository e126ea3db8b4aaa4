"""Cards by their surroundings: what is one, what is none, and what belongs to one."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from excise.detectors.base import Glance
from excise.detectors.patterns import cards
from excise.detectors.patterns.cards import CODE, EXPIRY, PAN, PART, Cards
from excise.model import Part, Role, Segment, Span
from excise.rules.digits import luhn_sum
from excise.rules.fillers import fill

MARK = re.compile(r"<<(.*?)>>", re.DOTALL)


def find(text: str, label: str = "") -> list[tuple[str, str]]:
    """Labels with the texts of the spans."""
    segment = Segment(text, Role.USER, Part.PROMPT, 0, label=label)
    (sights,) = Cards().find([Glance(segment)])
    return [(sight.label, text[sight.span.start : sight.span.end]) for sight in sights]


def values(marked: str) -> tuple[str, list[str]]:
    """A text without its marks, and what they marked."""
    filled = fill(marked, marked)
    return MARK.sub(r"\1", filled), MARK.findall(filled)


@pytest.mark.parametrize(
    "text",
    [
        "my card is <<{pan:visa:4-4-8}>> thanks",
        "card no: <<{pan:visa:4 4 4 4}>>\nthanks",
        "it is <<{pan:amex:4 6 5}>> as printed",
        "it is <<{pan:diners:4-6-4}>> as printed",
        "pan on file: <<{pan:visa:6 10}>>",
        "card <<{pan:visa:4/4/4/4}>>, or <<{pan:jcb:4_4_4_4}>>, or <<{pan:visa:4.4.4.4}>>",
        "<<{=a pan:visa}>> on my card, so <<{=a}>> and <<{=a}>>",
        "what is the number?\nanna: <<{pan:mastercard}>>",
        "id,pan,amount\n1,<<{pan:visa}>>,2.00\n2,<<{pan:amex}>>,3.00",
        "| who | card |\n|---|---|\n| Ann | <<{pan:visa}>> |",
        "read <<{pan:visa}=29121010000012345>> from it",
        "TLV 5A08<<{pan:visa}>>9F02060000",
        "57 11 <<{pan:visa}D29122010000123456>>",
        "VI<<{pan:visa}>> for the room",
        "I was charged 20 EUR on <<{pan:visa}>> yesterday",
    ],
)
def test_a_number_among_what_tells_of_cards_is_one(text: str) -> None:
    plain, wanted = values(text)
    assert [value for label, value in find(plain) if label == PAN] == wanted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{pan:visa}",
        "see {pan:visa} for more",
        "the card of order id {pan:visa}",
        "card token tok_{pan:visa} was saved",
        "card c0ffee00-1111-4222-8333-{luhn:12:5}",
        "a card for x{pan:visa}",
        "card 0.{pan:visa}",
        "rates 9999 {pan:visa:4 4 4 4} 1000 of nothing",
        "{pan:visa:4 4 4 4} 5555 6666",
        "my card is {luhn-bad:16:4}",
        "my card is {luhn:16:9}",
        "my card is 0{pan:visa}",
        "id,qty\n1,{pan:visa}\n2,{pan:visa}",
        "5A08{luhn-bad:16:4}",
        "57{luhn:16:4}",
        "a657106190266528085",
        "one 4 1 1 1 two",
    ],
)
def test_a_number_that_is_none_is_left(text: str) -> None:
    assert find(values(text)[0]) == []


def test_the_key_of_a_field_tells() -> None:
    number = values("{pan:visa}")[0]
    assert find(number, "card_number") == [(PAN, number)]
    assert find(number, "order_id") == []


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("{pan:visa}|12|2030|<<{digit:3}>>", CODE),
        ("{pan:visa},<<{digit:3}>>,12/30", CODE),
        ("{pan:visa} 12/30 <<{digit:3}>> anna", CODE),
        ("('Ann', '{pan:visa}', '12/30', '<<{digit:3}>>')", CODE),
        ("card {pan:visa}, <<{=c digit:3}>> is the cvv, yes <<{=c}>>", CODE),
        (
            "card {pan:visa}\n[10:02] bob: three digits on the back?\n[10:03] ann: <<{digit:3}>>",
            CODE,
        ),
        ("n,card,cvv\nAnn,{pan:visa},<<{digit:3}>>\nBen,{pan:jcb},<<{digit:3}>>", CODE),
        ("Security code\n<<{digit:4}>>\nCard number\n{pan:amex}", CODE),
        ("{pan:visa}|<<12|2030>>|123", EXPIRY),
        ("card {pan:visa}, valid thru <<12/29>>, made 11/24", EXPIRY),
        ("card {pan:visa} gültig bis: <<2029-12>>", EXPIRY),
        ("DE 2: {pan:visa}\nDE 14: <<2912>>", EXPIRY),
        ("card 4000056655665556, ends <<5556>>, begins <<400005>>, year 2026", PART),
    ],
)
def test_what_belongs_to_a_card_is_seen(text: str, label: str) -> None:
    plain, wanted = values(text)
    assert [value for each, value in find(plain) if each == label] == wanted


@pytest.mark.parametrize(
    "text", ["the cvv is {digit:3}", "valid thru 12/29", "5556", "12/29 123", "code: {digit:3}"]
)
def test_without_a_card_nothing_belongs_to_one(text: str) -> None:
    assert find(values(text)[0]) == []


@settings(max_examples=300)
@given(
    st.text("0123456789", min_size=13, max_size=19),
    st.sampled_from(["see {} there", '{{"id": {}}}', '{{"ref":"{}"}}', "took {} in 12 ms\nok"]),
)
def test_random_digits_are_no_card_whatever_their_check_digit(number: str, text: str) -> None:
    """Law: without a word, a record or a column no bare number is a card."""
    body = number[:-1]
    right = body + str(-luhn_sum(body + "0") % 10)
    assert find(text.format(right)) == []


@settings(max_examples=300)
@given(st.text(st.sampled_from("0149 -./\n|,;=^DFcardv:\"'x%B"), max_size=120))
def test_sights_lie_in_order_inside_the_text(text: str) -> None:
    """Law: no span is empty, none leaves the text, and labels are its own."""
    segment = Segment(f"card {text}", Role.USER, Part.PROMPT, 0)
    (sights,) = Cards().find([Glance(segment)])
    assert list(sights) == sorted(sights, key=lambda each: each.span)
    for sight in sights:
        assert 0 <= sight.span.start < sight.span.end <= len(segment.text)
        assert sight.label in Cards().labels


@pytest.mark.parametrize(
    "row", ["{pan:visa}", "{pan:mastercard},{digit:3}", "{pan:amex};{digit:4}"]
)
@pytest.mark.parametrize("count", [4, 40])
def test_a_list_of_cards_needs_no_word(row: str, count: int) -> None:
    """Where most long numbers could be cards, they are, and what stands behind each is its code."""
    rows = [fill(row, f"listed {n}") for n in range(count)]
    text = "\n".join(rows)
    (sights,) = Cards().find([Glance(Segment(text, Role.USER, Part.PROMPT, 0))])
    found = {text[s.span.start : s.span.end] for s in sights}
    assert {field for each in rows for field in re.split("[,;]", each)} <= found


def test_a_list_of_ids_is_none() -> None:
    """One in twenty passes for a card by chance."""
    dice = random.Random(5)
    text = "\n".join(f"4{dice.randrange(10**15):015}" for _ in range(500))
    assert Cards().find([Glance(Segment(text, Role.USER, Part.PROMPT, 0))]) == [()]


PIECES = (
    "cvv", "CVC2", "card code", "Security-code", "security number", "verify value", "digits on the "
    "back", "3-digit code", "three digits", "code on the front", "pruefziffer", "prüfzahl",
    "cryptogramme visuel", "código de segurança", "codigo de seguridad", "codice di sicurezza",
    "kod cvv2", "kod bezpieczenstwa", "cid", "csc", "decided", "beveiligingscode", " exp", "Valid "
    "thru", "geldig tot", "vence", "scadenza", "ends", "endes", "good thru", "bit 14", "DE014",
    "field_14", "F14", "important", "valable jusqu'au", "wazna do", "verfällt", "verfallt",
    ": ", " is ", "\n", " ", "123", "4567", "09/27", "12 28", "2031", "/", "0", "x", "\u017f", "K",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.integers(0, 9))
def test_by_their_beginnings_the_same_is_found_as_by_the_patterns(text: str, cut: int) -> None:
    """What `finditer` finds in a stretch, and nothing else."""
    area = Span(min(cut, len(text)), len(text))
    for pattern, signs in ((cards._CODE, cards._CODE_SIGNS), (cards._EXPIRES, cards._EXPIRY_SIGNS)):
        expected = [match.span() for match in pattern.finditer(text, *area)]
        assert [match.span() for match in cards._beginning(pattern, signs, text, area)] == expected


def test_a_number_that_comes_again_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text of nothing but one card costs little more than the card."""
    judged: list[str] = []

    def judge(text: str, label: str, number: cards._Number) -> bool:
        judged.append(number.digits)
        return True

    monkeypatch.setattr(cards, "_is_card", judge)
    number = fill("{pan:visa}", "again")
    text = f"{number}\n" * 50
    assert len(cards._sights(text, "")) == 50
    assert judged == [number]
