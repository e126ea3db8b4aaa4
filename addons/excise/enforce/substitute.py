"""A value → an invented one of the same form: same length, same classes of characters.

Digits stay digits, letters letters of the same case, everything else stays as it is, so that what
reads the form (a column, a parser, a model) still works. Keyed with HMAC-SHA-256 (RFC 2104): the
same value always gives the same substitute, which tells nothing of it. Not a bijection, so that
nothing leads back.

Numbers that pass a check (ISO/IEC 7812-1's Luhn for cards, ISO 13616's remainder for IBANs) get
a substitute that fails it, unless `valid` asks for one that passes, too.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from typing import Final

_DIGITS: Final = "0123456789"
_LOWER: Final = "abcdefghijklmnopqrstuvwxyz"
_CARD: Final = range(12, 20)  # digits
_IBAN: Final = range(15, 35)  # characters


class Substitutes:
    """Invents substitutes under one key; holds no value."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.sha256(b"substitute\0" + key).digest()

    def __repr__(self) -> str:
        return "<Substitutes>"

    def invent(self, entity: str, value: str, *, valid: bool = False) -> str:
        """The substitute of `value`; another text unless `value` has no letter and no digit."""
        seed = entity.encode() + b"\0" + value.encode("utf-8", "surrogatepass")
        made = value
        for attempt in range(8):
            numbers = _numbers(self._key, b"%d\0" % attempt + seed)
            made = "".join(_another(char, at, numbers) for at, char in enumerate(value))
            made = _checked(value, made, valid=valid)
            if made != value:
                break
        return made


NO_KEY: Final = Substitutes(b"")
"""For where nothing is substituted: anybody could invent the same."""


def _numbers(key: bytes, seed: bytes) -> Iterator[int]:
    """Bytes without end, by HMAC in counter mode."""
    count = 0
    while True:
        yield from hmac.digest(key, b"%d\0" % count + seed, "sha256")
        count += 1


def _another(char: str, at: int, numbers: Iterator[int]) -> str:
    if char.isdecimal():
        # A number does not gain or lose its leading zero.
        return _DIGITS[1 + next(numbers) % 9 if at == 0 and char != "0" else next(numbers) % 10]
    if char.isalpha():
        letter = _LOWER[next(numbers) % 26]
        return letter.upper() if char.isupper() else letter
    return char


def _checked(value: str, made: str, *, valid: bool) -> str:
    """The substitute with its check digits as asked for."""
    if is_iban(value):
        return _as_iban(value, made, valid=valid)
    if is_luhn(value):
        last = max(at for at, char in enumerate(made) if char.isdecimal())
        for digit in _DIGITS:
            trial = made[:last] + digit + made[last + 1 :]
            if is_luhn(trial) is valid and trial != value:
                return trial
    return made


def _as_iban(value: str, made: str, *, valid: bool) -> str:
    """The country stays; the two digits behind it are the check."""
    at = [place for place, char in enumerate(value) if char.isalnum()]
    shown = list(made)
    shown[at[0]], shown[at[1]] = value[at[0]], value[at[1]]
    for place in at[2:4]:
        shown[place] = "0"
    right = 98 - _remainder("".join(shown))
    number = right if valid else (right + 1) % 98
    for place, digit in zip(at[2:4], f"{number:02d}", strict=True):
        shown[place] = digit
    return "".join(shown)


def is_luhn(text: str) -> bool:
    """Whether a text is a card's number by its length and its check digit."""
    digits = [int(char) for char in text if char.isdecimal()]
    if len(digits) not in _CARD or any(char.isalpha() for char in text):
        return False
    doubled = (2 * digit - 9 * (digit > 4) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether a text is an IBAN by its form and its check digits."""
    bare = "".join(char for char in text if char.isalnum())
    fits = len(bare) in _IBAN and bare.isascii() and bare[:2].isalpha() and bare[2:4].isdigit()
    return fits and _remainder(text) == 1


def _remainder(text: str) -> int:
    bare = "".join(char for char in text if char.isalnum())
    return int("".join(str(int(char, 36)) for char in bare[4:] + bare[:4])) % 97
