"""What a detector is: segments → findings. It knows nothing of policy."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

from excise.model import Direction, Finding, Part, Segment, Span
from excise.text.met import Words, words_of
from excise.text.spoken import Spoken, speak
from excise.text.tokens import Tokens, tokenize

Findings = tuple[Finding, ...]
PATTERN: Final = "pattern"  # the detector of findings of the pattern pass


def digest_of(segment: Segment) -> bytes:
    """Sixteen bytes that stand for the label and the text of a segment."""
    label = segment.label
    # The length keeps a label that ends in what a text begins with apart from it.
    whole = f"{len(label)}\0{label}{segment.text}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(whole, digest_size=16).digest()


class Glance:
    """One text as the detectors of one look share it: each reading is worked out when first asked
    for, and once. For one thread."""

    def __init__(
        self,
        segment: Segment,
        blind: Callable[[str], str] = str,
        numbers: Callable[[str], Sequence[int] | None] = lambda text: None,
    ) -> None:
        """`blind` takes out of a text what the firewall itself put there, and keeps its length.
        `numbers` tells where number words may end, as `speak` takes them."""
        self.signs = 0  # signatures of attacks that the pattern pass met in it
        self._received = segment
        self._blind = blind
        self._numbers = numbers

    @cached_property
    def digest(self) -> bytes:
        """Sixteen bytes that stand for the label and the text as received."""
        return digest_of(self._received)

    @cached_property
    def segment(self) -> Segment:
        """The segment as it is to be judged: a placeholder must not be the context of the text
        behind it."""
        text = self._received.text
        return self._received._replace(text=self._blind(text)) if "[" in text else self._received

    @property
    def text(self) -> str:
        """The segment's text as it is to be judged; spans count its characters."""
        return self.segment.text

    @property
    def part(self) -> Part:
        """The segment's part."""
        return self._received.part

    @property
    def size(self) -> int:
        """The number of its characters."""
        return len(self._received.text)

    @cached_property
    def low(self) -> str:
        """The text in lower case, which may be longer."""
        return self.text.lower()

    @cached_property
    def tokens(self) -> Tokens:
        """The text's tokens."""
        return tokenize(self.text)

    @cached_property
    def words(self) -> Words:
        """The text's tokens and their numbers."""
        return words_of(self.text, self.tokens)

    @cached_property
    def shared(self) -> dict[object, Any]:
        """What several detectors read of the text together, by who read it."""
        return {}

    @cached_property
    def spoken(self) -> Spoken | None:
        """The text with its spelled-out numbers in digits, where it has some."""
        return speak(self.text, self._numbers(self.text))


def signs_in(findings: Iterable[Finding]) -> int:
    """How many signatures of attacks were met."""
    return len(
        {
            each.rule
            for each in findings
            if each.detector == PATTERN and each.entity.startswith("injection.")
        }
    )


class Sight(NamedTuple):
    """What a side detector saw, before a rule makes a finding of it.

    `label` is one of the detector's own words (`PERSON`, `python`, `own`), `span` points into the
    segment's text as received, `score` is calibrated: of sights scored 0.8, four in five are right.
    """

    label: str
    span: Span
    score: float
    met: int = 1  # columns of one record that stand together, for exact-data match


class Detector(Protocol):
    """Sees what no pattern can say: names, code, records. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """What `match.detector` of a rule names."""
        ...

    @property
    def labels(self) -> frozenset[str]:
        """Every label that a sight of this detector may carry."""
        ...

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        """For each text what was seen in the whole of it, in order of place."""
        ...


@runtime_checkable
class Growing(Detector, Protocol):
    """A detector that also reads growing texts."""

    def hold(self, text: str) -> int:
        """As of `Scanner`."""
        ...


Signals = Mapping[str, Mapping[str, float]]
"""Detector → label → score."""

Scores = tuple[tuple[str, str, float], ...]
"""What classifiers say of one text: (detector, label, score)."""

NO_SIGNALS: Final[Signals] = MappingProxyType({})

CLASSIFIERS: Final = frozenset({"injection", "topics", "unsafe"})
"""Detectors whose scores are told beside what rules make of them."""


FOREVER: Final = float("inf")


class Scanned(NamedTuple):
    """What a look at whole texts gave: findings by segment, the names of detectors that did not
    answer, what was left out of the look, as the audit's `anomalies`, of each classifier the
    best score of each label, whatever a rule makes of it, and by segment what each said of it."""

    findings: list[Findings]
    missing: tuple[str, ...] = ()
    anomalies: tuple[str, ...] = ()
    signals: Signals = NO_SIGNALS
    scores: Sequence[Scores] = ()  # one for each segment, or none at all


class Scanner(Protocol):
    """Finds in many segments at once; safe to call from several threads."""

    def inspect(
        self, segments: Sequence[Segment], direction: Direction, seconds: float = FOREVER
    ) -> Scanned:
        """Everything that reads messages of this direction, on texts that came whole; who waits
        for something outside has so many seconds."""
        ...

    def scan(self, segments: Sequence[Segment], *, whole: bool = True) -> list[Findings]:
        """For each segment what was found in it, sorted by span; rules may overlap.

        Without `whole` the texts are pieces of growing ones: what is found in a piece that `hold`
        calls decided must not depend on where the text was cut.
        """
        ...

    def hold(self, text: str) -> int:
        """The first position of `text` from which something may still grow into a finding when
        more text follows; `len(text)` where nothing may. Everything before it is decided."""
        ...

    def rests(self, piece: Segment, done: int) -> bool:
        """Whether `scan` finds nothing in a piece of a growing text that ends behind `done`. Quick
        to tell of most; says no where it would have to look closer."""
        ...
