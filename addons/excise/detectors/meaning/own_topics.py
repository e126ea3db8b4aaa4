"""Topics of the operator's own: from 5 to 50 examples, or as everything but an allow list.

A topic from examples is one direction in the space of word vectors, drawn away from ordinary
traffic (its spread ships with the model). The score 0.5 stands where one in two hundred ordinary
texts is met; a threshold is proposed from there.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.detectors.meaning.features import Floats, Reading
from excise.detectors.meaning.model import MeaningModel, Units, logistic

FEWEST: Final = 5
MOST: Final = 50
ALARMS: Final = 0.005  # share of ordinary texts at the score 0.5
_SHRINK: Final = 0.3  # of the spread of ordinary traffic towards a ball
_STEEP: Final = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class OwnTopic:
    """A topic by examples (`direction`, `edge`, `scale`), or by what it is not (`allowed`)."""

    name: str
    allowed: tuple[str, ...] = ()
    direction: Floats | None = None
    edge: float = 0.0
    scale: float = 1.0

    def scores(self, model: MeaningModel, reading: Reading, units: Units, shares: Floats) -> Floats:
        """Unit → chance. `shares` is unit × topic of the model."""
        if self.direction is None:
            columns = [model.topics.index(each) for each in self.allowed]
            rest: Floats = 1 - shares[:, columns].sum(1)
            return rest
        return logistic((model.embed(reading, units) @ self.direction - self.edge) / self.scale)

    def to_bytes(self) -> bytes:
        """As it is kept."""
        out = io.BytesIO()
        direction = np.zeros(0, np.float32) if self.direction is None else self.direction
        np.savez(
            out, name=_packed([self.name]), allowed=_packed(self.allowed), direction=direction,
            edge=self.edge, scale=self.scale,
        )  # fmt: skip
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> OwnTopic:
        """Raises ValueError where the bytes are no topic."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                direction = file["direction"]
                return cls(
                    name=_unpacked(file["name"])[0],
                    allowed=_unpacked(file["allowed"]),
                    direction=direction if direction.size else None,
                    edge=float(file["edge"]),
                    scale=float(file["scale"]),
                )
        except (KeyError, IndexError, OSError, EOFError):
            raise ValueError("no topic") from None


class Trained(NamedTuple):
    """A topic made from examples, and how sure it is of them.

    `kept` is the share of examples that a topic made without them finds at 0.5, `proposed` the
    `min_score` for a rule.
    """

    topic: OwnTopic
    kept: float
    proposed: float


def train(model: MeaningModel, name: str, examples: Sequence[str]) -> Trained:
    """A topic from its examples. ValueError where there are too few, too many, or no word of one
    is known."""
    if not FEWEST <= len(examples) <= MOST:
        raise ValueError(f"{len(examples)} examples; wanted {FEWEST} to {MOST}")
    vectors = np.concatenate([_vector(model, text) for text in examples])
    if not np.abs(vectors).sum(1).all():
        raise ValueError("an example holds no word that is known")
    alone = np.fromiter(
        (
            vectors[at] @ _direction(model.background, np.delete(vectors, at, 0))
            for at in range(len(vectors))
        ),
        np.float32,
        len(vectors),
    )
    direction = _direction(model.background, vectors)
    ordinary = model.background @ direction
    edge = float(np.quantile(ordinary, 1 - ALARMS))
    reach = max(float(np.median(alone)) - edge, float(ordinary.std()))
    topic = OwnTopic(name, (), direction, edge, reach / _STEEP)
    chances = logistic((alone - edge) / topic.scale)
    # Where examples stand well clear of ordinary traffic, the threshold may be stricter.
    proposed = min(0.9, max(0.5, round(float(np.quantile(chances, 0.1)), 2)))
    return Trained(topic, float((chances >= 0.5).mean()), proposed)


def build_allowed(model: MeaningModel, name: str, allowed: Sequence[str]) -> OwnTopic:
    """Everything but these topics of the model. ValueError for a topic that it has not."""
    unknown = sorted(set(allowed) - set(model.topics))
    if unknown or not allowed:
        raise ValueError(f"no topic {', '.join(unknown) or 'named'}")
    return OwnTopic(name, tuple(allowed))


def _vector(model: MeaningModel, text: str) -> Floats:
    reading = model.read(text)
    size = reading.starts.size
    return model.embed(reading, Units(np.zeros(1, np.int64), np.full(1, size)))


def _direction(background: Floats, vectors: Floats) -> Floats:
    """Fisher's: away from the mean of ordinary texts, less along what varies there anyway."""
    mean = background.mean(0)
    spread = np.cov(background.T).astype(np.float32)
    ball = np.eye(len(mean), dtype=np.float32) * (np.trace(spread) / len(mean))
    mixed = (1 - _SHRINK) * spread + _SHRINK * ball
    direction: Floats = np.linalg.solve(mixed, vectors.mean(0) - mean).astype(np.float32)
    direction /= np.linalg.norm(direction)
    return direction


def _packed(names: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(names).encode(), np.uint8)


def _unpacked(array: NDArray[np.uint8]) -> tuple[str, ...]:
    return tuple(array.tobytes().decode().splitlines())
