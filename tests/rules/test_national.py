"""Published specimens pass, and a changed digit does not."""

import pytest

from excise.rules.digits import luhn_sum
from excise.rules.fillers import fill
from excise.rules.national import EUROPE, is_date, mod_11_10
from excise.rules.people import TEMPLATES

# Specimens that the issuing offices or their standards print.
SPECIMENS = [
    ("at-social", "1237 010180"),
    ("be-national", "85.07.30-033.28"),
    ("bg-egn", "7523169263"),
    ("ch-ahv", "756.9217.0769.85"),
    ("cy-tax", "00123123T"),
    ("cz-birth", "710319/2745"),
    ("de-doctor", "123456601"),
    ("de-health", "A123456780"),
    ("de-social", "15 070649 C 103"),
    ("de-tax", "86 095 742 719"),
    ("de-tax-issued", "86 095 742 719"),
    ("dk-cpr", "211062-5629"),
    ("ee-code", "37605030299"),
    ("es-nif", "12345678-Z"),
    ("es-nif", "X9613851N"),
    ("es-social", "281234567840"),
    ("fi-hetu", "131052-308T"),
    ("fr-nir", "2 55 08 14 168 025 38"),
    ("fr-tax", "30 23 217 600 053"),
    ("gb-nhs", "943 476 5919"),
    ("gb-utr", "1955839661"),
    ("gr-afm", "094259216"),
    ("gr-amka", "01013099997"),
    ("hr-oib", "33392005961"),
    ("hu-tax", "8071592153"),
    ("ie-pps", "1234567FA"),
    ("is-kennitala", "120174-3399"),
    ("it-fiscal", "RCCMNL83S18D969H"),
    ("it-vat", "01333550323"),
    ("lu-matricule", "1893120105732"),
    ("lv-code", "161175-19997"),
    ("nl-bsn", "1112.22.333"),
    ("no-fnr", "151086 95088"),
    ("pl-card", "ABA300000"),
    ("pl-nip", "856-734-62-15"),
    ("pl-pesel", "44051401458"),
    ("pt-card", "00000000 0 ZZ4"),
    ("pt-nif", "501964843"),
    ("ro-cnp", "1630615123457"),
    ("se-company", "556074-7569"),
    ("se-number", "880320-0016"),
    ("se-number", "189004119807"),
    ("si-tax", "15012557"),
    ("tr-id", "10000000146"),
    ("ua-tax", "1759013776"),
    ("yu-emso", "0101006500006"),
]
# Where one wrong digit is not always seen: a date alone, a sum that ignores a place.
WEAK = {"dk-cpr", "lv-code", "de-doctor", "gb-utr", "is-kennitala", "lu-matricule"}


@pytest.mark.parametrize(("kind", "number"), SPECIMENS)
def test_a_specimen_passes(kind: str, number: str) -> None:
    assert EUROPE[kind](number)


@pytest.mark.parametrize(("kind", "number"), [each for each in SPECIMENS if each[0] not in WEAK])
def test_another_last_digit_does_not(kind: str, number: str) -> None:
    last = number[-1]
    others = "0123456789" if last.isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    if kind == "ie-pps":
        number, last, others = "1234567T", "T", "ABCDEFGHIJKLMNOPQRSUVW"
    wrong = [number[:-1] + other for other in others if other != last]
    assert not any(EUROPE[kind](each) for each in wrong)


@pytest.mark.parametrize("kind", sorted(EUROPE))
@pytest.mark.parametrize(
    "text", ["", "1", "x" * 11, "11111111111", "9" * 40, "１２３４５６７８９０１"]
)
def test_other_texts_fail_quietly(kind: str, text: str) -> None:
    """Whatever a pattern may hand over, the answer is no and no error."""
    assert EUROPE[kind](text) is False


@pytest.mark.parametrize("kind", sorted(set(EUROPE) & set(TEMPLATES)))
def test_right_and_wrong_numbers_are_told_apart(kind: str) -> None:
    assert EUROPE[kind](fill(f"{{id:{kind}}}", "seed"))
    assert not EUROPE[kind](fill(f"{{id-bad:{kind}}}", "seed"))


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("hr-oib", "HR33392005961"),
        ("gr-afm", "EL094259216"),
        ("it-vat", "IT01333550323"),
        ("pl-nip", "PL8567346215"),
        ("pt-nif", "PT501964843"),
        ("si-tax", "SI15012557"),
    ],
)
def test_a_country_code_may_stand_in_front(kind: str, number: str) -> None:
    assert EUROPE[kind](number) and EUROPE[kind](number[2:])
    assert not EUROPE[kind](f"XX{number[2:]}")


@pytest.mark.parametrize("number", ["12345678903", "98765432106"])
def test_no_tax_number_was_issued_without_a_digit_that_repeats(number: str) -> None:
    assert EUROPE["de-tax"](number) and not EUROPE["de-tax-issued"](number)


@pytest.mark.parametrize(
    ("day", "month", "real"),
    [("31", "12", True), ("31", "11", False), ("29", "02", True), ("00", "01", False)],
)
def test_dates(day: str, month: str, real: bool) -> None:
    assert is_date(day, month) is real


def test_mod_11_10_has_one_check_digit_for_each_number() -> None:
    for body in ("0794624970", "8609574271", "1234567890"):
        assert sum(mod_11_10(body + digit) for digit in "0123456789") == 1


def test_amka_needs_luhn() -> None:
    assert luhn_sum("01013099997") == 0
