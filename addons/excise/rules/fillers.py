"""Example texts: `{alnum:24}` and its kin filled from a generator that a seed alone decides.

The generator is a hash in counter mode, so that an example reads the same on every machine and
with every Python, and no key-shaped literal stands in any file.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import string
import uuid
from collections.abc import Callable
from typing import Final

from excise.rules import people
from excise.rules.digits import IBAN_LENGTHS, aba_sum, iban_remainder, luhn_sum

_LOWER, _UPPER, _DIGIT = string.ascii_lowercase, string.ascii_uppercase, string.digits

# name → groups of characters; a text of four or more holds one of each group
ALPHABETS: Final[dict[str, tuple[str, ...]]] = {
    "alnum": (_LOWER, _UPPER, _DIGIT),
    "lowalnum": (_LOWER, _DIGIT),
    "upalnum": (_UPPER, _DIGIT),
    "alpha": (_LOWER, _UPPER),
    "lower": (_LOWER,),
    "upper": (_UPPER,),
    "digit": (_DIGIT,),
    "hex": ("abcdef", _DIGIT),
    "HEX": ("ABCDEF", _DIGIT),
    "base32": (_UPPER, "234567"),
    "b64": (_LOWER, _UPPER, _DIGIT, "+/"),
    "base64": (_LOWER, _UPPER, _DIGIT, "+/"),
    "b64url": (_LOWER, _UPPER, _DIGIT, "-_"),
    "base64url": (_LOWER, _UPPER, _DIGIT, "-_"),
}

# brand → prefixes and length
BRANDS: Final[dict[str, tuple[tuple[str, ...], int]]] = {
    "visa": (("4",), 16),
    "mastercard": (("51", "52", "53", "54", "55", "2221", "2720"), 16),
    "amex": (("34", "37"), 15),
    "discover": (("6011", "644", "65"), 16),
    "diners": (("300", "305", "36", "38"), 14),
    "jcb": (("3528", "3589"), 16),
    "unionpay": (("62",), 16),
    "maestro": (("5018", "5020", "6304"), 16),
}

_WORDS: Final = (
    "river",
    "table",
    "morning",
    "paper",
    "window",
    "garden",
    "letter",
    "yellow",
    "market",
    "summer",
    "winter",
    "planet",
)

_FILLER: Final = re.compile(
    r"\{\{|\}\}|\{(?:=(?P<name>[a-z0-9]+)(?: (?=[A-Za-z]))?)?(?P<kind>[A-Za-z0-9-]*)"
    r"(?P<args>(?::[^{}:]*)*)(?<!\{)\}"
)


class FillerError(ValueError):
    """A filler that does not exist or cannot be made; the text names it."""


class Dice:
    """An endless supply of numbers that its seed alone decides."""

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode()
        self._count = 0

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1; the bias of the modulus is far below notice."""
        self._count += 1
        digest = hashlib.sha256(self._seed + b"\\0" + str(self._count).encode()).digest()
        return int.from_bytes(digest[:8], "big") % limit

    def one(self, items: str | tuple[str, ...] | list[str]) -> str:
        """One of several."""
        return items[self.below(len(items))]

    def shuffled(self, items: list[str]) -> list[str]:
        """The same in another order."""
        left, out = list(items), []
        while left:
            out.append(left.pop(self.below(len(left))))
        return out


def fill(text: str, seed: str) -> str:
    """The text with every filler replaced and `{{`, `}}` as braces. Raises `FillerError`."""
    dice, kept = Dice(seed), dict[str, str]()

    def replace(found: re.Match[str]) -> str:
        if found[0] in ("{{", "}}"):
            return found[0][0]
        name, kind, args = found["name"], found["kind"], found["args"].split(":")[1:]
        if name and not kind:
            if name not in kept:
                raise FillerError(f"nothing was kept under {found[0]}")
            return kept[name]
        value = _make(dice, kind, args, found[0])
        if name:
            kept[name] = value
        return value

    return _FILLER.sub(replace, text)


def _make(dice: Dice, kind: str, args: list[str], shown: str) -> str:
    try:
        if kind in ALPHABETS:
            return draw(dice, kind, int(args[0]))
        return _MAKERS[kind](dice, args)
    except (KeyError, IndexError, ValueError):
        known = ", ".join(sorted({*ALPHABETS, *_MAKERS}))
        raise FillerError(f"cannot make {shown}; known: {known}") from None


def draw(dice: Dice, kind: str, length: int) -> str:
    """`length` characters of an alphabet, without four alike in a row."""
    groups = ALPHABETS[kind]
    sure = [dice.one(group) for group in groups] if length >= max(4, len(groups)) else []
    whole = "".join(groups)
    chars = dice.shuffled(sure + [dice.one(whole) for _ in range(length - len(sure))])
    for index in range(3, length):
        if len(set(chars[index - 3 : index + 1])) == 1:
            other = [each for each in whole if each != chars[index]]
            chars[index] = dice.one(other)
    if kind in ("b64url", "base64url") and length >= 4:
        chars[0], chars[-1] = dice.one(_LOWER), dice.one(_UPPER)
        if not set("".join(chars)) & set("-_"):
            chars[1] = "-_"[dice.below(2)]
    return "".join(chars)


def _luhn(dice: Dice, args: list[str]) -> str:
    prefix = args[1] if len(args) > 1 else ""
    body = prefix + draw(dice, "digit", int(args[0]) - 1 - len(prefix))
    return body + str(-luhn_sum(body + "0") % 10)


def _luhn_bad(dice: Dice, args: list[str]) -> str:
    right = _luhn(dice, args)
    return right[:-1] + str((int(right[-1]) + 1 + dice.below(9)) % 10)


def _pan(dice: Dice, args: list[str]) -> str:
    prefixes, length = BRANDS[args[0]]
    number = _luhn(dice, [str(length), dice.one(prefixes)])
    return _grouped(number, args[1]) if len(args) > 1 else number


def _grouped(number: str, layout: str) -> str:
    """`4-4-4-4` or `4 6 5`: group lengths with the separator between them."""
    sizes = [int(size) for size in re.split(r"[^0-9]", layout)]
    separator = re.sub(r"[0-9]", "", layout)[:1]
    if sum(sizes) != len(number):
        raise ValueError(layout)
    parts, at = [], 0
    for size in sizes:
        parts.append(number[at : at + size])
        at += size
    return separator.join(parts)


def _iban(dice: Dice, args: list[str]) -> str:
    country = args[0]
    bban = draw(dice, "digit", IBAN_LENGTHS[country] - 4)
    if country in ("GB", "NL", "IE"):
        bban = draw(dice, "upper", 4) + bban[4:]
    check = 98 - iban_remainder(f"{country}00{bban}")
    iban = f"{country}{check:02d}{bban}"
    if len(args) < 2:
        return iban
    size = int(args[1])
    return " ".join(iban[at : at + size] for at in range(0, len(iban), size))


def _aba(dice: Dice, args: list[str]) -> str:
    body = dice.one(["01", "02", "03", "07", "09", "11", "12"]) + draw(dice, "digit", 6)
    return body + str(-aba_sum(body + "0") % 10)


def _jwt(dice: Dice, args: list[str]) -> str:
    header = {"alg": "HS256", "typ": "JWT"}
    claims = {"sub": draw(dice, "digit", 10), "jti": draw(dice, "alnum", 12)}
    signature = draw(dice, "b64url", 43)
    return ".".join([_encoded(header), _encoded(claims), signature])


def _encoded(part: dict[str, str]) -> str:
    raw = json.dumps(part, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _pem(dice: Dice, args: list[str]) -> str:
    if args[0].isdigit():
        return "\n".join(draw(dice, "b64", 64) for _ in range(int(args[0])))
    lines = [draw(dice, "b64", 64) for _ in range(6)] + [draw(dice, "b64", 42) + "=="]
    return "\n".join([f"-----BEGIN {args[0]}-----", *lines, f"-----END {args[0]}-----"])


def _uuid(dice: Dice, args: list[str]) -> str:
    return str(uuid.UUID(hex=draw(dice, "hex", 32), version=4))


def _words(dice: Dice, args: list[str]) -> str:
    return " ".join(dice.one(_WORDS) for _ in range(int(args[0])))


_MAKERS: Final[dict[str, Callable[[Dice, list[str]], str]]] = {
    "luhn": _luhn,
    "luhn-bad": _luhn_bad,
    "pan": _pan,
    "iban": _iban,
    "aba": _aba,
    "jwt": _jwt,
    "pem": _pem,
    "uuid": _uuid,
    "words": _words,
    "id": people.number,
    "id-bad": people.wrong_number,
    "phone": people.phone,
    "wallet": people.wallet,
}
