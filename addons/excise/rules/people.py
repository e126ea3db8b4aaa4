"""Made-up numbers of people for examples: right in form and check digits, drawn by a seed.

A number is drawn until its check holds. In a template `9` is a digit, `A` a letter, `[…]` one of
these, `DD MM YY` a date, everything else itself.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

from excise.rules.mnemonics import to_mnemonic
from excise.rules.national_world import NATIONAL
from excise.rules.wallets import to_base58check, to_bech32

_TRIES: Final = 100_000
_SLOT: Final = re.compile(r"\[([^\]]+)\]|DD|MM|YY|9|A")
_ID_CHARS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
TEMPLATES: Final[dict[str, str]] = {
    "at-social": "9999DDMMYY",
    "be-national": "YYMMDD99999",
    "bg-egn": "YYMMDD9999",
    "ch-ahv": "7569999999999",
    "cy-tax": "00999999A",
    "cz-birth": "YYMMDD9999",
    "de-doctor": "999999901",
    "de-health": "A999999999",
    "de-social": "15DDMMYYA999",
    "de-tax": "[1-9]9999999999",
    "de-tax-issued": "[1-9]9999999999",
    "dk-cpr": "DDMMYY[1-9]999",
    "ee-code": "[34]YYMMDD9999",
    "es-nif": "99999999A",
    "es-social": "[1-4]99999999999",
    "fi-hetu": "DDMMYY-999[0-9A-F]",
    "fr-nir": "[12]YYMM7599999999",
    "fr-tax": "[0-3]999999999999",
    "gb-nhs": "[4-7]999999999",
    "gb-utr": "[1-9]999999999",
    "gr-afm": "999999999",
    "gr-amka": "DDMMYY99999",
    "hr-oib": "99999999999",
    "hu-taj": "999999999",
    "hu-tax": "8999999999",
    "ie-pps": "9999999A",
    "is-kennitala": "DDMMYY9999",
    "it-fiscal": "AAAAAAYY[ABCDEHLMPRST]DDA999A",
    "it-vat": "99999999999",
    "lu-matricule": "1[9]YYMMDD99999",
    "lv-code": "DDMMYY[12]9999",
    "nl-bsn": "[1-9]99999999",
    "no-fnr": "DDMMYY99999",
    "pl-card": "AAA999999",
    "pl-nip": "[1-9]999999999",
    "pl-passport": "AA9999999",
    "pl-pesel": "YYMMDD99999",
    "pt-card": "999999999ZZ9",
    "pt-nif": "[12]99999999",
    "pt-social": "[12]9999999999",
    "ro-cnp": "[12]YYMMDD409999",
    "se-company": "5592999999",
    "se-number": "YYMMDD9999",
    "si-tax": "[1-9]9999999",
    "tr-id": "[1-9]9999999999",
    "ua-tax": "[23]999999999",
    "yu-emso": "DDMM[9]YY509999",
    "ae-card": "784[1][9]YY99999999",
    "ar-cuit": "[2]0999999999",
    "au-abn": "[1-9]9999999999",
    "au-acn": "999999999",
    "au-medicare": "[2-6]999999991",
    "au-tfn": "[1-9]99999999",
    "br-cnpj": "99999999000199",
    "br-cpf": "99999999999",
    "ca-ontario": "[1-9]999999999",
    "ca-sin": "[1-7]99999999",
    "cl-rut": "[1]9999999[0-9]",
    "cn-resident": "1101011[9]YYMMDD9999",
    "hk-card": "A9999999",
    "id-nik": "317101DDMMYY0001",
    "il-id": "999999999",
    "in-aadhaar": "[2-9]99999999999",
    "jp-number": "999999999999",
    "kr-business": "[1-9]999999999",
    "kr-resident": "YYMMDD[12]999999",
    "mx-curp": "A[AEIOU]AAYYMMDD[HM]DFAAA09",
    "my-card": "YYMMDD019999",
    "nz-ird": "[1-9]9999999",
    "sg-nric": "S9999999A",
    "th-id": "[1-5]999999999999",
    "tw-id": "A[12]99999999",
    "us-dea": "[ABFM]A9999999",
    "us-itin": "9[0-9][0-9]709999",
    "us-npi": "1999999999",
    "us-ssn": "[2-6]99999999",
    "za-id": "YYMMDD9999089",
}
# region → national form of a number its plan assigns
PHONES: Final[dict[str, str]] = {
    "US": "(212) 55[5]-[2-9]999",
    "US-dashed": "212-55[5]-[2-9]999",
    "GB": "020 7[9]46 0999",
    "DE": "030 2345[2-9]99",
    "FR": "01 42 68 [2-9]9 99",
    "ES": "[9]12 34[5-9] 999",
    "IT": "06 6[9]8[1-9] 9999",
    "NL": "020 5[2-9]9 9999",
    "PT": "21 34[5-9] 9999",
    "PL": "22 5[2-9]9 99 99",
    "CH": "044 66[8] [2-9]9 99",
    "BR": "(11) [9]8[4]56-9999",
    "IN": "0[9]8[1-9]9 [1-9]9999",
    "AU": "02 [9][3]74 9999",
    "TR": "0532 [2-9]99 99 99",
    "JP": "0[9]0-[2-9]999-9999",
    "+DE": "+4[9] 30 2345[2-9]99",
    "+US": "+1 212 55[5] [2-9]999",
    "+GB": "+44 20 7[9]46 0999",
    "+FR": "+33142[6]8[2-9]999",
    "+PL": "+48 22 5[2-9]9 99 99",
}


class Die(Protocol):
    """What draws; `fillers.Dice` is one."""

    def below(self, limit: int) -> int: ...

    def one(self, items: str) -> str: ...


def number(die: Die, args: list[str]) -> str:
    """`{id:de-tax}`, or `{id:us-ssn:3-2-4}` in groups."""
    kind = args[0]
    for _ in range(_TRIES):
        value = drawn(die, TEMPLATES[kind])
        if NATIONAL[kind](value):
            return grouped(value, args[1]) if len(args) > 1 else value
    raise ValueError(kind)


def wrong_number(die: Die, args: list[str]) -> str:
    """`{id-bad:de-tax}`: one digit other than right."""
    right = number(die, args[:1])
    for place in reversed(range(len(right))):
        for digit in "0123456789" if right[place].isdigit() else _ID_CHARS:
            wrong = right[:place] + digit + right[place + 1 :]
            if not NATIONAL[args[0]](wrong):
                return grouped(wrong, args[1]) if len(args) > 1 else wrong
    raise ValueError(args[0])


def phone(die: Die, args: list[str]) -> str:
    """`{phone:DE}`, `{phone:+DE}` with the country code."""
    return drawn(die, PHONES[args[0]])


def wallet(die: Die, args: list[str]) -> str:
    """`{wallet:btc}` (base58check), `{wallet:bech32}`, or `{wallet:words12}`: a recovery phrase of
    12, 15, 18, 21 or 24 words."""
    if args[0] == "btc":
        return to_base58check(bytes([0, *(die.below(256) for _ in range(20))]))
    if args[0] == "bech32":
        return to_bech32("bc", [0, *(die.below(32) for _ in range(32))])
    if args[0].startswith("words"):
        return to_mnemonic(bytes(die.below(256) for _ in range(int(args[0][5:]) * 4 // 3)))
    raise ValueError(args[0])


def drawn(die: Die, template: str) -> str:
    """The template with its slots filled."""

    def fill(slot: re.Match[str]) -> str:
        if slot[1]:
            return die.one(_members(slot[1]))
        if slot[0] in ("DD", "MM", "YY"):
            low, count = {"DD": (10, 19), "MM": (1, 12), "YY": (51, 49)}[slot[0]]
            return f"{low + die.below(count):02d}"
        return die.one("0123456789" if slot[0] == "9" else _ID_CHARS)

    return _SLOT.sub(fill, template)


def _members(spelled: str) -> str:
    return re.sub(r"(.)-(.)", lambda m: "".join(map(chr, range(ord(m[1]), ord(m[2]) + 1))), spelled)


def grouped(value: str, layout: str) -> str:
    """`3-2-4` or `3.3.3-2`: sizes with the separators between them."""
    pieces, at = "", 0
    for size, separator in re.findall(r"([0-9]+)([^0-9]*)", layout):
        pieces += value[at : at + int(size)] + separator
        at += int(size)
    if at != len(value):
        raise ValueError(layout)
    return pieces
