"""Published specimens pass, and a changed digit does not."""

import pytest

from excise.rules.fillers import fill
from excise.rules.national_world import NATIONAL, us_itin, us_ssn, verhoeff
from excise.rules.people import TEMPLATES

SPECIMENS = [
    ("ar-cuit", "20-05536168-2"),
    ("au-abn", "51 824 753 556"),
    ("au-acn", "004 085 616"),
    ("au-medicare", "2123 45670 1"),
    ("au-tfn", "876 543 210"),
    ("br-cnpj", "11.444.777/0001-61"),
    ("br-cpf", "111.444.777-35"),
    ("ca-sin", "130 692 544"),
    ("cl-rut", "12.345.678-5"),
    ("cn-resident", "11010519491231002X"),
    ("hk-card", "A123456(3)"),
    ("id-nik", "3171011708450001"),
    ("il-id", "039337423"),
    ("in-aadhaar", "2341 2341 2346"),
    ("jp-number", "1234 5678 9018"),
    ("kr-business", "104-86-56659"),
    ("kr-resident", "960121-1234567"),
    ("mx-curp", "BOXW310820HNERXN09"),
    ("my-card", "770305-02-1234"),
    ("nz-ird", "49-091-850"),
    ("sg-nric", "S1234567D"),
    ("th-id", "1 2345 67890 12 1"),
    ("tw-id", "A123456789"),
    ("us-dea", "BB1388568"),
    ("us-npi", "1234567893"),
    ("za-id", "800101 5009 087"),
]
CHECKED = [each for each in SPECIMENS if each[0] not in ("id-nik", "kr-resident", "my-card")]


@pytest.mark.parametrize(("kind", "number"), SPECIMENS)
def test_a_specimen_passes(kind: str, number: str) -> None:
    assert NATIONAL[kind](number)


@pytest.mark.parametrize(("kind", "number"), CHECKED)
def test_another_check_digit_does_not(kind: str, number: str) -> None:
    at = {"hk-card": -2, "au-medicare": -3}.get(kind, len(number) - 1) % len(number)
    others = "0123456789" if number[at].isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    wrong = [number[:at] + other + number[at + 1 :] for other in others if other != number[at]]
    assert not any(NATIONAL[kind](each) for each in wrong)


@pytest.mark.parametrize("kind", sorted(NATIONAL))
@pytest.mark.parametrize(
    "text", ["", "1", "x" * 13, "1111111111111", "9" * 40, "１２３４５６７８９"]
)
def test_other_texts_fail_quietly(kind: str, text: str) -> None:
    assert NATIONAL[kind](text) is False


@pytest.mark.parametrize("kind", sorted(set(TEMPLATES)))
def test_right_and_wrong_numbers_are_told_apart(kind: str) -> None:
    assert NATIONAL[kind](fill(f"{{id:{kind}}}", "seed"))
    assert not NATIONAL[kind](fill(f"{{id-bad:{kind}}}", "seed"))


def test_every_number_can_be_made_up() -> None:
    assert set(TEMPLATES) == set(NATIONAL)


@pytest.mark.parametrize(
    "number", ["000-12-3456", "666-12-3456", "900-12-3456", "219-09-9999", "123-00-4567"]
)
def test_a_number_that_was_never_issued_is_none(number: str) -> None:
    assert not us_ssn(number)


@pytest.mark.parametrize(("number", "real"), [("911-70-1234", True), ("911-89-1234", False)])
def test_itin_groups(number: str, real: bool) -> None:
    assert us_itin(number) is real


def test_verhoeff_sees_every_swap_of_neighbours() -> None:
    number = "234123412346"
    swaps = [number[:at] + number[at + 1] + number[at] + number[at + 2 :] for at in range(11)]
    assert verhoeff(number)
    assert not any(verhoeff(each) for each in swaps if each != number)
