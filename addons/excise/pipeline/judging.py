"""A model asked as a judge: which texts, what it is shown of them, and what its verdict becomes.

It is asked behind the detectors, since what they find is taken out first, and only about texts of
new turns for which the policy wants it. A verdict is remembered by a keyed digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple, Protocol

from excise.audit.fields import Stage
from excise.detectors.asked.judge import (
    NAMES,
    UNSAFE,
    Asked,
    Told,
    Verdict,
    family_of,
    joined,
    pieces,
    says_something,
    shown,
)
from excise.detectors.asked.judge_template import Template, read_reply, requests_of
from excise.detectors.asked.slow import Asking, Collect, Sights
from excise.detectors.base import Findings, Glance, Scanner, Scores
from excise.detectors.guests import reads
from excise.detectors.memory import Memory
from excise.detectors.scanner import FullScanner, join
from excise.errors import NoAnswer
from excise.model import Direction, Part, Place, Role, Segment
from excise.pipeline.outcome import Context
from excise.pipeline.scene import find_turn
from excise.pipeline.weigh import Found, with_more
from excise.policy.build import Policy
from excise.policy.judging import may_ask
from excise.policy.schema import Judged, is_grey
from excise.policy.situation import Situation

MOST: Final = 8  # pieces of texts that one message is asked about; the newest stand first
KIN: Final = "judge-same-family"
"""The anomaly of a message that was for a model of the judge's own family."""

_PROMPT: Final = 4_000  # characters of a question that the judge of its answer is told


class Wall(Protocol):
    """What a judge needs of the firewall that asks it."""

    @property
    def scanner(self) -> Scanner:
        """Whose rules read the verdict."""
        ...

    @property
    def policy(self) -> Policy:
        """What says when it is asked."""
        ...

    @property
    def timer(self) -> Callable[[], float]:
        """Seconds, monotonic."""
        ...

    @property
    def seconds(self) -> float:
        """That an exchange may wait."""
        ...

    @property
    def judging(self) -> Judging | None:
        """The judge, where there is one."""
        ...

    def situation(
        self,
        context: Context,
        direction: Direction,
        segments: Sequence[Segment],
        stage: Stage,
        found: Found,
    ) -> Situation:
        """What policy may know of a message."""
        ...


class _Case(NamedTuple):
    """A segment that is asked about, and its pieces."""

    segment: Segment
    asked: tuple[Asked, ...]


class Judging:
    """Safe to use from several threads."""

    def __init__(
        self,
        *,
        template: Template,
        model: str,
        ask: Callable[[Mapping[str, Any], float], str],
        asking: Asking,
        key: bytes,
        timer: Callable[[], float],
        topics: tuple[str, ...] = (),
        forced: bool = False,
    ) -> None:
        """`ask` sends the body of a chat request, within so many seconds, and gives the content of
        the answer. With `forced` it is asked about models of its own family, too."""
        self.template = template
        self.model = model
        self.memory = Memory[Verdict]()
        self._ask = ask
        self._asking = asking
        self._key = key
        self._timer = timer
        self._topics = topics
        self._family = "" if forced else family_of(model)

    def consulted(
        self,
        wall: Wall,
        judge: Judged,
        situation: Situation,
        context: Context,
        segments: Sequence[Segment],
        found: Found,
        seconds: float,
    ) -> Found:
        """What was found together with what the judge says, where the policy wants it asked;
        `judge` says about which texts."""
        if not may_ask(wall.policy, found.findings, situation):
            return found
        cases = cases_of(judge, situation.direction, segments, found, context)
        if not cases:
            return found
        if self.is_kin(situation.model):
            missing = tuple(dict.fromkeys((*found.missing, UNSAFE)))
            return found._replace(missing=missing, anomalies=(*found.anomalies, KIN))
        asked = [piece for case in cases for piece in case.asked]
        heard = dict(zip(asked, self.hear(asked[:MOST], seconds), strict=False))
        verdicts = {
            Glance(case.segment).digest: joined(heard.get(each) or () for each in case.asked)
            for case in cases
        }
        if any(heard.get(each) is None for each in asked):
            found = found._replace(missing=tuple(dict.fromkeys((*found.missing, UNSAFE))))
        said = read_verdicts(
            wall.scanner, verdicts, [case.segment for case in cases], situation.direction
        )
        return with_more(found, segments, said)

    def is_kin(self, model: str) -> bool:
        """Whether a model is of the judge's own family, which is not to judge itself."""
        return bool(self._family) and family_of(model) == self._family

    def hear(self, asked: Sequence[Asked], seconds: float) -> list[Verdict | None]:
        """The verdict on each text; None where there is no answer in time."""
        if (pending := self.begin(asked, seconds)) is not None:
            pending()
        return [self.known(each) for each in asked]

    def begin(self, asked: Sequence[Asked], seconds: float) -> Collect | None:
        """Ask without waiting; None where there is nothing to ask. What comes of it is `known`."""
        new = [each for each in dict.fromkeys(asked) if self.known(each) is None]
        if not new:
            return None

        def question(left: float) -> Sights:
            until = self._timer() + left
            for each in new:
                self.memory.put(self._name(each), self._judged(each, until))
            return []

        return self._asking.begin({UNSAFE: question}, seconds)

    def known(self, asked: Asked) -> Verdict | None:
        """The verdict on a text that was judged before."""
        return self.memory.get(self._name(asked))

    # -- parts ---------------------------------------------------------------------------------

    def _judged(self, asked: Asked, until: float) -> Verdict:
        verdicts = []
        for question, body in requests_of(self.template, self.model, asked, self._topics):
            left = until - self._timer()
            if left <= 0:
                raise NoAnswer("late")
            reply = self._ask(body, left)
            verdicts.append(read_reply(question, reply, self.template.sure, self._topics))
        return joined(verdicts)

    def _name(self, asked: Asked) -> bytes:
        digest = hashlib.blake2b(key=self._key, digest_size=32)
        for field in (asked.direction, asked.part, asked.prompt, asked.text):
            data = field.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "big") + data)
        return digest.digest()


def judged(
    wall: Wall,
    direction: Direction,
    context: Context,
    segments: Sequence[Segment],
    found: Found,
) -> tuple[Context, Found]:
    """What was found together with what a judge says that the message waits for; the context knows
    how long it took, and what a judge of the answer must know."""
    judging, policy = wall.judging, wall.policy
    if judging is None or not is_heard(wall.scanner):
        return context, found
    began = wall.timer()
    if is_awaited(policy, direction):
        known = wall.situation(context, direction, segments, Stage(direction), found)
        left = wall.seconds - context.waited
        found = judging.consulted(wall, policy.profile.judge, known, context, segments, found, left)
    waited = context.waited + wall.timer() - began
    prompt = context.prompt
    if direction is Direction.REQUEST and answers_are_judged(policy):
        prompt = _prompt_of(segments, found)
    return replace(context, waited=waited, prompt=prompt), found


def is_heard(scanner: Scanner) -> bool:
    """Whether some rule reads what a judge says."""
    return any(reads(scanner, name) for name in NAMES)


def is_awaited(policy: Policy, direction: Direction) -> bool:
    """Whether messages of this direction wait for a judge: some rule in force reads it."""
    return any((direction, name) in policy.awaited for name in NAMES)


def answers_are_judged(policy: Policy) -> bool:
    """Whether a judge may be asked about answers."""
    return Direction.RESPONSE in policy.profile.judge.directions


def cases_of(
    judge: Judged,
    direction: Direction,
    segments: Sequence[Segment],
    found: Found,
    context: Context,
) -> list[_Case]:
    """The texts that a judge is asked about, the newest first, and what it is shown of them."""
    turn = find_turn(segments)
    findings = {id(segment): each for segment, each in found.findings}
    scores = {id(segment): said for segment, said in found.scores}
    cases = []
    for segment in segments:
        if segment.part not in judge.parts or segment.place is not Place.BODY:
            continue
        if segment.role is Role.SYSTEM or turn.is_older(segment) or is_form(segment):
            continue
        if direction is Direction.REQUEST and segment.role is Role.ASSISTANT:
            continue
        if not is_grey(judge.grey, worst_of(scores.get(id(segment), ()))) or not says_something(
            segment.text
        ):
            continue
        text = shown(segment.text, findings.get(id(segment), ()))
        prompt = context.prompt if direction is Direction.RESPONSE else ""
        cases.append(
            _Case(
                segment,
                tuple(Asked(piece, direction, segment.part, prompt) for piece in pieces(text)),
            )
        )
    return cases[::-1]


def is_form(segment: Segment) -> bool:
    """Whether a text only says of what kind the one beside it is."""
    return segment.path[-1:] in (("role",), ("type",)) and segment.text.isidentifier()


def worst_of(scores: Scores) -> dict[str, float]:
    """Of each classifier the highest score."""
    worst: dict[str, float] = {}
    for detector, _, score in scores:
        worst[detector] = max(worst.get(detector, 0.0), score)
    return worst


def read_verdicts(
    scanner: Scanner,
    verdicts: Mapping[bytes, Verdict],
    segments: Sequence[Segment],
    direction: Direction,
) -> list[tuple[Segment, Findings]]:
    """What the rules make of verdicts, by segment."""
    if not isinstance(scanner, FullScanner):
        return []
    found: list[Findings] = [()] * len(segments)
    for name in sorted(NAMES):
        found = join(found, scanner.ask(Told(name, verdicts), segments, direction))
    return [(segment, each) for segment, each in zip(segments, found, strict=True) if each]


def _prompt_of(segments: Sequence[Segment], found: Found) -> str:
    """The newest words of the user, as a judge may see them."""
    findings = {id(segment): each for segment, each in found.findings}
    for segment in reversed(segments):
        if segment.role is Role.USER and segment.part is Part.PROMPT and not is_form(segment):
            return shown(segment.text, findings.get(id(segment), ()))[-_PROMPT:]
    return ""
