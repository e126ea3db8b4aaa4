"""Named tests that the text of a span must pass; pure functions, one table."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from excise.detectors.patterns.persons import PERSONAL
from excise.detectors.patterns.published import is_published
from excise.detectors.patterns.runs import not_sequence
from excise.detectors.patterns.stand_ins import not_stand_in
from excise.rules.digits import IBAN_LENGTHS, aba_sum, iban_remainder, luhn_sum

_SEPARATORS: Final = str.maketrans("", "", " \t\n\r-._/\u00a0\u2009\u202f\u2010\u2011\u2013")
_PLACEHOLDER: Final = re.compile(
    r"""
      ([x*.\#_0-])\1{5}                                   # xxxxxx, ******, ......
    | ^(.)\2*$                                            # one character all along
    | ^[<{\[(%$]                                          # <token>, ${VAR}, {{ value }}, %s
    | (?:^|[^a-z])(?:my|your|the|our|some|insert|enter|put|add|paste|replace|change|set)
      [-_ ]?(?:\w{0,12}[-_ ])?
      (?:api|secret|access|auth|private|token|key|password|passwd|pass|pwd|value|here|me|this)
    | (?:^|[^a-z])(?:example|sample|dummy|placeholder|redacted|changeme|change_me|todo|fixme|null
      |none|undefined|foobar|lorem|xxx+|test[-_]?(?:key|token|secret|password)|fake|mock)
      (?:$|[^a-z])
    | ^(?:password|passwd|secret|token|apikey|api[-_]key|true|false|string|required|optional)$
    """,
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)
_WORDS: Final = re.compile(r"(?:[A-Z]?[a-z]{2,}|[A-Z]{2,})(?:[-_. /:]?(?:[A-Z]?[a-z]+|[A-Z]+))*")
_PATH: Final = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://|\.{0,2}/|~/|[A-Za-z]:\\)[^\s]*"
    r"|[A-Za-z_][\w-]*(?:[./\\][\w-]+){1,}"
    r"|[A-Za-z_][\w.]*\(.*",
    re.ASCII,
)
_ABA_DISTRICTS: Final = frozenset([*range(0, 13), *range(21, 33), *range(61, 73), 80])

# (lowest, highest prefix, lengths), ISO/IEC 7812 issuer ranges as the schemes publish them
_LONG: Final = (16, 17, 18, 19)
_ANY_LENGTH: Final = (12, 13, 14, 15, *_LONG)
_SCHEMES: Final = (
    (4, 4, (13, 16, 19)),  # Visa, with Elo and Dankort
    (51, 55, (16,)),  # Mastercard
    (2221, 2720, (16,)),  # Mastercard
    (34, 34, (15,)),  # American Express
    (37, 37, (15,)),
    (60, 60, _LONG),  # Discover, RuPay, Hipercard
    (644, 649, _LONG),  # Discover
    (65, 65, _LONG),  # Discover, Elo, Troy, Verve
    (300, 305, (14, *_LONG)),  # Diners Club
    (3095, 3095, (14, *_LONG)),
    (36, 36, (14, *_LONG)),
    (38, 39, (14, *_LONG)),
    (3528, 3589, _LONG),  # JCB
    (62, 62, (14, 15, *_LONG)),  # UnionPay
    (81, 82, _LONG),  # UnionPay, RuPay
    (50, 50, _ANY_LENGTH),  # Maestro, Elo, Verve, RuPay, Dankort
    (56, 59, _ANY_LENGTH),  # Maestro
    (61, 61, _ANY_LENGTH),
    (63, 63, _ANY_LENGTH),  # Maestro, InterPayment
    (66, 69, _ANY_LENGTH),
    (2200, 2205, _LONG),  # Mir, Borica
    (9792, 9792, (16,)),  # Troy
    (8600, 8600, (16,)),  # Uzcard
    (9860, 9860, (16,)),  # Humo
    (1, 1, (15,)),  # UATP
)


def entropy(text: str) -> float:
    """Shannon entropy in bits per character; 0.0 for the empty text."""
    size = len(text)
    counts = Counter(text).values()
    return -sum(count / size * math.log2(count / size) for count in counts) if size else 0.0


def _digits(text: str) -> str:
    bare = text.translate(_SEPARATORS)
    return bare if bare.isascii() and bare.isdigit() else ""


def luhn(text: str) -> bool:
    """The digits pass Luhn and are not all the same; separators are ignored."""
    digits = _digits(text)
    return len(set(digits)) > 1 and luhn_sum(digits) == 0


def pan(text: str) -> bool:
    """A number a card scheme could have issued: prefix, length and Luhn."""
    digits = _digits(text)
    return _has_prefix(digits[:4], len(digits)) and len(set(digits)) > 1 and luhn_sum(digits) == 0


@lru_cache(maxsize=4096)
def _has_prefix(head: str, size: int) -> bool:
    """Whether a scheme issues numbers of so many digits that begin so; four digits say no more
    of anybody than which bank they are at."""
    return any(
        size in lengths and low <= int(head[: len(str(low))]) <= high
        for low, high, lengths in _SCHEMES
    )


def iban(text: str) -> bool:
    """An IBAN with the length of its country and right check digits."""
    bare = text.translate(_SEPARATORS).upper()
    if not (bare.isascii() and bare.isalnum()) or len(bare) != IBAN_LENGTHS.get(bare[:2]):
        return False
    return bare[2:4].isdigit() and iban_remainder(bare) == 1


def aba(text: str) -> bool:
    """A US routing number: Federal Reserve prefix and checksum."""
    digits = _digits(text)
    return len(digits) == 9 and int(digits[:2]) in _ABA_DISTRICTS and aba_sum(digits) == 0


def decode_base64(text: str) -> bytes | None:
    """What base64 or base64url text stands for, padded or not; None where it is neither."""
    plain = text.translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _json(text: str) -> Any:
    raw = decode_base64(text)
    try:
        return json.loads(raw) if raw else None
    except (ValueError, RecursionError):
        return None


def jwt(text: str) -> bool:
    """The part before the first dot decodes to a JSON object with `alg`, or nearly so: a header
    that was altered in a character or two still shows its keys."""
    part = text.partition(".")[0]
    header = _json(part)
    if isinstance(header, dict):
        return "alg" in header
    raw = decode_base64(part) or b""
    return raw.startswith(b'{"') and (b'"alg"' in raw or b'"typ"' in raw)


def is_base64(text: str) -> bool:
    """Decodes strictly as base64 or base64url."""
    return bool(text) and decode_base64(text) is not None


_BODY: Final = re.compile(r"[A-Za-z0-9+/]{24}")


def base64_run(text: str) -> bool:
    """Holds 24 base64 characters in a row, as the body of a PEM block does."""
    return _BODY.search(text) is not None


def base64_json(text: str) -> bool:
    """Decodes to a JSON object."""
    return isinstance(_json(text), dict)


def mixed(text: str) -> bool:
    """At least one digit and one letter."""
    return any(c.isdigit() for c in text) and any(c.isalpha() for c in text)


def mixed_case(text: str) -> bool:
    """At least one lower-case letter, one upper-case letter and one digit."""
    return (
        any(c.islower() for c in text)
        and any(c.isupper() for c in text)
        and any(c.isdigit() for c in text)
    )


_RUN: Final = re.compile(r"(.)\1{4}", re.DOTALL)


def no_run(text: str) -> bool:
    """No character five times in a row."""
    return not _RUN.search(text)


def not_placeholder(text: str) -> bool:
    """Not what manuals print where a value would stand, nor a value printed in one."""
    return not _PLACEHOLDER.search(text) and not is_published(text)


def not_word(text: str) -> bool:
    """Not built of plain words and separators only."""
    return not _WORDS.fullmatch(text)


def not_path(text: str) -> bool:
    """Not a path, an address, a dotted name or a call."""
    return not _PATH.fullmatch(text)


CHECKS: Final = MappingProxyType(
    {
        "luhn": luhn,
        "pan": pan,
        "iban": iban,
        "aba": aba,
        "jwt": jwt,
        "base64": is_base64,
        "base64-json": base64_json,
        "base64-run": base64_run,
        "mixed": mixed,
        "mixed-case": mixed_case,
        "no-run": no_run,
        "not-sequence": not_sequence,
        "not-placeholder": not_placeholder,
        "not-word": not_word,
        "not-path": not_path,
        "not-stand-in": not_stand_in,
        **PERSONAL,
    }
)

Check = Callable[[str], bool]
