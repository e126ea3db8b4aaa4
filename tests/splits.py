"""Every way to cut a body, and the parts of a stream test that do not care for a dialect."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from hypothesis import strategies as st

from excise.detectors.base import Findings, Scanned
from excise.enforce.redact import Placeholders
from excise.model import Action, Direction, Finding, Kind, Mode, Ruling, Segment, Severity, Span
from excise.pipeline.stream import ResponseStream, Step
from excise.policy.running import Said

SECRET = re.compile(r"SECRET-[0-9]{8}")
_GROWING = re.compile(r"S(?:E(?:C(?:R(?:E(?:T(?:-[0-9]{0,7})?)?)?)?)?)?\Z")
MINT = Placeholders(b"k" * 32).mint


def every_two_way_split(body: bytes) -> Iterator[list[bytes]]:
    """The body in two chunks, cut at every position."""
    for cut in range(1, len(body)):
        yield [body[:cut], body[cut:]]


def byte_by_byte(body: bytes) -> list[bytes]:
    """The body in chunks of one byte."""
    return [body[at : at + 1] for at in range(len(body))]


def cut_at(body: bytes, cuts: Sequence[int]) -> list[bytes]:
    """The body cut at these positions."""
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    return [body[start:end] for start, end in pairwise(edges)]


def pieces_of(text: str) -> st.SearchStrategy[list[str]]:
    """The text in any number of pieces, empty ones among them."""
    return st.lists(st.integers(0, len(text)), max_size=8).map(
        lambda cuts: [
            text[start:end]
            for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(text)], strict=True)
        ]
    )


class SecretScanner:
    """Finds `SECRET-` and eight digits; holds what may become one."""

    def scan(self, segments: Sequence[Segment], *, whole: bool = True) -> list[Findings]:
        return [
            tuple(
                Finding(
                    "secret.test",
                    "test.secret",
                    Span(*match.span()),
                    1.0,
                    Severity.HIGH,
                    Kind.SECRET,
                )
                for match in SECRET.finditer(segment.text)
            )
            for segment in segments
        ]

    def inspect(
        self, segments: Sequence[Segment], direction: Direction, seconds: float = 0.0
    ) -> Scanned:
        return Scanned(self.scan(segments))

    def rests(self, piece: Segment, done: int) -> bool:
        return False

    def hold(self, text: str) -> int:
        match = _GROWING.search(text)
        return match.start() if match else len(text)


class BlindScanner:
    """Finds nothing and waits for nothing."""

    def scan(self, segments: Sequence[Segment], *, whole: bool = True) -> list[Findings]:
        return [()] * len(segments)

    def inspect(
        self, segments: Sequence[Segment], direction: Direction, seconds: float = 0.0
    ) -> Scanned:
        return Scanned(self.scan(segments))

    def rests(self, piece: Segment, done: int) -> bool:
        return False

    def hold(self, text: str) -> int:
        return len(text)


class Judge:
    """Says the same of every finding, and nothing of the answer as a whole."""

    def __init__(self, action: Action, mode: Mode = Mode.ENFORCE) -> None:
        self.action, self.mode = action, mode

    def begin(self) -> Said:
        return Said()

    def hear(self, segment: Segment, findings: Findings) -> Said:
        return Said(
            tuple(
                Ruling(
                    segment=segment,
                    finding=finding,
                    action=self.action,
                    mode=self.mode,
                    clause="test",
                )
                for finding in findings
            )
        )

    def finish(self) -> Said:
        return Said()


def redact(ruling: Ruling, value: str) -> str:
    """The placeholder of a value."""
    return MINT(ruling.finding.entity, value)


def open_stream(reader, scanner=None, vault=None, action=Action.REDACT, notice="Stopped."):  # type: ignore[no-untyped-def]
    """A stream over this reader, with a scanner and a vault of a few lines."""
    return ResponseStream(
        reader=reader,
        scanner=scanner or SecretScanner(),
        judge=lambda progress: Judge(action),
        redact=redact,
        lookup=(vault or {}).get,
        notice=lambda said: notice,
    )


def run(stream: ResponseStream, chunks: Sequence[bytes]) -> bytes:
    """Everything the client gets."""
    return b"".join(step.out for step in steps(stream, chunks))


def steps(stream: ResponseStream, chunks: Sequence[bytes]) -> list[Step]:
    """Every step of a whole stream."""
    return [*(stream.feed(chunk) for chunk in chunks), stream.finish()]
