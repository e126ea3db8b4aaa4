"""What a model that is asked as a judge is shown, and what becomes of its verdict.

It is shown redacted texts alone. It never sees a text in the same look as the other detectors, for
what they find must be taken out first: its verdict comes behind and is read by the same rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from excise.detectors.base import Findings, Glance, Sight
from excise.model import Direction, Finding, Part, Span

UNSAFE: Final = "judge"
INJECTION: Final = "judge-injection"
TOPICS: Final = "judge-topics"
NAMES: Final = frozenset({UNSAFE, INJECTION, TOPICS})
"""The detectors that read a verdict, by the families of what it says."""

HAZARDS: Final = frozenset(f"S{n}" for n in range(1, 15))
ORDER: Final = "injection"
"""The one label of `INJECTION`."""

PIECE: Final = 8_000  # characters that are asked about at once
OVERLAP: Final = 200
_LEAST: Final = 3  # letters; a text of fewer says nothing

# What these name describes a text and is no value in it. Own code is: it is taken out.
_DESCRIBED: Final = ("injection", "unsafe", "topic", "tool", "leak", "code")
_OWN: Final = frozenset({"code.own", "code.near", "code.internal-package"})
_LETTERS: Final = re.compile(r"[^\W\d_]")

# Makers by what stands in the names of their models.
_FAMILIES: Final[Mapping[str, tuple[str, ...]]] = {
    "openai": ("gpt", "chatgpt", "davinci", "codex", "o1", "o3", "o4"),
    "anthropic": ("claude",),
    "google": ("gemini", "gemma", "shieldgemma", "palm"),
    "meta": ("llama", "codellama"),
    "mistral": ("mistral", "mixtral", "codestral", "ministral", "magistral", "devstral", "pixtral"),
    "ibm": ("granite",),
    "qwen": ("qwen", "qwq", "qwen3guard"),
    "deepseek": ("deepseek",),
    "microsoft": ("phi",),
    "cohere": ("command", "aya"),
    "amazon": ("nova", "titan"),
    "xai": ("grok",),
}
_WORDS: Final = re.compile(r"[a-z]+(?=\d|\b|_)|[a-z]\d")


class Said(NamedTuple):
    """One thing that a judge says of a text: by which detector it is read, as what, how sure."""

    detector: str
    label: str
    score: float


Verdict = tuple[Said, ...]
"""All that a judge says of a text; empty where it holds it for harmless."""


class Asked(NamedTuple):
    """A text that a judge is asked about, redacted. `prompt` is what an answer answers."""

    text: str
    direction: Direction
    part: Part
    prompt: str = ""


class Told:
    """A detector over a verdict that is there already; implements `Detector`."""

    def __init__(self, name: str, verdicts: Mapping[bytes, Verdict] | None = None) -> None:
        """`verdicts` are those of texts by the digest of their glance."""
        self.name = name
        self._verdicts = verdicts or {}

    @property
    def labels(self) -> frozenset[str]:
        """Those that are known beforehand."""
        return {UNSAFE: HAZARDS, INJECTION: frozenset({ORDER})}.get(self.name, frozenset())

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        """For each text what was said of it; the span is the whole of it."""
        return [
            tuple(
                Sight(said.label, Span(0, glance.size), said.score)
                for said in self._verdicts.get(glance.digest, ())
                if said.detector == self.name
            )
            for glance in glances
        ]


def joined(verdicts: Iterable[Verdict]) -> Verdict:
    """What is said of a text whose pieces were judged: the worst of each."""
    best: dict[tuple[str, str], float] = {}
    for said in (said for verdict in verdicts for said in verdict):
        key = (said.detector, said.label)
        best[key] = max(best.get(key, 0.0), said.score)
    return tuple(Said(*key, score) for key, score in sorted(best.items()))


def is_value(finding: Finding) -> bool:
    """Whether a finding is a value in a text, and not a word about the text."""
    family = finding.entity.partition(".")[0]
    return family not in _DESCRIBED or finding.entity in _OWN


def shown(text: str, findings: Findings) -> str:
    """A text as a judge may see it: for each value that was found stands what it is, whatever
    policy does about it."""
    out, end = [], 0
    for finding in sorted(filter(is_value, findings), key=lambda each: each.span):
        start = max(finding.span.start, end)
        if finding.span.end <= end:
            continue
        label = re.sub(r"[^A-Z0-9]+", "_", finding.entity.partition(".")[2].upper())
        out += [text[end:start], f"[{label or 'VALUE'}]"]
        end = finding.span.end
    return "".join([*out, text[end:]])


def says_something(text: str) -> bool:
    """Whether there is anything to judge."""
    found = _LETTERS.finditer(text)
    return sum(1 for _, _ in zip(range(_LEAST), found, strict=False)) == _LEAST


def pieces(text: str) -> list[str]:
    """A long text in pieces that overlap."""
    step = PIECE - OVERLAP
    return [text[at : at + PIECE] for at in range(0, max(1, len(text) - OVERLAP), step)]


def family_of(model: str) -> str:
    """Who made a model, by its name; the name itself where nobody is known."""
    low = model.lower()
    words = set(_WORDS.findall(low)) | {low.partition("-")[0]}
    for family, names in _FAMILIES.items():
        if words.intersection(names):
            return family
    return low
