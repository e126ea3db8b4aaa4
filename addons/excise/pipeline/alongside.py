"""A judge that reads along with a streamed answer, which does not wait for it.

It is told what is decided of the answer, with every value taken out, and asked about the newest
stretch as soon as it has answered about the one before. Only the answer's end waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from excise.audit.fields import Stage
from excise.detectors.asked.judge import UNSAFE, Asked, says_something, shown
from excise.detectors.asked.slow import Collect, Sights
from excise.detectors.base import Findings, Glance, Scanner
from excise.errors import NoAnswer
from excise.model import Direction, Finding, Part, Segment, Span
from excise.pipeline.judging import (
    Judging,
    Wall,
    answers_are_judged,
    is_awaited,
    is_heard,
    read_verdicts,
    worst_of,
)
from excise.pipeline.outcome import Context
from excise.pipeline.weigh import Found
from excise.policy.judging import may_ask
from excise.policy.schema import Grey, is_grey

FIRST: Final = 400  # characters after which it is first asked
MOST: Final = 8_000  # characters of a question; of what came before, the end
_AGAIN: Final = 200  # characters from which a text is new enough to be asked about again


class _Known(NamedTuple):
    """In the place of a question whose answer is remembered; implements `Collect`."""

    is_ready: bool = True

    def __call__(self) -> Mapping[str, Sights | NoAnswer]:
        return {}


class Alongside:
    """For one answer, not for several threads; `wait` alone may run in another one."""

    def __init__(
        self,
        judging: Judging,
        scanner: Scanner,
        *,
        parts: frozenset[Part],
        prompt: str,
        grey: Mapping[str, Grey],
        required: bool,
        seconds: float,
        left: float,
        timer: Callable[[], float],
    ) -> None:
        """`grey` are the scores for which it is asked (none: for all), `seconds` what one question
        may take while the answer flows, `left` those that the ends of its texts may wait
        together."""
        self._judging = judging
        self._scanner = scanner
        self._parts = parts
        self._prompt = prompt
        self._grey = grey
        self._required = required
        self._seconds = seconds
        self._left = left
        self._timer = timer
        self._found: tuple[Segment, Findings] | None = None
        self._text = ""
        self._fresh = 0  # characters that nobody was asked about
        self._segment: Segment | None = None
        self._asked: Asked | None = None
        self._least = FIRST  # characters from which a text is new enough to be asked about
        self._pending: Collect | None = None
        self.silent = False  # some stretch was not judged

    def overhear(self, segment: Segment, findings: Findings, span: Span) -> None:
        """What is decided now of a text of the answer."""
        if segment.part not in self._parts or span.start >= span.end:
            return
        said = stretch(segment, findings, span)
        self._text = (self._text + said)[-MOST:]
        self._fresh += len(said)
        self._segment = segment

    @property
    def refuses(self) -> bool:
        """Whether the answer may not go on, since some stretch was not judged that had to be."""
        return self._required and self.silent

    @property
    def lasts(self) -> bool:
        """Whether something that came is not judged yet, and may be in time, or has to be."""
        waits = self._left > 0 or self._required
        return waits and (self._pending is not None or self._is_new(1))

    def poll(self) -> tuple[Segment, Findings] | None:
        """What the judge has found since it was last looked at; asks on where it is free."""
        if self._pending is not None and self._pending.is_ready:
            self._found = self._heard()
        if self._pending is None and self._is_new(self._least):
            self._ask(self._seconds)
        found, self._found = self._found, None
        return found

    def wait(self) -> None:
        """Wait until all that came is judged, or the time is over. Nothing else may be called
        meanwhile."""
        until = self._timer() + self._left
        while self._found is None and (self._pending is not None or self._is_new(1)):
            if self._pending is None:
                if self._left <= 0:
                    self.silent = True
                    break
                self._ask(self._left)
            if self._pending is not None:
                self._found = self._heard()
            self._left = until - self._timer()

    def _is_new(self, size: int) -> bool:
        return self._fresh >= size and says_something(self._text)

    def _ask(self, seconds: float) -> None:
        """Put the question, where classifiers leave it open."""
        self._fresh, self._least = 0, _AGAIN
        if not self._is_open():
            return
        self._asked = Asked(self._text, Direction.RESPONSE, Part.COMPLETION, self._prompt)
        self._pending = self._judging.begin([self._asked], seconds) or _Known()

    def _is_open(self) -> bool:
        assert self._segment is not None
        if not self._grey:
            return True
        segment = self._segment._replace(text=self._text)
        scores = self._scanner.inspect([segment], Direction.RESPONSE, 0.0).scores
        return any(is_grey(self._grey, worst_of(said)) for said in scores)

    def _heard(self) -> tuple[Segment, Findings] | None:
        assert self._pending is not None and self._asked is not None and self._segment is not None
        self._pending()
        self._pending = None
        verdict = self._judging.known(self._asked)
        if verdict is None:
            self.silent = True
            return None
        segment = self._segment._replace(text=self._asked.text)
        digest = Glance(segment).digest
        found = read_verdicts(self._scanner, {digest: verdict}, [segment], Direction.RESPONSE)
        return found[0] if found else None


def read_along(wall: Wall, context: Context) -> Alongside | None:
    """A judge for a streamed answer, where the policy wants one that the answer waits for."""
    policy, judging = wall.policy, wall.judging
    if judging is None or not answers_are_judged(policy) or not is_heard(wall.scanner):
        return None
    if not is_awaited(policy, Direction.RESPONSE) or judging.is_kin(context.model):
        return None
    known = wall.situation(context, Direction.RESPONSE, (), Stage.STREAM, Found([]))
    if not may_ask(policy, (), known):
        return None
    return Alongside(
        judging,
        wall.scanner,
        timer=wall.timer,
        parts=policy.profile.judge.parts,
        prompt=context.prompt,
        grey=policy.profile.judge.grey,
        required=UNSAFE in policy.profile.require,
        seconds=wall.seconds,
        left=wall.seconds - context.waited,
    )


def stretch(segment: Segment, findings: Findings, span: Span) -> str:
    """A stretch of a text as a judge may see it."""
    here = tuple(_moved(each, span) for each in findings if each.span.start < span.end)
    return shown(segment.text[span.start : span.end], here)


def _moved(finding: Finding, span: Span) -> Finding:
    start = max(finding.span.start, span.start) - span.start
    return finding._replace(span=Span(start, min(finding.span.end, span.end) - span.start))
