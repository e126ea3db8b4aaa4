"""Addresses of crypto currencies that carry a checksum, verified and made."""

from __future__ import annotations

import hashlib
from typing import Final

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_RESIDUES: Final = (1, 0x2BC830A3)  # bech32 (BIP 173) and bech32m (BIP 350)


def base58check(text: str) -> bool:
    """The last four bytes are the head of a double SHA-256 of those before (Bitcoin wiki)."""
    number = 0
    for char in text:
        value = _BASE58.find(char)
        if value < 0:
            return False
        number = number * 58 + value
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    raw = b"\0" * (len(text) - len(text.lstrip("1"))) + raw
    return len(raw) in (25, 38, 82) and _seal(raw[:-4]) == raw[-4:]


def to_base58check(payload: bytes) -> str:
    """The address of a payload, its version byte included."""
    raw = payload + _seal(payload)
    number, chars = int.from_bytes(raw, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        chars = _BASE58[rest] + chars
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + chars


def _seal(payload: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]


def bech32(text: str) -> bool:
    """A segregated-witness address with a right checksum (BIP 173, BIP 350)."""
    if text not in (text.lower(), text.upper()):
        return False
    head, _, data = text.lower().rpartition("1")
    values = [_BECH32.find(char) for char in data]
    return bool(head) and len(values) >= 6 and min(values) >= 0 and (
        _polymod([*_spread(head), *values]) in _RESIDUES
    )  # fmt: skip


def to_bech32(head: str, values: list[int]) -> str:
    """The address of five-bit values under a human-readable head."""
    sum_ = _polymod([*_spread(head), *values, *([0] * 6)]) ^ 1
    seal = [sum_ >> 5 * (5 - place) & 31 for place in range(6)]
    return f"{head}1{''.join(_BECH32[value] for value in values + seal)}"


def _spread(head: str) -> list[int]:
    return [ord(c) >> 5 for c in head] + [0] + [ord(c) & 31 for c in head]


def _polymod(values: list[int]) -> int:
    rest = 1
    for value in values:
        top = rest >> 25
        rest = (rest & 0x1FFFFFF) << 5 ^ value
        for place, each in enumerate(_GENERATOR):
            rest ^= each if top >> place & 1 else 0
    return rest
