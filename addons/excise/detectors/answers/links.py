"""Links and pictures in an answer whose address carries data to a host that nobody has named.

A picture is fetched as soon as the answer is shown, a link when it is clicked. What is told is the
part in parentheses (or the whole tag in HTML): without it the rest is plain text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from typing import Final

from excise.detectors.base import Glance, Sight
from excise.detectors.patterns.addresses import carries, host_of, is_below
from excise.model import Segment, Span

NAME: Final = "links"
MARKDOWN: Final = "markdown"

_ADDRESS: Final = "//"  # stands in every one
_LONGEST: Final = 4096  # characters of one address
_SHOWN: Final = 24  # characters of data in the address of a picture
_CLICKED: Final = 64  # and of a link
_TEXT: Final = 200  # characters of the text of a picture that are looked at
_PLACES: Final = re.compile(
    r"(?<=\])\(\s{0,9}<?(?P<link>(?:https?:)?//[^\s<>()\"\]]{1,4096}+)[^()\n]{0,200}+\)|"
    r"(?<=\]:)[ \t]{0,9}<?(?P<reference>(?:https?:)?//[^\s<>()\"\]]{1,4096}+)(?=[\s>]|\Z)|"
    r"<img\s[^<>]{0,120}?src\s{0,3}=\s{0,3}[\"']?(?P<tag>(?:https?:)?//[^\s<>\"']{1,4096}+)"
    r"[^<>]{0,300}+(?=>)",
    re.IGNORECASE,
)
_PICTURE: Final = re.compile(r"!\[[^\[\]]{0,200}\]$")
_BEGUN: Final = re.compile(
    r"(?:(?<=\])\([^()\n]*|(?<=\]:)[ \t]*[^\s\]]*|<(?:i|im|img|img\s[^<>]*)?)\Z", re.IGNORECASE
)


class Links:
    """Implements `Guest` for the answer to one request."""

    name: Final = NAME
    labels: Final = frozenset({MARKDOWN})

    def __init__(self, hosts: Set[str], known: Callable[[], Iterable[str]] = tuple) -> None:
        """`hosts` may be told anything; `known` gives the texts of the request: an address that
        stands there carries nothing new."""
        self._hosts = hosts
        self._known = known

    def hold(self, text: str) -> int:
        """Where an address that is not whole begins."""
        if "]" not in text and "<" not in text:
            return len(text)
        low = max(0, len(text) - 2 * _LONGEST)
        begun = _BEGUN.search(text, low)
        return begun.start() if begun else len(text)

    def rests(self, piece: Segment) -> bool:
        """Whether no address stands there."""
        return _ADDRESS not in piece.text

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        """For each text the places from which data would leave."""
        return [tuple(self._seen(each.text)) if _ADDRESS in each.text else () for each in glances]

    def _seen(self, text: str) -> Iterator[Sight]:
        for found in _PLACES.finditer(text):
            url = found["link"] or found["reference"] or found["tag"]
            whole = url if ":" in url[:6] else f"https:{url}"
            if is_below(host_of(whole), self._hosts):
                continue
            before = text[max(0, found.start() - _TEXT - 3) : found.start()]
            shown = found["tag"] or (found["link"] and _PICTURE.search(before))
            score = carries(whole, _SHOWN if shown else _CLICKED)
            if score and not any(url in each for each in self._known()):
                yield Sight(MARKDOWN, Span(*found.span()), score)
