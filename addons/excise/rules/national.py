"""Check digits of personal numbers in Europe; the rest of the world is in `national_world`.

Every function takes the text of a number, separators allowed, and says whether its length, its
check digits and the date in it hold. Its docstring names who defines the number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Final

from excise.rules.digits import luhn_sum

_SEPARATORS: Final = str.maketrans("", "", " \t\n-./:_\u00a0\u2009\u202f\u2010\u2011\u2013")
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ITALIAN_ODD: Final = (
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
)  # fmt: skip

Number = Callable[[str], bool]


def bare(text: str) -> str:
    """Upper case and without separators."""
    return text.translate(_SEPARATORS).upper()


def digits_of(text: str, *lengths: int) -> str:
    """The digits, or "" where it is not so many digits or all are the same."""
    plain = bare(text)
    right = plain.isascii() and plain.isdigit() and len(plain) in lengths
    return plain if right and len(set(plain)) > 1 else ""


def unprefixed(text: str, country: str) -> str:
    """The number without the country code that tax offices of the EU put in front."""
    return bare(text).removeprefix(country)


def weighted(digits: Sequence[str], weights: Sequence[int]) -> int:
    """The sum of digits times weights; the shorter of the two ends it."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def is_date(day: str, month: str) -> bool:
    """A day that the month has, February taken as long."""
    return 1 <= int(month) <= 12 and 1 <= int(day) <= _DAYS[int(month) - 1]


def mod_11_10(digits: str) -> bool:
    """ISO/IEC 7064 MOD 11,10 over all digits, the last being the check digit."""
    rest = 10
    for digit in digits[:-1]:
        rest = (rest + int(digit)) % 10 or 10
        rest = rest * 2 % 11
    return (rest + int(digits[-1])) % 10 == 1


def at_social(text: str) -> bool:
    """Sozialversicherungsnummer; Dachverband der Sozialversicherungsträger."""
    n = digits_of(text, 10)
    if not n or n[0] == "0" or not 1 <= int(n[4:6]) <= 31 or not 1 <= int(n[6:8]) <= 15:
        return False
    return weighted(n, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11 == int(n[3])


def be_national(text: str) -> bool:
    """Rijksregisternummer; royal decree of 3 April 1984."""
    n = digits_of(text, 11)
    if not n or not _belgian_date(n):
        return False
    return any(97 - int(century + n[:9]) % 97 == int(n[9:]) for century in ("", "2"))


def _belgian_date(n: str) -> bool:
    month = int(n[2:4]) % 20
    return month <= 12 and int(n[4:6]) <= 31


def bg_egn(text: str) -> bool:
    """ЕГН; regulation on civil registration, GRAO."""
    n = digits_of(text, 10)
    if not n or not is_date(n[4:6], str(int(n[2:4]) % 20)):
        return False
    return weighted(n, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10 == int(n[9])


def hr_oib(text: str) -> bool:
    """OIB; Zakon o osobnom identifikacijskom broju, ISO/IEC 7064."""
    n = digits_of(unprefixed(text, "HR"), 11)
    return bool(n) and mod_11_10(n)


def cy_tax(text: str) -> bool:
    """TIC; TIN description of Cyprus published by the European Commission."""
    n = bare(text)
    if len(n) != 9 or not n[:8].isdigit() or not n[8].isalpha():
        return False
    total = sum(_ITALIAN_ODD[int(c)] for c in n[0:8:2]) + sum(map(int, n[1:8:2]))
    return n[8] == chr(65 + total % 26)


def cz_birth(text: str) -> bool:
    """Rodné číslo, also Slovak; Act 133/2000 Coll. With ten digits the number divides by 11."""
    n = digits_of(text, 9, 10)
    if not n:
        return False
    month = int(n[2:4]) % 50
    if not is_date(n[4:6], str(month - 20 if month > 20 else month)):
        return False
    return len(n) == 9 or int(n) % 11 == 0 or (int(n[:9]) % 11 == 10 and n[9] == "0")


def dk_cpr(text: str) -> bool:
    """CPR-nummer; CPR-kontoret. Numbers since 2007 need not pass the old modulus."""
    n = digits_of(text, 10)
    return bool(n) and is_date(n[:2], n[2:4])


def ee_code(text: str) -> bool:
    """Isikukood, also the Lithuanian asmens kodas; standard EVS 585."""
    n = digits_of(text, 11)
    if not n or n[0] not in "123456" or not is_date(n[5:7], n[3:5]):
        return False
    rest = weighted(n, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if rest == 10:
        rest = weighted(n, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return rest == int(n[10])


def fi_hetu(text: str) -> bool:
    """Henkilötunnus; Digital and Population Data Services Agency."""
    n = text.strip().upper()
    if len(n) != 11 or not (n[:6] + n[7:10]).isdigit() or not is_date(n[:2], n[2:4]):
        return False
    return n[10] == "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(n[:6] + n[7:10]) % 31]


def fr_nir(text: str) -> bool:
    """Numéro de sécurité sociale; INSEE, décret 82-103."""
    n = bare(text).replace("2A", "19").replace("2B", "18")
    if len(n) != 15 or not n.isdigit() or n[0] not in "123478":
        return False
    return 97 - int(n[:13]) % 97 == int(n[13:])


def fr_tax(text: str) -> bool:
    """Numéro fiscal (SPI); TIN description of France published by the European Commission."""
    n = digits_of(text, 13)
    return bool(n) and n[0] in "0123" and int(n[:10]) % 511 == int(n[10:])


def de_tax(text: str) -> bool:
    """Steuerliche Identifikationsnummer; § 139b AO, ISO/IEC 7064."""
    n = digits_of(text, 11)
    if not n or n[0] == "0" or max(map(n[:10].count, n[:10])) > 3:
        return False
    return mod_11_10(n)


def de_tax_issued(text: str) -> bool:
    """The same as the office issues it: of the first ten digits one stands there twice or three
    times and every other at most once (BZSt, Hinweise zur Steuerlichen Identifikationsnummer)."""
    n = digits_of(text, 11)
    often = [digit for digit in set(n[:10]) if n[:10].count(digit) > 1]
    return len(often) == 1 and n[:10].count(often[0]) <= 3 and de_tax(text)


def de_social(text: str) -> bool:
    """Versicherungsnummer der Rentenversicherung; § 147 SGB VI, VKVV § 2."""
    n = bare(text)
    if len(n) != 12 or not n[8].isalpha() or not (n[:8] + n[9:]).isdigit():
        return False
    if not (1 <= int(n[2:4]) % 50 <= 31 and 1 <= int(n[4:6]) <= 12):
        return False
    spread = f"{n[:8]}{ord(n[8]) - 64:02d}{n[9:11]}"
    weights = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
    return _digit_sums(spread, weights) % 10 == int(n[11])


def _digit_sums(digits: str, weights: Sequence[int]) -> int:
    products = (int(d) * w for d, w in zip(digits, weights, strict=False))
    return sum(each // 10 + each % 10 for each in products)


def de_health(text: str) -> bool:
    """Krankenversichertennummer; § 290 SGB V, GKV-Spitzenverband."""
    n = bare(text)
    if len(n) != 10 or not ("A" <= n[0] <= "Z") or not n[1:].isdigit():
        return False
    spread = f"{ord(n[0]) - 64:02d}{n[1:9]}"
    return _digit_sums(spread, (1, 2) * 5) % 10 == int(n[9])


def de_doctor(text: str) -> bool:
    """Lebenslange Arztnummer; Kassenärztliche Bundesvereinigung."""
    n = digits_of(text, 9)
    return bool(n) and (n[:6] == "555555" or -weighted(n, (4, 9) * 3) % 10 == int(n[6]))


def gr_afm(text: str) -> bool:
    """ΑΦΜ; TIN description of Greece published by the European Commission."""
    n = digits_of(unprefixed(text, "EL"), 9)
    return bool(n) and weighted(n, [2**power for power in range(8, 0, -1)]) % 11 % 10 == int(n[8])


def gr_amka(text: str) -> bool:
    """ΑΜΚΑ; ΗΔΙΚΑ: a date and the Luhn digit."""
    n = digits_of(text, 11)
    return bool(n) and is_date(n[:2], n[2:4]) and luhn_sum(n) == 0


def hu_taj(text: str) -> bool:
    """TAJ-szám; 1996. évi XX. törvény, melléklet."""
    n = digits_of(text, 9)
    return bool(n) and weighted(n, (3, 7) * 4) % 10 == int(n[8])


def hu_tax(text: str) -> bool:
    """Adóazonosító jel; 1996. évi XX. törvény, melléklet."""
    n = digits_of(text, 10)
    return bool(n) and n[0] == "8" and weighted(n, range(1, 10)) % 11 == int(n[9])


def ie_pps(text: str) -> bool:
    """PPS number; Department of Social Protection."""
    n = bare(text)
    if len(n) not in (8, 9) or not n[:7].isdigit() or not n[7:].isalpha():
        return False
    second = ord(n[8]) - 64 if len(n) == 9 and n[8] != "W" else 0
    return n[7] == "WABCDEFGHIJKLMNOPQRSTUV"[(weighted(n[:7], range(8, 1, -1)) + second * 9) % 23]


def is_kennitala(text: str) -> bool:
    """Kennitala; Þjóðskrá."""
    n = digits_of(text, 10)
    if not n or n[9] not in "890" or not is_date(n[:2], n[2:4]):
        return False
    return -weighted(n, (3, 2, 7, 6, 5, 4, 3, 2)) % 11 == int(n[8])


def it_fiscal(text: str) -> bool:
    """Codice fiscale; D.M. 23 December 1976, Agenzia delle Entrate."""
    n = bare(text)
    if len(n) != 16 or not (n.isascii() and n.isalnum() and n[15].isalpha()):
        return False
    odd = sum(_ITALIAN_ODD[int(c) if c.isdigit() else ord(c) - 65] for c in n[0:15:2])
    even = sum(int(c) if c.isdigit() else ord(c) - 65 for c in n[1:15:2])
    return n[15] == chr(65 + (odd + even) % 26)


def luhn_11(text: str) -> bool:
    """Partita IVA; D.M. 23 December 1976: eleven digits with a Luhn digit."""
    n = digits_of(unprefixed(text, "IT"), 11)
    return bool(n) and luhn_sum(n) == 0


def lv_code(text: str) -> bool:
    """Personas kods; Iedzīvotāju reģistra likums. Those from 2017 on begin with 32, unchecked."""
    n = digits_of(text, 11)
    if n.startswith("32"):
        return True
    if not n or not is_date(n[:2], n[2:4]):
        return False
    return (1101 - weighted(n, (1, 6, 3, 7, 9, 10, 5, 8, 4, 2))) % 11 % 10 == int(n[10])


def lu_matricule(text: str) -> bool:
    """Matricule; loi du 19 juin 2013: a date and a Luhn digit (the Verhoeff digit is left out)."""
    n = digits_of(text, 13)
    if not n or n[:2] not in ("18", "19", "20") or not is_date(n[6:8], n[4:6]):
        return False
    return luhn_sum(n[:12]) == 0


def nl_bsn(text: str) -> bool:
    """Burgerservicenummer; Besluit burgerservicenummer, the test of eleven."""
    n = digits_of(text, 9)
    return bool(n) and weighted(n, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def no_fnr(text: str) -> bool:
    """Fødselsnummer and D-nummer; Skatteetaten."""
    n = digits_of(text, 11)
    if not n or not is_date(str(int(n[:2]) % 40), str(int(n[2:4]) % 40)):
        return False
    first = -weighted(n, (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11
    second = -weighted(n, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return first == int(n[9]) and second == int(n[10])


def pl_pesel(text: str) -> bool:
    """PESEL; ustawa o ewidencji ludności."""
    n = digits_of(text, 11)
    if not n or not is_date(n[4:6], str(int(n[2:4]) % 20)):
        return False
    return weighted(n, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def pl_nip(text: str) -> bool:
    """NIP; ustawa o zasadach ewidencji podatników."""
    n = digits_of(unprefixed(text, "PL"), 10)
    return bool(n) and weighted(n, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == int(n[9])


def pl_card(text: str) -> bool:
    """Dowód osobisty; the machine-readable weights of ICAO Doc 9303."""
    return _polish(text, 3, (7, 3, 1, 9, 7, 3, 1, 7, 3))


def pl_passport(text: str) -> bool:
    """Paszport; the machine-readable weights of ICAO Doc 9303."""
    return _polish(text, 2, (7, 3, 9, 1, 7, 3, 1, 7, 3))


def _polish(text: str, letters: int, weights: Sequence[int]) -> bool:
    n = bare(text)
    if len(n) != 9 or not n[:letters].isalpha() or not n[letters:].isdigit() or not n.isascii():
        return False
    return sum(int(c, 36) * w for c, w in zip(n, weights, strict=True)) % 10 == 0


def pt_nif(text: str) -> bool:
    """NIF; Decreto-Lei 14/2013."""
    n = digits_of(unprefixed(text, "PT"), 9)
    if not n or n[0] in "04":
        return False
    rest = -weighted(n, range(9, 1, -1)) % 11
    return (0 if rest > 9 else rest) == int(n[8])


def pt_card(text: str) -> bool:
    """Cartão de cidadão; validation of the document number, Portaria 286/2017."""
    n = bare(text)
    if len(n) != 12 or not (n[:9] + n[11]).isdigit() or not (n.isascii() and n.isalnum()):
        return False
    values = [int(c, 36) * (2 - at % 2) for at, c in enumerate(n)]
    return sum(v - 9 if v > 9 and at % 2 == 0 else v for at, v in enumerate(values)) % 10 == 0


def pt_social(text: str) -> bool:
    """NISS; Segurança Social."""
    n = digits_of(text, 11)
    if not n or n[0] not in "12":
        return False
    return 9 - weighted(n, (29, 23, 19, 17, 13, 11, 7, 5, 3, 2)) % 10 == int(n[10])


def ro_cnp(text: str) -> bool:
    """Cod numeric personal; Legea 105/1996."""
    n = digits_of(text, 13)
    if not n or n[0] == "0" or not is_date(n[5:7], n[3:5]):
        return False
    rest = weighted(n, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return (1 if rest == 10 else rest) == int(n[12])


def yu_emso(text: str) -> bool:
    """EMŠO and JMBG; Zakon o centralnem registru prebivalstva."""
    n = digits_of(text, 13)
    if not n or not is_date(n[:2], n[2:4]):
        return False
    rest = -weighted(n, (7, 6, 5, 4, 3, 2) * 2) % 11
    return rest == int(n[12])


def si_tax(text: str) -> bool:
    """Davčna številka; TIN description of Slovenia published by the European Commission."""
    n = digits_of(unprefixed(text, "SI"), 8)
    return bool(n) and n[0] != "0" and -weighted(n, range(8, 1, -1)) % 11 % 10 == int(n[7])


def es_nif(text: str) -> bool:
    """DNI, NIF and NIE; Real Decreto 1553/2005, Ministerio del Interior."""
    n = bare(text)
    head = n[:-1].translate(str.maketrans("XYZ", "012")) if n[:1] in ("X", "Y", "Z") else n[:-1]
    if not head.isdigit() or len(head) not in (7, 8) or int(head) == 0:
        return False
    return n[-1] == "TRWAGMYFPDXBNJZSQVHLCKE"[int(head) % 23]


def es_social(text: str) -> bool:
    """Número de la Seguridad Social; Tesorería General de la Seguridad Social."""
    n = digits_of(text, 12)
    if not n:
        return False
    body = n[:2] + (n[3:10] if n[2] == "0" else n[2:10])
    return int(body) % 97 == int(n[10:])


def se_number(text: str) -> bool:
    """Personnummer and samordningsnummer; Folkbokföringslagen 18 §."""
    n = digits_of(text.replace("+", "-"), 10, 12)
    if len(n) == 12 and n[:2] not in ("18", "19", "20"):
        return False
    n = n[-10:]
    return bool(n) and is_date(str(int(n[4:6]) % 60), n[2:4]) and luhn_sum(n) == 0


def se_company(text: str) -> bool:
    """Organisationsnummer; lag (1974:174): Luhn, the third digit at least 2."""
    n = digits_of(text, 10, 12)
    if len(n) == 12 and n[:2] != "16":
        return False
    n = n[-10:]
    return bool(n) and n[2] >= "2" and luhn_sum(n) == 0


def ch_ahv(text: str) -> bool:
    """AHV-Nummer; AHVV Art. 134, a GS1 check digit."""
    n = digits_of(text, 13)
    return n.startswith("756") and weighted(n, (1, 3) * 6 + (1,)) % 10 == 0


def gb_nhs(text: str) -> bool:
    """NHS number; NHS Data Dictionary."""
    n = digits_of(text, 10)
    return bool(n) and weighted(n, (10, 9, 8, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def gb_utr(text: str) -> bool:
    """Unique Taxpayer Reference; TIN description published by HMRC and the OECD."""
    n = digits_of(text, 10)
    return bool(n) and "21987654321"[weighted(n[1:], (6, 7, 8, 9, 10, 5, 4, 3, 2)) % 11] == n[0]


def tr_id(text: str) -> bool:
    """T.C. kimlik numarası; Nüfus Hizmetleri Kanunu."""
    n = digits_of(text, 11)
    if not n or n[0] == "0":
        return False
    tenth = (weighted(n, (7, 0) * 4 + (7,)) - weighted(n, (0, 1) * 4)) % 10
    return tenth == int(n[9]) and sum(map(int, n[:10])) % 10 == int(n[10])


def ua_tax(text: str) -> bool:
    """РНОКПП; Державна податкова служба."""
    n = digits_of(text, 10)
    return bool(n) and weighted(n, (-1, 5, 7, 9, 4, 6, 10, 5, 7)) % 11 % 10 == int(n[9])


EUROPE: Final = MappingProxyType(
    {
        "at-social": at_social,
        "be-national": be_national,
        "bg-egn": bg_egn,
        "ch-ahv": ch_ahv,
        "cy-tax": cy_tax,
        "cz-birth": cz_birth,
        "de-doctor": de_doctor,
        "de-health": de_health,
        "de-social": de_social,
        "de-tax": de_tax,
        "de-tax-issued": de_tax_issued,
        "dk-cpr": dk_cpr,
        "ee-code": ee_code,
        "es-nif": es_nif,
        "es-social": es_social,
        "fi-hetu": fi_hetu,
        "fr-nir": fr_nir,
        "fr-tax": fr_tax,
        "gb-nhs": gb_nhs,
        "gb-utr": gb_utr,
        "gr-afm": gr_afm,
        "gr-amka": gr_amka,
        "hr-oib": hr_oib,
        "hu-taj": hu_taj,
        "hu-tax": hu_tax,
        "ie-pps": ie_pps,
        "is-kennitala": is_kennitala,
        "it-fiscal": it_fiscal,
        "it-vat": luhn_11,
        "lu-matricule": lu_matricule,
        "lv-code": lv_code,
        "nl-bsn": nl_bsn,
        "no-fnr": no_fnr,
        "pl-card": pl_card,
        "pl-nip": pl_nip,
        "pl-passport": pl_passport,
        "pl-pesel": pl_pesel,
        "pt-card": pt_card,
        "pt-nif": pt_nif,
        "pt-social": pt_social,
        "ro-cnp": ro_cnp,
        "se-company": se_company,
        "se-number": se_number,
        "si-tax": si_tax,
        "tr-id": tr_id,
        "ua-tax": ua_tax,
        "yu-emso": yu_emso,
    }
)
