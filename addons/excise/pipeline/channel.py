"""One text that a stream spells out: what of it is decided, and what must wait.

    context (decided, released) | waiting                    | not yet there
    ────────────────────────────┼────────────────────────────┤
    at most CONTEXT characters  done           limit       len(text)

Positions count in `text`; what was dropped in front of it is forgotten, so a stream of any length
takes the same memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from excise.codecs.base import StreamEvent
from excise.detectors.base import Findings, Scanner
from excise.enforce.redact import LONGEST, PLACEHOLDER, UNFINISHED, Lookup, is_placeholder
from excise.model import Direction, Edit, Finding, Part, Segment, Span
from excise.text.escapes import View, begins_json, find_unfinished, unescape

CONTEXT: Final = 512
"""Characters of decided text that rules may still read in front of a value."""

MAX_HOLD: Final = 20_480
"""Longest text that waits: a little more than the longest rule needs, a private key of 16 000
characters. What waits longer is released as far as nothing was found in it."""

KEEP: Final = 4096
"""What still waits after the longest text was exceeded."""

_BEFORE: Final = 16
"""Decided text that is shown with the question how much must wait. Whatever may still grow begins
behind it, for otherwise it would not have been decided; it only tells where a word begins."""

_LONGEST_ESCAPE: Final = 12  # a surrogate pair

_BROUGHT: Final = frozenset({Part.TOOL_DEFINITION, Part.TOOL_RESULT, Part.DOCUMENT})
_HEAD: Final = 64  # characters in which it shows whether a text is JSON


class Change(NamedTuple):
    """Replace a span of the channel's text."""

    span: Span
    text: str

    def __repr__(self) -> str:
        return f"<Change {self.span.start}-{self.span.end}>"


class Held:
    """An event that waits: how many of its pieces are undecided, and what to change in it."""

    __slots__ = ("edits", "event", "waiting")

    def __init__(self, event: StreamEvent) -> None:
        self.event = event
        self.edits: list[Edit] = []
        self.waiting = 0


class _Piece(NamedTuple):
    held: Held
    token: int
    start: int
    end: int


class ChannelText:
    """The text of one channel, with the events that carry its undecided part."""

    __slots__ = (
        "_pieces",
        "_view",
        "_viewed",
        "done",
        "json",
        "last",
        "sealed",
        "segment",
        "text",
        "whole",
    )

    def __init__(self, segment: Segment, *, json: bool) -> None:
        self.segment = segment
        self.json = json
        self.sealed = False
        self.text = ""
        self.done = 0
        self.last = 0  # the number of the event that brought the last piece
        self.whole = True  # nothing was dropped in front of `text`
        self._pieces: deque[_Piece] = deque()
        self._viewed = ""  # the text of which this is the view
        self._view: View | None = None

    @property
    def waits(self) -> bool:
        """Whether anything is undecided."""
        return bool(self._pieces)

    def add(self, segment: Segment, held: Held) -> None:
        """The next piece, carried by `held`."""
        start = len(self.text)
        self.text += segment.text
        self._pieces.append(_Piece(held, segment.token, start, len(self.text)))
        held.waiting += 1
        if not self.json and self.whole and start < _HEAD:
            # Structured output: values put into it must be escaped, as in tool arguments.
            self.json = begins_json(self.text)

    @property
    def view(self) -> View | None:
        """The text with its escapes decoded, where it is JSON and has any."""
        if not self.json:
            return None
        if self._viewed is not self.text:
            self._viewed, self._view = self.text, unescape(self.text)
        return self._view

    def find_limit(self, scanner: Scanner) -> tuple[int, bool]:
        """Up to where the text may be decided, and whether it was waited for long enough."""
        begin = max(0, self.done - _BEFORE)
        if self.json and "\\" in self.text[max(0, begin - _LONGEST_ESCAPE) : self.done]:
            begin = self.done  # never inside an escape, unlike a place somewhere before it
        tail = self.text[begin:]
        limit = scanner.hold(tail)
        if self.json and "\\" in tail:
            limit = min(limit, _find_limit_of_view(scanner, tail))
        if "[" in tail:
            match = UNFINISHED.search(tail, max(0, len(tail) - LONGEST))
            if match:
                limit = min(limit, match.start())
        limit = max(begin + limit, self.done)
        if len(self.text) - limit <= MAX_HOLD:
            return limit, False
        limit = len(self.text) - KEEP
        view = self.view
        return (view.offsets.ceil(limit) if view else limit), True

    def find_placeholders(self, lookup: Lookup) -> list[Span]:
        """The placeholders in the text that the vault knows."""
        if "[" not in self.text:
            return []
        return [
            Span(*match.span())
            for match in PLACEHOLDER.finditer(self.text)
            if lookup(match[0]) is not None
        ]

    def apply(self, changes: Iterable[Change], limit: int) -> None:
        """Decide everything before `limit`: pass changes on to the events and let pieces go."""
        pieces = list(self._pieces)
        for change in sorted(changes):
            _spread(change, pieces)
        while self._pieces and self._pieces[0].end <= limit:
            self._pieces.popleft().held.waiting -= 1
        self.done = limit
        self._forget()

    def _forget(self) -> None:
        cut = self.done - CONTEXT
        if cut <= 0:
            return
        view = self.view
        if view is not None:
            cut = view.offsets.floor(cut)
        self.text = self.text[cut:]
        self.done -= cut
        self.whole = False
        self._pieces = deque(
            _Piece(held, token, start - cut, end - cut) for held, token, start, end in self._pieces
        )


def _find_limit_of_view(scanner: Scanner, text: str) -> int:
    whole = find_unfinished(text)
    if whole < len(text):
        # Half an escape would look like text behind which nothing can grow.
        text = text[:whole]
        whole = min(whole, scanner.hold(text))
    view = unescape(text)
    if view is None:
        return whole
    at = scanner.hold(view.text)
    return view.offsets.floor(min(whole, view.back(Span(at, at)).start))


def _spread(change: Change, pieces: Sequence[_Piece]) -> None:
    """What replaces a span goes into the first piece it touches; in the others it is cut out."""
    text = change.text
    for held, token, start, end in pieces:
        if start >= change.span.end:
            break
        if end > change.span.start:
            span = Span(max(change.span.start, start) - start, min(change.span.end, end) - start)
            held.edits.append(Edit(token, span, text))
            text = ""


def settle_limit(limit: int, spans: Iterable[Span], *, forced: bool) -> int:
    """`limit`, moved so that it cuts none of `spans`: down, or up where it was forced."""
    ordered = sorted(spans, key=lambda span: span.end if forced else -span.start)
    moved = True
    while moved:
        moved = False
        for start, end in ordered:
            if start < limit < end:
                limit = end if forced else start
                moved = True
    return limit


def genuine(findings: Iterable[Finding], placeholders: Sequence[Span], text: str) -> list[Finding]:
    """Findings without those that touch a known placeholder, or are one themselves."""
    return [
        finding
        for finding in findings
        if not any(
            finding.span.start < end and start < finding.span.end for start, end in placeholders
        )
        and not is_placeholder(text[finding.span.start : finding.span.end])
    ]


def find_in(scanner: Scanner, texts: Sequence[tuple[Segment, View | None]]) -> list[Findings]:
    """What is found in each text as it stands and as its view shows it, with spans of the text."""
    batch = [segment for segment, _ in texts]
    batch += [segment._replace(text=view.text) for segment, view in texts if view is not None]
    found = iter(scanner.scan(batch, whole=False))
    plain = [next(found) for _ in texts]
    return [
        findings if view is None else _joined(findings, view, next(found))
        for findings, (_, view) in zip(plain, texts, strict=True)
    ]


def find_whole(scanner: Scanner, texts: Sequence[tuple[Segment, View | None]]) -> list[Findings]:
    """As `find_in`, for texts that stand whole in an event; what a tool brought is read as it is in
    whole answers, save by those who would wait for something outside."""
    brought = [segment for segment, _ in texts if segment.part in _BROUGHT]
    if not brought:
        return find_in(scanner, texts)
    read = iter(scanner.inspect(brought, Direction.RESPONSE, 0.0).findings)
    rest = iter(find_in(scanner, [each for each in texts if each[0].part not in _BROUGHT]))
    return [next(read if segment.part in _BROUGHT else rest) for segment, _ in texts]


def _joined(plain: Findings, view: View, seen: Findings) -> Findings:
    joined: dict[tuple[str, str, Span], Finding] = {}
    for finding in plain:
        # Half an escape must never be cut off: what is left would mean something else.
        span = Span(view.offsets.ceil(finding.span.start), view.offsets.floor(finding.span.end))
        if span.start < span.end:
            joined[finding.entity, finding.rule, span] = finding._replace(span=span)
    for finding in seen:
        span = view.back(finding.span)
        joined.setdefault((finding.entity, finding.rule, span), finding._replace(span=span))
    return tuple(sorted(joined.values(), key=lambda each: each.span))
