"""After redaction nothing of a card is left: no four digits of its number in a row, no code."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from excise.detectors.build import build_scanner
from excise.detectors.scanner import FullScanner
from excise.enforce.redact import PLACEHOLDER, Placeholders, build_redaction
from excise.model import Action, Mode, Part, Role, Ruling, Segment
from excise.pipeline.weigh import genuine
from excise.resources import policies_dir
from excise.rules.digits import iban_remainder, luhn_sum
from excise.rules.load import load_pack

KEY = b"of this test alone, 32 bytes long"
LAYOUTS = {16: "4444", 15: "465", 14: "464", 13: "4441", 19: "44443"}
PREFIXES = {
    16: ("4", "51", "2221", "6011", "3528", "62", "5019", "9792", "2200"),
    15: ("34", "37"),
    14: ("36", "300"),
    13: ("4",),
    19: ("4", "62"),
}
# `N` the number as it is, `G` in groups, `C` the code, `E` the expiry, `L` the last four digits.
TEXTS = (
    "please charge card N, exp E, cvv C",
    "my visa is G and the code on the back is C. Did you get G? It ends in L.",
    "N|E|C\nN|E|C\nG|E|C",
    "N;12;2030;C;Anna Doe",
    "N,C,E",
    '{"card":{"number":"N","cvc":"C","exp":"E"}}',
    '{"card": {"number": N, "cvc": C}}',
    "cardNumber=N&cvv=C&expiry=E",
    "<card><number>G</number><cvc>C</cvc></card>",
    "name,pan,expiry,cvv\nAnna,N,E,C\nBen,G,E,C",
    "agent: the number?\nanna: card G\nagent: three digits on the back?\nanna: C",
    "Card number\nG\nSecurity code\nC\nsecond try: N, code C",
    "INSERT INTO cards (pan, exp, cvv) VALUES ('N', 'E', 'C');",
    "%BN^DOE/ANNA^30121010000000000? with code C (cvv) and ;N=30121010000000000?",
    "card N was declined (PAN N, masked L), retry with cvv C",
)


@cache
def scanner() -> FullScanner:
    folder = policies_dir() / "packs" / "pci"
    files = {path.name: path.read_text("utf-8") for path in folder.glob("*.yaml")}
    return build_scanner(load_pack("pci", files).rules)


def redacted(text: str) -> str:
    """The text as it would leave, placeholders taken out."""
    segment = Segment(text, Role.USER, Part.PROMPT, 0)
    rulings = [
        Ruling(segment=segment, finding=each, action=Action.REDACT, mode=Mode.ENFORCE, clause="")
        for each in genuine(text, scanner().scan([segment])[0])
    ]
    edits = build_redaction(rulings, Placeholders(KEY).name).edits
    for edit in sorted(edits, key=lambda each: each.span, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return PLACEHOLDER.sub("[]", text)


@st.composite
def cards(draw: st.DrawFn) -> dict[str, str]:
    """What the letters of a text stand for."""
    length = draw(st.sampled_from(sorted(LAYOUTS)))
    prefix = draw(st.sampled_from(PREFIXES[length]))
    rest = st.text(
        "0123456789", min_size=length - 1 - len(prefix), max_size=length - 1 - len(prefix)
    )
    body = prefix + draw(rest)
    number = body + str(-luhn_sum(body + "0") % 10)
    groups, at = [], 0
    for size in LAYOUTS[length]:
        groups.append(number[at : at + int(size)])
        at += int(size)
    size = 4 if length == 15 else 3
    return {
        "N": number,
        "G": draw(st.sampled_from((" ", "-", ".", "\u00a0"))).join(groups),
        "C": draw(st.text("0123456789", min_size=size, max_size=size)),
        "E": f"{draw(st.integers(1, 12)):02d}/{draw(st.integers(26, 39))}",
        "L": number[-4:],
    }


def written(template: str, card: dict[str, str]) -> str:
    """The template with its letters filled, where they stand alone."""
    out = []
    for at, char in enumerate(template):
        around = template[max(at - 1, 0) : at] + template[at + 1 : at + 2]
        alone = not any(each.isalpha() and each != "B" for each in around)
        out.append(card[char] if char in card and alone else char)
    return "".join(out)


# A code of four digits that could be a month and a year.
_AMEX = "3782" + "822463" + "10005"
_LOOKS_LIKE_A_DATE = {
    "N": _AMEX, "G": f"{_AMEX[:4]} {_AMEX[4:10]} {_AMEX[10:]}", "C": "0120", "E": "01/26",
    "L": _AMEX[-4:],
}  # fmt: skip


@pytest.mark.parametrize("template", TEXTS)
@settings(max_examples=40, deadline=None)
@given(card=cards())
@example(card=_LOOKS_LIKE_A_DATE)
def test_nothing_of_a_card_is_left(template: str, card: dict[str, str]) -> None:
    """Law: however often and in whatever layout a card is named, its digits go."""
    text = written(template, card)
    left = redacted(text)
    number = card["N"]
    for at in range(len(number) - 3):
        assert number[at : at + 4] not in left
    if "C" in template:
        assert card["C"] not in left


@pytest.mark.parametrize(
    "text",
    ["order id N was paid by card", "see N for more", "token tok_N of the card", "IMG_N.jpg"],
)
@settings(max_examples=25, deadline=None)
@given(card=cards())
def test_what_merely_passes_luhn_stays(text: str, card: dict[str, str]) -> None:
    """Law: an id that could be a card number is left where it is called something else."""
    whole = text.replace("N", card["N"])
    assert redacted(whole) == whole


SPOKEN = {
    "card": "zero one two three four five six seven eight nine",
    "Karte": "null eins zwei drei vier fünf sechs sieben acht neun",
    "carte": "zéro un deux trois quatre cinq six sept huit neuf",
    "tarjeta": "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "carta": "zero uno due tre quattro cinque sei sette otto nove",
    "cartão": "zero um dois três quatro cinco seis sete oito nove",
    "kaart": "nul een twee drie vier vijf zes zeven acht negen",
    "karta": "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć",
}


@pytest.mark.parametrize("noun", SPOKEN)
@settings(max_examples=25, deadline=None)
@given(card=cards(), gap=st.sampled_from((" ", "-", "\n", ", ")))
def test_nothing_of_a_card_in_words_is_left(noun: str, card: dict[str, str], gap: str) -> None:
    """Law: a number and its code read out in words go as a whole, in every language."""
    words = SPOKEN[noun].split()

    def read(digits: str) -> str:
        return gap.join(words[int(digit)] for digit in digits)

    left = redacted(f"{noun} {read(card['N'])}! CVV: {read(card['C'])}!")
    assert left.replace("[]", "") == f"{noun} ! CVV: !"


@given(st.text("0123456789", min_size=18, max_size=18))
@settings(max_examples=25, deadline=None)
def test_an_account_in_words_goes_as_a_whole(body: str) -> None:
    """Law: an IBAN whose letters are spelled and whose digits are read out is one value."""
    check = f"{98 - iban_remainder(f'DE00{body}'):02d}"
    words = SPOKEN["card"].split()
    read = " ".join(words[int(digit)] for digit in check + body)
    assert redacted(f"it is Delta Echo {read}.") == "it is []."
