"""Topics, injection and unsafe content: one reading of a text, three side detectors over it.

Every score is calibrated for a text as a whole; the span is the stretch that spoke loudest for it.
What a document or a tool brought is judged by a scale of its own. How good it is stands in
`models/README.md`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final

import numpy as np

from excise.detectors.base import Glance, Sight
from excise.detectors.meaning.features import Floats, Reading
from excise.detectors.meaning.model import MeaningModel, Units, Views
from excise.detectors.meaning.own_topics import OwnTopic
from excise.detectors.models import read_model
from excise.model import Part, Role, Span
from excise.text.met import Words

FAMILIES: Final = ("direct", "indirect", "jailbreak")
UNSAFE: Final = tuple(f"S{n}" for n in range(1, 15))
NO_TOPIC: Final = "other"
# Parts that a person did not write by hand.
BROUGHT: Final = frozenset(
    {Part.DOCUMENT, Part.TOOL_RESULT, Part.TOOL_DEFINITION, Part.METADATA, Part.EMBEDDING_INPUT}
)
# Whoever runs a service instructs its model, which reads like an attack and is none: log-odds that
# are taken off. Of 1 302 instructions of chat bots one in twenty is left above the bar.
_INSTRUCTING: Final = 3.0
# What a signature adds to the log-odds of an attack, and how many count. A logistic over score and
# signatures, fitted in turns, gives one from 1.2 to 3; more than 1 costs more than it finds.
_SIGN: Final = 1.0
_SIGNS: Final = 2
_FEWEST: Final = 0.05  # a chance below this is not worth a word
_ORDER: Final = 4  # tokens: a label or an id in what a tool brought is no order
_READ: Final = 400_000  # characters: what stands behind them is left to the patterns


@dataclass(frozen=True, eq=False)
class Look:
    """What one text says: chances by outcome and topic, and where each spoke loudest."""

    model: MeaningModel
    outcomes: dict[str, float]
    topics: dict[str, float]
    reading: Reading
    views: Views
    topic_units: Units
    topic_scores: Floats

    @property
    def injection(self) -> float:
        """The chance of the likeliest family."""
        return max(self.outcomes["attack"], self.outcomes["indirect"])

    @cached_property
    def families(self) -> dict[str, float]:
        """The chance of each family. Of those a person writes the likelier carries the chance of
        an attack, the other its part."""
        heads, views, attack = self.model.heads, self.views, self.outcomes["attack"]
        loudest = views.by_wide[views.by_wide[:, heads.index("attack")].argmax()]
        apart = loudest[heads.index("direct")] - loudest[heads.index("jailbreak")]
        part = float(np.exp(-np.abs(apart)))
        likelier, other = ("direct", "jailbreak") if apart > 0 else ("jailbreak", "direct")
        return {likelier: attack, other: attack * part, "indirect": self.outcomes["indirect"]}

    @cached_property
    def codes(self) -> dict[str, float]:
        """The likeliest code carries the chance that the text is unsafe, the others their part."""
        model, wide = self.model, self.views.wide
        at = int(self.views.by_wide[:, model.heads.index("unsafe")].argmax())
        share = model.code_scores(self.reading, int(wide.firsts[at]), int(wide.lasts[at]))
        share *= np.float32(self.outcomes["unsafe"] / float(share.max()))
        return dict(zip(model.codes, share.tolist(), strict=True))


class Meaning:
    """The model and what it read lately, shared by the detectors below."""

    def __init__(self, model: MeaningModel) -> None:
        self.model = model

    @classmethod
    def shipped(cls) -> Meaning:
        """The one over the model that ships; read once per process."""
        return _shipped()

    def look(self, glance: Glance) -> Look | None:
        """What the text says, worked out once for all detectors; None where it has no token."""
        shared: dict[object, Look | None] = glance.shared
        if self not in shared:
            role = glance.segment.role
            shared[self] = self.read(
                glance.text, glance.part, glance.words, role=role, signs=glance.signs
            )
        return shared[self]

    def read(
        self,
        text: str,
        part: Part,
        words: Words | None = None,
        *,
        role: Role = Role.USER,
        signs: int = 0,
    ) -> Look | None:
        """What a text says that came as this part, from whom; None where it has no token. `words`
        are its own where they are there already, `signs` as many signatures as were met in it."""
        model = self.model
        reading = model.read(text[:_READ], words if len(text) <= _READ else None)
        if not reading.starts.size:
            return None
        views = model.views(reading)
        brought = part in BROUGHT
        chances = model.outcome(views, brought=brought)
        outcomes = dict(zip(model.outcomes, chances.tolist(), strict=True))
        if brought and reading.starts.size < _ORDER:
            outcomes["attack"] = 0.0
        if role is Role.SYSTEM and not brought:
            outcomes["attack"] = _less(outcomes["attack"], _INSTRUCTING)
            outcomes["indirect"] = _less(outcomes["indirect"], _INSTRUCTING)
        else:
            outcomes["attack"] = _less(outcomes["attack"], -_SIGN * min(signs, _SIGNS))
        if brought:  # there an attack of any family is an order that is not the user's
            outcomes["indirect"] = max(outcomes["indirect"], outcomes["attack"])
        shares = model.topic_scores(reading, views.wide)
        topics = dict(zip(model.topics, np.maximum.reduce(shares, 0).tolist(), strict=True))
        topics.pop(NO_TOPIC, None)
        return Look(model, outcomes, topics, reading, views, views.wide, shares)

    def worst(self, glance: Glance) -> dict[str, float]:
        """Of each classifier the highest score of a text."""
        seen = self.look(glance)
        if seen is None:
            return {}
        best = {"injection": seen.injection, "unsafe": max(seen.codes.values(), default=0.0)}
        return {**best, "topics": max(seen.topics.values(), default=0.0)}

    def signals(
        self, text: str, part: Part, role: Role = Role.USER, signs: int = 0
    ) -> dict[str, dict[str, float] | float]:
        """Every score of a text, whatever the thresholds; as of `read`."""
        seen = self.read(text, part, role=role, signs=signs)
        if seen is None:
            return {"injection": 0.0, "topics": {}, "unsafe": {}}
        return {
            "injection": round(seen.injection, 4),
            "topics": _rounded(seen.topics),
            "unsafe": _rounded(seen.codes),
        }


class _Reader(ABC):
    """What the three detectors have in common."""

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        """For each text what it says of this kind, in order of place."""
        return [self._read(self._meaning.look(glance)) for glance in glances]

    def _read(self, look: Look | None) -> tuple[Sight, ...]:
        if look is None:
            return ()
        return tuple(sorted(self._sights(look), key=lambda each: (each.span, each.label)))

    @abstractmethod
    def _sights(self, look: Look) -> list[Sight]:
        """What a look at one text says of this kind."""


class Injection(_Reader):
    """Orders to the model that are not the user's to give, or that stand in what a tool brought."""

    name: Final = "injection"
    labels: Final = frozenset(FAMILIES)

    def _sights(self, look: Look) -> list[Sight]:
        if look.injection < _FEWEST:
            return []
        views = look.views
        where = {
            "direct": (views.narrow, views.by_narrow),
            "indirect": (views.sentences, views.by_sentence),
            "jailbreak": (views.wide, views.by_wide),
        }
        heads = self._meaning.model.heads
        return [
            Sight(
                label,
                _loudest(look.reading, *where[label], heads.index(label)),
                look.families[label],
            )
            for label in FAMILIES
            if look.families[label] >= _FEWEST
        ]


class Unsafe(_Reader):
    """Content of the Llama Guard hazards; a text is sighted under the likeliest."""

    name: Final = "unsafe"
    labels: Final = frozenset(UNSAFE)

    def _sights(self, look: Look) -> list[Sight]:
        if look.outcomes["unsafe"] < _FEWEST:
            return []
        code, chance = max(look.codes.items(), key=lambda item: item[1])
        at = self._meaning.model.heads.index("unsafe")
        span = _loudest(look.reading, look.views.narrow, look.views.by_narrow, at)
        return [Sight(code, span, chance)]


class Topics(_Reader):
    """What a text is about, stretch by stretch."""

    name: Final = "topics"

    def __init__(self, meaning: Meaning, own: Sequence[OwnTopic] = ()) -> None:
        """`own` are topics of the operator's."""
        super().__init__(meaning)
        self._own = tuple(own)

    @property
    def labels(self) -> frozenset[str]:
        """The topics of the model, and the operator's."""
        names = {*self._meaning.model.topics, *(topic.name for topic in self._own)}
        return frozenset(names) - {NO_TOPIC}

    def _sights(self, look: Look) -> list[Sight]:
        names = self._meaning.model.topics
        own = []
        for topic in self._own:
            model, units = self._meaning.model, look.topic_units
            scores = topic.scores(model, look.reading, units, look.topic_scores)[:, None]
            if scores.max() >= _FEWEST:
                span = _loudest(look.reading, units, scores, 0)
                own.append(Sight(topic.name, span, float(scores.max())))
        return own + [
            Sight(
                label,
                _loudest(look.reading, look.topic_units, look.topic_scores, names.index(label)),
                chance,
            )
            for label, chance in look.topics.items()
            if chance >= _FEWEST
        ]


def _less(chance: float, odds: float) -> float:
    """A chance with so much taken off its log-odds."""
    return chance / (chance + (1 - chance) * math.exp(odds))


def _loudest(reading: Reading, units: Units, scores: Floats, column: int) -> Span:
    at = int(scores[:, column].argmax())
    return reading.back(int(units.firsts[at]), int(units.lasts[at]) - 1)


def _rounded(chances: dict[str, float]) -> dict[str, float]:
    return {label: round(chance, 4) for label, chance in chances.items()}


@cache
def _shipped() -> Meaning:
    return Meaning(MeaningModel.from_bytes(read_model("meaning.npz")))
