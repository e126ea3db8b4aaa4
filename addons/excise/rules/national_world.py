"""Check digits of personal numbers outside Europe, as `national` has them for Europe."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

from excise.rules.digits import luhn_sum
from excise.rules.national import EUROPE, Number, bare, digits_of, is_date, weighted

# The dihedral group of ten and its permutations, J. Verhoeff 1969.
_MULTIPLY: Final = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_PERMUTE: Final = (
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip
_ITIN_GROUPS: Final = frozenset({*range(50, 66), *range(70, 89), *range(90, 93), *range(94, 100)})
# Printed in advertisements and manuals; the Social Security Administration lists them as void.
_VOID_SSN: Final = frozenset({"078051120", "219099999", "123456789"})
_TAIWAN: Final = "ABCDEFGHJKLMNPQRSTUVXYWZIO"


def verhoeff(digits: str) -> bool:
    """The last digit is right after J. Verhoeff, Error Detecting Decimal Codes (1969)."""
    rest = 0
    for place, digit in enumerate(reversed(digits)):
        rest = int(_MULTIPLY[rest][int(_PERMUTE[place % 8][int(digit)])])
    return rest == 0


def us_ssn(text: str) -> bool:
    """Social Security number; SSA, the numbers never issued (POMS RM 10201)."""
    n = digits_of(text, 9)
    if not n or n in _VOID_SSN or n[:3] in ("000", "666") or n[0] == "9":
        return False
    return n[3:5] != "00" and n[5:] != "0000"


def us_itin(text: str) -> bool:
    """Individual Taxpayer Identification Number; IRS, groups in use."""
    n = digits_of(text, 9)
    return n.startswith("9") and int(n[3:5]) in _ITIN_GROUPS


def us_npi(text: str) -> bool:
    """National Provider Identifier; 45 CFR 162.406: Luhn behind the prefix 80840."""
    n = digits_of(text, 10)
    return bool(n) and n[0] in "12" and n[1:9].count("1") < 8 and luhn_sum("80840" + n) == 0


def us_dea(text: str) -> bool:
    """DEA registration; 21 CFR 1301, the sum over odd and even places."""
    n = bare(text)
    if len(n) != 9 or not n[2:].isdigit() or not n[0].isalpha():
        return False
    return weighted(n[2:8], (1, 2) * 3) % 10 == int(n[8])


def ca_sin(text: str) -> bool:
    """Social Insurance Number; Service Canada: Luhn, no number begins with 0 or 8."""
    n = digits_of(text, 9)
    return bool(n) and n[0] not in "08" and luhn_sum(n) == 0


def luhn_9(text: str) -> bool:
    """Israeli identity number; Population and Immigration Authority."""
    n = digits_of(text, 9)
    return bool(n) and luhn_sum(n) == 0


def luhn_10(text: str) -> bool:
    """Ontario health number; Ministry of Health."""
    n = digits_of(text, 10)
    return bool(n) and n[0] != "0" and luhn_sum(n) == 0


def mx_curp(text: str) -> bool:
    """CURP; Instructivo normativo, SEGOB."""
    n = bare(text)
    if len(n) != 18 or not n[4:10].isdigit() or not n[17].isdigit() or not is_date(n[8:10], n[6:8]):
        return False
    letters = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
    values = [letters.find(c) for c in n[:17]]
    total = sum(value * weight for value, weight in zip(values, range(18, 1, -1), strict=True))
    return min(values) >= 0 and -total % 10 == int(n[17])


def br_cpf(text: str) -> bool:
    """CPF; Receita Federal, Instrução Normativa."""
    n = digits_of(text, 11)
    if not n:
        return False
    first = weighted(n[:9], range(10, 1, -1)) * 10 % 11 % 10
    second = weighted(n[:10], range(11, 1, -1)) * 10 % 11 % 10
    return n[9:] == f"{first}{second}"


def br_cnpj(text: str) -> bool:
    """CNPJ; Receita Federal, Instrução Normativa."""
    n = digits_of(text, 14)
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    if not n:
        return False
    first = -weighted(n[:12], weights[1:]) % 11 % 10
    second = -weighted(n[:13], weights) % 11 % 10
    return n[12:] == f"{first}{second}"


def ar_cuit(text: str) -> bool:
    """CUIT and CUIL; AFIP, Resolución General."""
    n = digits_of(text, 11)
    if n[:2] not in ("20", "23", "24", "27", "30", "33", "34"):
        return False
    return -weighted(n, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11 == int(n[10])


def cl_rut(text: str) -> bool:
    """RUT; Servicio de Impuestos Internos."""
    n = bare(text)
    if not (8 <= len(n) <= 9 and n[:-1].isdigit()) or len(set(n[:-1])) < 2:
        return False
    return "0123456789K"[-weighted(n[-2::-1], (2, 3, 4, 5, 6, 7, 2, 3)) % 11] == n[-1]


def in_aadhaar(text: str) -> bool:
    """Aadhaar; UIDAI: twelve digits, none begins with 0 or 1, Verhoeff."""
    n = digits_of(text, 12)
    return bool(n) and n[0] not in "01" and n != n[::-1] and verhoeff(n)


def au_tfn(text: str) -> bool:
    """Tax file number; Australian Taxation Office."""
    n = digits_of(text, 9)
    return bool(n) and weighted(n, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def au_abn(text: str) -> bool:
    """Australian Business Number; Australian Business Register."""
    n = digits_of(text, 11)
    weights = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
    return bool(n) and n[0] != "0" and (weighted(n, weights) - 10) % 89 == 0


def au_acn(text: str) -> bool:
    """Australian Company Number; Corporations Regulations 2001."""
    n = digits_of(text, 9)
    return bool(n) and -weighted(n, range(8, 0, -1)) % 10 == int(n[8])


def au_medicare(text: str) -> bool:
    """Medicare card number; Services Australia."""
    n = digits_of(text, 10, 11)
    return bool(n) and n[0] in "23456" and weighted(n, (1, 3, 7, 9) * 2) % 10 == int(n[8])


def nz_ird(text: str) -> bool:
    """IRD number; Inland Revenue, withholding specification."""
    n = digits_of(text, 8, 9).zfill(9)
    if not 10_000_000 < int(n) < 150_000_000:
        return False
    rest = -weighted(n, (3, 2, 7, 6, 5, 4, 3, 2)) % 11
    if rest == 10:
        rest = -weighted(n, (7, 4, 3, 2, 5, 2, 7, 6)) % 11
    return rest == int(n[8])


def sg_nric(text: str) -> bool:
    """NRIC and FIN; Immigration and Checkpoints Authority."""
    n = bare(text)
    if len(n) != 9 or n[0] not in "STFGM" or not n[1:8].isdigit():
        return False
    total = weighted(n[1:8], (2, 7, 6, 5, 4, 3, 2)) + {"T": 4, "G": 4, "M": 3}.get(n[0], 0)
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "M": "XWUTRQPNJLK"}.get(n[0], "XWUTRQPNMLK")
    at = 10 - total % 11 if n[0] == "M" else total % 11
    return letters[at] == n[8]


def kr_resident(text: str) -> bool:
    """Resident and foreigner registration number; Resident Registration Act: a date, then the
    century and sex. Numbers since October 2020 carry no check digit."""
    n = digits_of(text, 13)
    return bool(n) and n[6] in "12345678" and is_date(n[4:6], n[2:4])


def kr_business(text: str) -> bool:
    """Business registration number; National Tax Service."""
    n = digits_of(text, 10)
    if not n:
        return False
    total = weighted(n, (1, 3, 7, 1, 3, 7, 1, 3, 5)) + int(n[8]) * 5 // 10
    return -total % 10 == int(n[9])


def jp_number(text: str) -> bool:
    """My Number; Ministry of Internal Affairs ordinance 85 of 2014."""
    n = digits_of(text, 12)
    if not n:
        return False
    rest = weighted(n, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return (0 if rest <= 1 else 11 - rest) == int(n[11])


def cn_resident(text: str) -> bool:
    """Resident identity number; GB 11643-1999, ISO/IEC 7064 MOD 11-2."""
    n = bare(text)
    if len(n) != 18 or not n[:17].isdigit() or n[6:8] not in ("18", "19", "20"):
        return False
    if not is_date(n[12:14], n[10:12]):
        return False
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(n[:17]))
    return "10X98765432"[total % 11] == n[17]


def hk_card(text: str) -> bool:
    """Hong Kong identity card; Immigration Department."""
    n = bare(text.replace("(", "").replace(")", ""))
    if not re.fullmatch(r"[A-Z]{1,2}[0-9]{6}[0-9A]", n):
        return False
    values = [36 if c == " " else int(c, 36) for c in n.rjust(9)]
    return sum(v * w for v, w in zip(values, (9, 8, 7, 6, 5, 4, 3, 2, 1), strict=True)) % 11 == 0


def tw_id(text: str) -> bool:
    """National identification number of Taiwan; Ministry of the Interior."""
    n = bare(text)
    if not re.fullmatch(r"[A-Z][1289A-D][0-9]{8}", n) or not n[1].isdigit():
        return False
    head = _TAIWAN.index(n[0]) + 10
    return (head // 10 + head % 10 * 9 + weighted(n[1:], (8, 7, 6, 5, 4, 3, 2, 1, 1))) % 10 == 0


def th_id(text: str) -> bool:
    """Population identification code; Department of Provincial Administration."""
    n = digits_of(text, 13)
    if not n or n[0] in "09" or n[1] == "0" or not 10 <= int(n[1:3]) <= 96:
        return False
    return (11 - weighted(n, range(13, 1, -1)) % 11) % 10 == int(n[12])


def my_card(text: str) -> bool:
    """MyKad; National Registration Department: a date and a place code."""
    n = digits_of(text, 12)
    return bool(n) and is_date(n[4:6], n[2:4]) and n[6:8] not in ("00", "17", "18", "19", "20")


def za_id(text: str) -> bool:
    """South African identity number; Identification Act 68 of 1997."""
    n = digits_of(text, 13)
    return bool(n) and is_date(n[4:6], n[2:4]) and n[10] in "012" and luhn_sum(n) == 0


def ae_card(text: str) -> bool:
    """Emirates ID; Federal Authority for Identity: 784, a year, Luhn."""
    n = digits_of(text, 15)
    return n.startswith("784") and n[3:5] in ("19", "20") and luhn_sum(n) == 0


def id_nik(text: str) -> bool:
    """NIK; Undang-Undang 23/2006: a region, a date (women's days plus 40), a serial."""
    n = digits_of(text, 16)
    if not n or not 11 <= int(n[:2]) <= 94 or n[12:] == "0000":
        return False
    return is_date(str(int(n[6:8]) % 40), n[8:10])


NATIONAL: Final[MappingProxyType[str, Number]] = MappingProxyType(
    {
        **EUROPE,
        "ae-card": ae_card,
        "ar-cuit": ar_cuit,
        "au-abn": au_abn,
        "au-acn": au_acn,
        "au-medicare": au_medicare,
        "au-tfn": au_tfn,
        "br-cnpj": br_cnpj,
        "br-cpf": br_cpf,
        "ca-ontario": luhn_10,
        "ca-sin": ca_sin,
        "cl-rut": cl_rut,
        "cn-resident": cn_resident,
        "hk-card": hk_card,
        "id-nik": id_nik,
        "il-id": luhn_9,
        "in-aadhaar": in_aadhaar,
        "jp-number": jp_number,
        "kr-business": kr_business,
        "kr-resident": kr_resident,
        "mx-curp": mx_curp,
        "my-card": my_card,
        "nz-ird": nz_ird,
        "sg-nric": sg_nric,
        "th-id": th_id,
        "tw-id": tw_id,
        "us-dea": us_dea,
        "us-itin": us_itin,
        "us-npi": us_npi,
        "us-ssn": us_ssn,
        "za-id": za_id,
    }
)
