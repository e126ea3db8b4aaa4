"""What there is to say of a message that is on its way already.

Detectors that wait for something outside of the process, and that no rule in force reads, are not
asked while a message waits; those that judge a text as a whole are not asked while an answer
streams. They are asked afterwards, in the same time as they would have had, and what they say
stands in a line of its own, as what would have been done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, Protocol

from excise.audit.fields import Stage
from excise.audit.record import Facts
from excise.detectors.asked.judge import NAMES, OVERLAP, PIECE, UNSAFE
from excise.detectors.base import Findings
from excise.detectors.scanner import FullScanner
from excise.enforce.redact import Lookup
from excise.model import Decision, Direction, Mode, Part, Role, Segment, Span
from excise.pipeline import judging
from excise.pipeline.alongside import stretch
from excise.pipeline.outcome import Context, Record
from excise.pipeline.weigh import Found, genuine, with_more, without_own
from excise.policy.decide import decide

MOST: Final = judging.MOST * (PIECE - OVERLAP)
"""Characters of a streamed answer that are kept until it is over, the last ones."""


class Wall(judging.Wall, Protocol):
    """What an afterthought needs of the firewall that has let a message go."""

    @property
    def lookup(self) -> Callable[[str], Lookup]:
        """Principal id → its vault."""
        ...

    def describe(self, context: Context, decision: Decision, facts: Facts) -> Record:
        """An audit line."""
        ...


class Afterthought:
    """Holds the texts of one message until it was called, once; that may block for seconds."""

    def __init__(
        self,
        wall: Wall,
        context: Context,
        segments: Sequence[Segment],
        found: Found,
        *,
        stage: Stage,
        names: tuple[str, ...],
    ) -> None:
        """`found` is what those found that the message waited for, `names` says who is asked."""
        self.names = names
        self.size = len(context.exchange.body) + sum(len(each.text) for each in segments)
        self._wall = wall
        self._context = context
        self._segments = segments
        self._found = found
        self._stage = stage

    def __call__(self) -> Record | None:
        """A line with what rules make of it; None where they have nothing to say."""
        wall, began = self._wall, self._wall.timer()
        before, found = self._decided(self._found), self._asked()
        after = self._decided(found)
        theirs = NAMES.union(self.names)
        # What has left is not done anything about any more: every rule is one in shadow here.
        rulings = tuple(
            replace(each, mode=Mode.SHADOW)
            for each in after.rulings
            if wall.policy.rules[each.finding.rule].detector in theirs
        )
        clauses = tuple(
            replace(each, mode=Mode.SHADOW) for each in after.clauses if each not in before.clauses
        )
        reasons = tuple(each for each in after.reasons if each not in before.reasons)
        missing = tuple(name for name in found.missing if name not in self._found.missing)
        if not (rulings or clauses or reasons or missing):
            return None
        said = [each.action for each in rulings] + [each.action for each in clauses]
        would = max(said, key=lambda action: action.rank, default=before.action)
        return wall.describe(
            self._context,
            replace(
                after,
                would=would,
                rulings=rulings,
                clauses=clauses,
                reasons=reasons,
                missing=missing,
            ),
            Facts(
                stage=Stage.SHADOW,
                direction=self._direction,
                anomalies=found.anomalies[len(self._found.anomalies) :],
                timings={"detect": (wall.timer() - began) * 1000},
            ),
        )

    @property
    def _direction(self) -> Direction:
        return Direction.REQUEST if self._stage is Stage.REQUEST else Direction.RESPONSE

    def _asked(self) -> Found:
        wall, direction, segments, found = self._wall, self._direction, self._segments, self._found
        scanner, began = wall.scanner, wall.timer()
        if isinstance(scanner, FullScanner):
            if self._stage is Stage.STREAM:
                looked = scanner.inspect_grown(segments, wall.seconds)
            else:
                looked = scanner.inspect_later(segments, direction, wall.seconds)
            seen = zip(segments, looked.findings, strict=True)
            found = with_more(found, segments, [pair for pair in seen if pair[1]])
            standing = [(s, genuine(s.text, each, wall.policy.mild)) for s, each in found.findings]
            found = found._replace(
                findings=[pair for pair in standing if pair[1]],
                missing=(*found.missing, *looked.missing),
            )
        if UNSAFE in self.names and wall.judging is not None:
            left = wall.seconds - (wall.timer() - began)
            situation = wall.situation(self._context, direction, segments, self._stage, found)
            judge = wall.policy.profile.judge
            if self._stage is Stage.STREAM:
                judge = replace(judge, grey={})  # what comes in pieces has no score
            found = wall.judging.consulted(
                wall, judge, situation, self._context, segments, found, left
            )
        if direction is Direction.RESPONSE:
            found = without_own(found, wall.lookup(self._context.exchange.principal.id))
        return found

    def _decided(self, found: Found) -> Decision:
        context, segments = self._context, self._segments
        known = self._wall.situation(context, self._direction, segments, self._stage, found)
        return decide(self._wall.policy, found.findings, known)


def think_later(
    wall: Wall, context: Context, segments: Sequence[Segment], found: Found, stage: Stage
) -> Afterthought | None:
    """What is to be asked of a whole message when it is on its way, if anything."""
    direction = Direction.REQUEST if stage is Stage.REQUEST else Direction.RESPONSE
    names: tuple[str, ...] = ()
    if isinstance(wall.scanner, FullScanner):
        grown = stage is Stage.STREAM
        names = wall.scanner.grown if grown else wall.scanner.later(direction)
    if _is_judged_later(wall, direction):
        names = (*names, UNSAFE)
    if not names or not segments:
        return None
    return Afterthought(wall, context, segments, found, stage=stage, names=names)


class Overheard:
    """The last of a streamed answer, with every value taken out, kept until it is over."""

    def __init__(self, wall: Wall) -> None:
        self._wall = wall
        self._parts: dict[Part, list[str]] = {}
        self._size = 0

    def overhear(self, segment: Segment, findings: Findings, span: Span) -> None:
        """What is decided now of a text of the answer."""
        if segment.part is Part.METADATA or span.start >= span.end:
            return
        said = stretch(segment, findings, span) if findings else segment.text[slice(*span)]
        self._parts.setdefault(segment.part, []).append(said)
        self._size += len(said)
        if self._size > 2 * MOST:  # now and then: a copy of all of it with each word would be dear
            self._parts = {part: [text] for part, text in self._texts()}
            self._size = sum(len(texts[0]) for texts in self._parts.values())

    def afterthought(self, context: Context) -> Afterthought | None:
        """What is to be asked of it now that it is over; what comes next is another answer."""
        segments = [Segment(text, Role.ASSISTANT, part, 0) for part, text in self._texts()]
        self._parts, self._size = {}, 0
        return think_later(self._wall, context, segments, Found([]), Stage.STREAM)

    def _texts(self) -> list[tuple[Part, str]]:
        return [(part, "".join(said)[-MOST:]) for part, said in self._parts.items()]


def overhear(wall: Wall) -> Overheard | None:
    """What keeps a streamed answer for those that are asked when it is over, where some are."""
    asks = isinstance(wall.scanner, FullScanner) and bool(wall.scanner.grown)
    return Overheard(wall) if asks or _is_judged_later(wall, Direction.RESPONSE) else None


def _is_judged_later(wall: Wall, direction: Direction) -> bool:
    return (
        wall.judging is not None
        and direction in wall.policy.profile.judge.directions
        and judging.is_heard(wall.scanner)
        and not judging.is_awaited(wall.policy, direction)
    )
