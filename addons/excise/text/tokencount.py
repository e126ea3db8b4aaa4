"""How many tokens a text has, about: every pair of neighbouring bytes adds its share.

Exact counting costs more than all of detection. Bytes fall into fifteen classes, and the shares
of the 225 pairs of classes were fitted to exact counts by `scripts/train-tokens`, which prints how
good the estimate is on texts of kinds that were left out.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from excise.text.tokenweights import WEIGHTS

DEFAULT: Final = "o200k_base"
# Beginnings of names of models, the longest first where they overlap.
_MODELS: Final = (
    ("gpt-4o", "o200k_base"),
    ("gpt-4.1", "o200k_base"),
    ("gpt-4.5", "o200k_base"),
    ("gpt-4", "cl100k_base"),
    ("gpt-3.5", "cl100k_base"),
    ("gpt-35", "cl100k_base"),
    ("text-embedding-", "cl100k_base"),
    ("davinci-002", "cl100k_base"),
    ("babbage-002", "cl100k_base"),
    ("ft:gpt-4o", "o200k_base"),
    ("ft:gpt-4.1", "o200k_base"),
    ("ft:gpt-4", "cl100k_base"),
    ("ft:gpt-3.5", "cl100k_base"),
    ("ft:davinci-002", "cl100k_base"),
    ("ft:babbage-002", "cl100k_base"),
)

_GROUPS: Final = (
    b"bcdfghjklmnpqrstvwxyz",
    b"aeiou",
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    b"0123456789",
    b" ",
    b"\n\r\t",
    b"_-/.,'\"",
    b"",  # the rest of ASCII
    bytes(range(0x80, 0xC0)),  # what follows in UTF-8
    bytes(range(0xC0, 0xCE)),  # Latin with marks, some Greek
    bytes(range(0xCE, 0xE0)),  # Greek, Cyrillic, Hebrew, Arabic
    bytes(range(0xE0, 0xE3)),  # South and South-East Asia, punctuation
    bytes(range(0xE3, 0xEA)),  # kana and Han
    bytes(range(0xEA, 0xF0)),  # Hangul, full width
    bytes(range(0xF0, 0x100)),  # emoji
)
CLASSES: Final = len(_GROUPS)
_ENOUGH: Final = 4096  # characters of a tally that are counted at once
_REST: Final = 7


def _class_table() -> npt.NDArray[np.uint8]:
    table = np.full(256, _REST, np.uint8)
    for number, group in enumerate(_GROUPS):
        table[list(group)] = number
    return table


_TABLE: Final = _class_table()
_SHARES: Final = {name: np.array(weights) for name, weights in WEIGHTS.items()}


def encoding_of(model: str) -> str:
    """The encoding by which tokens of a model are counted; the newest where nobody knows."""
    name = model.rpartition("/")[2].lower()
    return next((encoding for head, encoding in _MODELS if name.startswith(head)), DEFAULT)


def pairs(text: str) -> npt.NDArray[np.intp]:
    """How often each pair of classes stands in the text's UTF-8; shape (225,)."""
    classes = _TABLE[np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)]
    return np.bincount(classes[:-1] * np.uint8(CLASSES) + classes[1:], minlength=CLASSES**2)


class Tally:
    """Counts a text that comes in pieces; counting every little piece would cost more."""

    def __init__(self, encoding: str = DEFAULT) -> None:
        self._encoding = encoding
        self._waiting: list[str] = []
        self._length = 0
        self._counted = 0

    def add(self, piece: str) -> None:
        """The next piece."""
        self._waiting.append(piece)
        self._length += len(piece)
        if self._length >= _ENOUGH:
            self._settle()

    @property
    def tokens(self) -> int:
        """About how many tokens have come."""
        self._settle()
        return self._counted

    def _settle(self) -> None:
        self._counted += estimate("".join(self._waiting), self._encoding)
        self._waiting.clear()
        self._length = 0


def estimate(text: str, encoding: str = DEFAULT) -> int:
    """About how many tokens; 0 for the empty text. KeyError for an encoding without shares."""
    if not text:
        return 0
    return max(1, round(float(pairs(text) @ _SHARES[encoding])))
