"""A long text → the stretches of it that patterns are run over, so that what they cost is bounded.

Patterns that look a few hundred characters ahead from each of their words cost most where a text
is nothing but such words. Of a long one only what stands around the rarer of them is read, and it
is told where there was more than fits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

SIZE: Final = 4096  # characters; a text of so many is read as it is
_AROUND: Final = 170  # characters on either side of a word, more than a pattern looks ahead
_END: Final = 256  # characters at either end that are always read
_CUT: Final = "\n;\n"  # no pattern matches across


class Excerpt(NamedTuple):
    """What is read of a text. `is_spent`: there was more to read than fits."""

    text: str
    is_spent: bool

    def __repr__(self) -> str:
        return f"<Excerpt of {len(self.text)} chars>"


def excerpt(text: str, words: Sequence[str]) -> Excerpt:
    """The text, or of a longer one its ends and what stands around the words."""
    if len(text) <= SIZE:
        return Excerpt(text, is_spent=False)
    last = len(text) - _END
    spans = [(0, _END), *sorted(_stretches(text, words)), (last, len(text))]
    kept: list[str] = []
    end = room = 0
    begun = False
    for start, stop in spans:
        stop, start = min(stop, len(text)), max(start, end)
        if start >= stop:
            continue
        if room + stop - start > SIZE and stop <= last:
            return Excerpt("".join([*kept, _CUT, text[last:]]), is_spent=True)
        kept += [_CUT] if begun and start > end else []
        kept.append(text[start:stop])
        room, end, begun = room + stop - start, stop, True
    return Excerpt("".join(kept), is_spent=False)


def _stretches(text: str, words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Around each word; of one that stands everywhere no more than fit."""
    for word in words:
        at = text.find(word)
        while at >= 0:
            yield max(0, at - _AROUND), at + len(word) + _AROUND
            # What lies well inside of the stretch is read with it.
            at = text.find(word, at + max(len(word), _AROUND // 2))
