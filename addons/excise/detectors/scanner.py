"""All that looks at a text: the pattern pass and the side detectors that some rule reads.

The pattern pass alone reads growing texts; side detectors judge a text as a whole, of a streamed
answer once it is over. What they saw becomes a finding by the rules that ask for it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Final, NamedTuple

from excise.detectors.asked.slow import Asking, InTurn, Sights, Slow
from excise.detectors.base import (
    CLASSIFIERS,
    FOREVER,
    Detector,
    Findings,
    Glance,
    Growing,
    Scanned,
    Scores,
    Sight,
    Signals,
    digest_of,
    signs_in,
)
from excise.detectors.memory import Memory
from excise.detectors.patterns.confirm import excuses
from excise.detectors.patterns.scan import PatternScanner, Verdict
from excise.detectors.tools import guard as tool_guard
from excise.errors import NoAnswer
from excise.model import Direction, Finding, Part, Segment
from excise.rules.compile import CompiledExcuse, compile_excuses
from excise.rules.schema import Asked, Rule

ANY: Final = "*"
_ORDER: Final = attrgetter("span", "rule")
SPENT: Final = "disguise-budget"  # something was left undecoded, or untried


class _Reader(NamedTuple):
    """A rule that reads a side detector, ready to run."""

    rule: Rule
    asked: Asked
    unless: tuple[CompiledExcuse, ...]

    def read(self, segment: Segment, sight: Sight) -> Finding | None:
        """The finding that the rule makes of a sight with a label that it asks for, if any."""
        asked = self.asked
        enough = sight.met >= asked.columns if asked.columns else sight.score >= asked.min_score
        if not enough:
            return None
        if any(excuses(each, segment.text, sight.span, segment.label) for each in self.unless):
            return None
        rule = self.rule
        entity = spelled(rule.entity, sight.label)
        return Finding(
            entity, rule.id, sight.span, sight.score, rule.severity, rule.kind, asked.detector
        )


_Readers = Mapping[str, tuple[_Reader, ...]]
"""By each label that one names: those that read it. Under `ANY` those that read all others."""


class _Seen(NamedTuple):
    """What is made of a text: findings, what classifiers say as (detector, label, score), and
    whether something of it was left out."""

    findings: Findings = ()
    scores: Scores = ()
    is_cut: bool = False


_UNSEEN: Final = _Seen()

_Look = Callable[[Mapping[bytes, Segment]], tuple[dict[bytes, _Seen], tuple[str, ...]]]
"""What is made of texts nobody knows yet, and the names of detectors that do not answer."""

# Behind the digest of a text: what a verdict depends on besides.
_TAILS: Final = {
    way: {part: f"{way}/{part}".encode() for part in Part} for way in (None, *Direction)
}
_LATER: Final = {way: {part: f"later/{way}/{part}".encode() for part in Part} for way in Direction}
_GROWN: Final = {part: f"grown/{part}".encode() for part in Part}


class _Panel(NamedTuple):
    """A side detector and the rules of one direction that read it."""

    detector: Detector
    readers: _Readers
    parts: frozenset[Part]  # empty: some rule reads every part

    def judge(self, glances: Sequence[Glance]) -> list[_Seen]:
        """For each text what the rules make of what the detector sees."""
        return self.read(glances, self.detector.find(self.shown(glances)))

    def shown(self, glances: Sequence[Glance]) -> list[Glance]:
        """The texts of parts that some rule reads."""
        return [each for each in glances if not self.parts or each.part in self.parts]

    def read(self, glances: Sequence[Glance], sights: Iterable[Sequence[Sight]]) -> list[_Seen]:
        """For each text what the rules make of what the detector saw in those `shown`."""
        seen = iter(sights)
        return [
            self._made(each.segment, next(seen))
            if not self.parts or each.part in self.parts
            else _UNSEEN
            for each in glances
        ]

    def _made(self, segment: Segment, sights: Sequence[Sight]) -> _Seen:
        findings = tuple(
            finding
            for sight in sights
            for reader in self.readers.get(sight.label, self.readers[ANY])
            if (finding := reader.read(segment, sight)) is not None
        )
        name = self.detector.name
        if name not in CLASSIFIERS:
            return _Seen(findings)
        return _Seen(findings, tuple((name, sight.label, sight.score) for sight in sights))


class FullScanner:
    """Implements `Scanner` over patterns and side detectors; safe to use from several threads."""

    def __init__(
        self,
        pattern: PatternScanner,
        detectors: Mapping[str, Detector],
        rules: Iterable[Rule],
        *,
        blind: Callable[[str], str] = str,
        asking: Asking | None = None,
        awaited: Container[tuple[Direction, str]] | None = None,
    ) -> None:
        """`rules` that ask for a detector which is not there find nothing. `blind` takes out of a
        text what the firewall itself put there, and keeps its length. `asking` is how those are
        asked that wait for something outside; of these `inspect` asks the ones in `awaited` (None:
        all), and `inspect_later` the others."""
        self.pattern = pattern
        self.slow = frozenset(name for name, each in detectors.items() if isinstance(each, Slow))
        self._asking = asking or InTurn()
        self._blind = blind
        rules = list(rules)
        reading = [rule for rule in rules if rule.asked]
        self._elsewhere = {
            way: frozenset(rule.id for rule in rules if way not in rule.directions)
            for way in Direction
        }
        # Of these rules a stream asks once a call of a tool is whole.
        self.of_calls = frozenset(
            rule.id
            for rule in rules
            if rule.is_of_calls or (rule.asked and rule.asked.detector == tool_guard.NAME)
        )
        every = {way: _panels(detectors, reading, way) for way in (None, *Direction)}

        def waits(way: Direction | None, panel: _Panel) -> bool:
            name, ways = panel.detector.name, (way,) if way else Direction
            if name not in self.slow or awaited is None:
                return True
            return any((each, name) in awaited for each in ways)

        self._panels = {
            way: tuple(each for each in panels if waits(way, each)) for way, panels in every.items()
        }
        self._later = {
            way: tuple(each for each in every[way] if not waits(way, each)) for way in Direction
        }
        # Of detectors that are not there; one that knows an exchange may come with it.
        self._seats = {
            way: {name: readers_of(name, reading, way) for name in _asked(reading) - set(detectors)}
            for way in Direction
        }
        self._growing = tuple(
            panel
            for panel in self._panels[Direction.RESPONSE]
            if isinstance(panel.detector, Growing)
        )
        self._growers = [p.detector for p in self._growing if isinstance(p.detector, Growing)]
        self._grown = tuple(
            panel for panel in every[Direction.RESPONSE] if not isinstance(panel.detector, Growing)
        )
        self._memory = Memory[_Seen]()

    @property
    def is_slow(self) -> bool:
        """Whether some detector that is awaited waits for another process."""
        return any(
            panel.detector.name in self.slow for panels in self._panels.values() for panel in panels
        )

    @property
    def memories(self) -> Mapping[str, Memory[Verdict] | Memory[_Seen]]:
        """What is remembered of texts, by which pass."""
        return {
            "pattern": self.pattern.memory,
            "short": self.pattern.short,
            "text": self._memory,
        }

    def prepare(self) -> Iterator[None]:
        """As of `PatternScanner`."""
        return self.pattern.prepare()

    def hold(self, text: str) -> int:
        """The first position that the pattern pass or a detector waits for."""
        first = self.pattern.hold(text)
        for each in self._growers:
            first = min(first, each.hold(text))
        return first

    def rests(self, piece: Segment, done: int) -> bool:
        """Whether neither the pattern pass nor a detector of growing texts has anything to tell."""
        return not self._growing and self.pattern.rests(piece, done)

    def scan(self, segments: Sequence[Segment], *, whole: bool = True) -> list[Findings]:
        """The pattern pass; on whole texts every side detector of either direction, on pieces of
        answers those that read growing ones."""
        if not whole:
            glances = self._glances(segments)
            found = self.pattern.look(glances, whole=False).findings
            for panel in self._growing:
                found = join(found, [seen.findings for seen in panel.judge(glances)])
            return found
        return self.inspect(segments, None).findings

    def inspect(
        self,
        segments: Sequence[Segment],
        direction: Direction | None,
        seconds: float = FOREVER,
    ) -> Scanned:
        """Everything that reads messages of this direction (None: of either) and is awaited,
        remembered by text, part and direction.

        Where a detector does not answer, the verdict is not remembered: the next time it may.
        """
        look = partial(self._looked_at, direction=direction, seconds=seconds)
        return self._remembered(segments, _TAILS[direction], look)

    def inspect_later(
        self, segments: Sequence[Segment], direction: Direction, seconds: float = FOREVER
    ) -> Scanned:
        """The same for those that are not awaited."""
        look = partial(self._asked_later, panels=self._later[direction], seconds=seconds)
        return self._remembered(segments, _LATER[direction], look)

    def inspect_grown(self, segments: Sequence[Segment], seconds: float = FOREVER) -> Scanned:
        """What nobody looks for in an answer that grows, in one that is over."""
        look = partial(self._asked_later, panels=self._grown, seconds=seconds)
        return self._remembered(segments, _GROWN, look)

    @property
    def grown(self) -> tuple[str, ...]:
        """Names of those that read an answer only when it is over."""
        return tuple(panel.detector.name for panel in self._grown)

    def later(self, direction: Direction) -> tuple[str, ...]:
        """Names of those that read messages of this direction and are not awaited."""
        return tuple(panel.detector.name for panel in self._later[direction])

    def _remembered(
        self, segments: Sequence[Segment], tails: Mapping[Part, bytes], look: _Look
    ) -> Scanned:
        """What is known of texts, and what `look` makes of the others."""
        keys = [digest_of(each) + tails[each.part] for each in segments]
        seen = self._memory.get_all(keys)
        missing: tuple[str, ...] = ()
        if None in seen:
            # What comes twice in a message is looked at once.
            new = {key: each for key, each, known in zip(keys, segments, seen, strict=True)
                   if known is None}  # fmt: skip
            fresh, missing = look(new)
            seen = [fresh[key] if known is None else known
                    for key, known in zip(keys, seen, strict=True)]  # fmt: skip
        every = [each for each in seen if each is not None]
        return Scanned(
            [each.findings for each in every],
            missing,
            (SPENT,) if any(each.is_cut for each in every) else (),
            _best(every),
            [each.scores for each in every],
        )

    def _looked_at(
        self, new: Mapping[bytes, Segment], direction: Direction | None, seconds: float
    ) -> tuple[dict[bytes, _Seen], tuple[str, ...]]:
        """What is made of texts nobody knows yet, and the names of detectors that do not answer."""
        glances = self._glances(list(new.values()))
        found, exhausted, passing = self.pattern.look(glances)
        for glance, findings in zip(glances, found, strict=True):
            glance.signs = signs_in(findings) if findings else 0
        if direction is not None:
            found = [self._meant(each, direction) for each in found]
        beside, missing = self._aside(self._panels[direction], glances, seconds)
        joined = join(found, [each.findings for each in beside])
        fresh = {}
        for index, key in enumerate(new):
            each = _Seen(joined[index], beside[index].scores, index in exhausted)
            fresh[key] = each
            if not missing and index not in passing:
                self._memory.put(key, each)
        return fresh, missing

    def _asked_later(
        self, new: Mapping[bytes, Segment], panels: Sequence[_Panel], seconds: float
    ) -> tuple[dict[bytes, _Seen], tuple[str, ...]]:
        """As `_looked_at`, of those that are not awaited."""
        glances = self._glances(list(new.values()))
        seen, missing = self._aside(panels, glances, seconds)
        fresh = dict(zip(new, seen, strict=True))
        if not missing:
            for key, each in fresh.items():
                self._memory.put(key, each)
        return fresh, missing

    def _meant(self, findings: Findings, direction: Direction) -> Findings:
        """Without those of rules for the other direction, which must not stand in the way of what
        they overlap with."""
        if not findings:
            return findings
        elsewhere = self._elsewhere[direction]
        return tuple(each for each in findings if each.rule not in elsewhere)

    @property
    def absent(self) -> frozenset[str]:
        """Detectors that some rule asks for and that are not there for good."""
        return frozenset(name for seats in self._seats.values() for name in seats)

    def reads(self, detector: str) -> bool:
        """Whether some rule asks for a detector of this name that is not there."""
        return any(seats.get(detector) for seats in self._seats.values())

    def ask(
        self, detector: Detector, segments: Sequence[Segment], direction: Direction
    ) -> list[Findings]:
        """For each text what the rules make of what a detector sees that is not there for good."""
        seat = self._seats[direction].get(detector.name)
        if not seat or (seat[1] and seat[1].isdisjoint(each.part for each in segments)):
            return [()] * len(segments)
        return [seen.findings for seen in _Panel(detector, *seat).judge(self._glances(segments))]

    def _aside(
        self, panels: Sequence[_Panel], glances: Sequence[Glance], seconds: float
    ) -> tuple[list[_Seen], tuple[str, ...]]:
        """What side detectors make of texts, and the names of those that do not answer."""
        results = [_UNSEEN] * len(glances)
        places = [index for index, glance in enumerate(glances) if glance.size]
        if not panels or not places:
            return results, ()
        sides, missing = self._heard(panels, [glances[index] for index in places], seconds)
        for index, *seen in zip(places, *sides, strict=True):
            results[index] = _Seen(
                tuple(finding for each in seen for finding in each.findings),
                tuple(score for each in seen for score in each.scores),
            )
        return results, missing

    def _heard(
        self, panels: Sequence[_Panel], glances: Sequence[Glance], seconds: float
    ) -> tuple[list[list[_Seen]], tuple[str, ...]]:
        """What each detector that answers makes of new texts, and the names of the others.

        The slow ones are asked first and all at once, so that the others work while they wait.
        """
        questions = {
            panel.detector.name: partial(panel.detector.find_within, panel.shown(glances))
            for panel in panels
            # Looked up first: to ask whether it fits the protocol takes tens of microseconds.
            if panel.detector.name in self.slow and isinstance(panel.detector, Slow)
        }
        collect: Callable[[], Mapping[str, Sights | NoAnswer]] = dict
        if questions:
            collect = self._asking.begin(questions, seconds)
        sides = [panel.judge(glances) for panel in panels if panel.detector.name not in questions]
        answers = collect()
        missing = []
        for panel in panels:
            answer = answers.get(panel.detector.name)
            if isinstance(answer, NoAnswer):
                missing.append(panel.detector.name)
            elif answer is not None:
                sides.append(panel.read(glances, answer))
        return sides, tuple(missing)

    def _glances(self, segments: Sequence[Segment]) -> list[Glance]:
        numbers = self.pattern.numbers
        return [Glance(segment, self._blind, numbers) for segment in segments]


def _best(every: Iterable[_Seen]) -> Signals:
    """The highest score of each label, by detector."""
    best: dict[str, dict[str, float]] = {}
    for seen in every:
        for detector, label, score in seen.scores:
            labels = best.get(detector)
            if labels is None:
                labels = best[detector] = {}
            if score >= labels.get(label, 0.0):
                labels[label] = score
    return best


def spelled(entity: str, label: str) -> str:
    """The entity of a sight: `code.*` seen as `python` is `code.python`."""
    return f"{entity[:-1]}{label}" if entity.endswith(ANY) else entity


_Seat = tuple[_Readers, frozenset[Part]]


def _asked(rules: Iterable[Rule]) -> set[str]:
    return {rule.asked.detector for rule in rules if rule.asked}


def readers_of(name: str, rules: Sequence[Rule], direction: Direction | None) -> _Seat | None:
    """The rules of one direction that read a detector, and the parts they read (empty: all)."""
    mine = [
        rule
        for rule in rules
        if rule.asked
        and rule.asked.detector == name
        and (direction is None or direction in rule.directions)
    ]
    if not mine:
        return None
    every = any(not rule.parts for rule in mine)
    found = [_Reader(rule, rule.asked, compile_excuses(rule)) for rule in mine if rule.asked]
    readers = {
        label: tuple(each for each in found if each.asked.label in (ANY, label))
        for label in {ANY, *(each.asked.label for each in found)}
    }
    return readers, frozenset() if every else frozenset(p for rule in mine for p in rule.parts)


def _panels(
    detectors: Mapping[str, Detector], rules: Sequence[Rule], direction: Direction | None
) -> tuple[_Panel, ...]:
    return tuple(
        _Panel(detector, *seat)
        for name, detector in detectors.items()
        if (seat := readers_of(name, rules, direction)) is not None
    )


def join(one: Sequence[Findings], other: Sequence[Findings]) -> list[Findings]:
    """Two lists of what was found in the same texts as one."""
    return [
        tuple(sorted((*a, *dict.fromkeys(b)), key=_ORDER)) if b else a
        for a, b in zip(one, other, strict=True)
    ]
