"""Source code in text: where it stands, in which language, how sure that is.

Lines are scored by a linear model over hashed token features, the best split into code and prose
is searched, and each run of code is judged as a whole. Fences that name a language, prompts, diffs
and strings of JSON are read for what they are. How good it is stands in `models/README.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from excise.detectors.base import Glance, Sight
from excise.detectors.code.features import LINE, Encoded, Ints, encode
from excise.detectors.code.languages import DATA, LANGUAGES
from excise.detectors.code.lines import Run, Verdict, bounded, judge, score_of, split
from excise.detectors.code.model import CodeModel
from excise.detectors.code.views import View, view_of
from excise.detectors.models import read_model
from excise.model import Span
from excise.text.met import Words

# What a fence with a language's name holds is what it says, save for slips of the writer.
_FENCED: Final = 0.98
# A stack trace names functions and files and shows single lines at most.
_TRACE: Final = 0.6
_TYPED: Final = 6.0
_SHUT: Final = -5.0
_FEWEST: Final = 0.05  # a run less likely than this is not worth a word
_DATA_AT_MOST: Final = 0.3
_GAP: Final = 2  # lines between two runs of one language that are taken as one
_TOP: Final = 5
# More runs than this, and one more for so many characters, are shreds: the strongest are judged.
_RUNS: Final = 64
_RUN: Final = 256
_FIRST: Final = np.zeros(1, np.int64)


class Found(NamedTuple):
    """A run of lines that reads as code, what it is, and where it stands."""

    run: Run
    verdict: Verdict
    span: Span
    label: str
    score: float


class Code:
    """Finds code in text. One instance may serve several threads.

    The score of a sight is the chance that its span is code. Formats that hold data are sighted
    under `data` with the low score that follows from that; a rule has to ask for them.
    """

    name: Final = "code"
    labels: Final = frozenset((*LANGUAGES, DATA))

    def __init__(self, model: CodeModel) -> None:
        self._model = model

    @classmethod
    def shipped(cls) -> Code:
        """The detector over the model that ships; read once per process."""
        return _shipped()

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        """For each text its runs of code in order of place; they do not overlap."""
        return [self.read(glance.text, glance.words) for glance in glances]

    def read(self, text: str, words: Words | None = None) -> tuple[Sight, ...]:
        """The runs of code in one text; `words` are its own where they are there already."""
        view = view_of(text)
        sights = [Sight(label, span, _stated(label)) for label, span in view.known]
        sights += [Sight(label, span, _TRACE) for label, span in view.traces]
        sights += [
            Sight(found.label, found.span, found.score)
            for found in found_runs(self._model, text, view, words)
            if found.score >= _FEWEST or found.label == DATA
        ]
        return _apart(sights)

    def signals(self, text: str) -> dict[str, float]:
        """The chance that a text holds code, by language, the likeliest first; at most five."""
        view = view_of(text)
        chances: dict[str, float] = {}
        for label, _ in view.known:
            chances[label] = max(chances.get(label, 0.0), _stated(label))
        for label, _ in view.traces:
            chances[label] = max(chances.get(label, 0.0), _TRACE)
        for found in found_runs(self._model, text, view):
            for label, share in _shares(found).items():
                chances[label] = max(chances.get(label, 0.0), found.score * share)
        chances.pop(DATA, None)
        best = sorted(chances.items(), key=lambda item: (-item[1], item[0]))[:_TOP]
        return {label: round(chance, 4) for label, chance in best if chance >= 0.001}


def found_runs(
    model: CodeModel, text: str, view: View | None = None, words: Words | None = None
) -> list[Found]:
    """Every run of lines in `text` that reads as code or as data, however unsure. `words` are
    those of `text` where the caller has them already."""
    view = view or view_of(text)
    encoded = encode(view.text, model.vocabulary, words if view.text == text else None)
    if not encoded.types.size:
        return []
    lines = _scored_lines(model, encoded, view)
    if not lines:
        return []
    runs = _foremost(split(lines), _RUNS + len(text) // _RUN)
    if not runs:
        return []
    parts, spans = _places(encoded, runs)
    hints = _Hints(view)
    weights = model.calibration
    out: list[Found] = []
    for run, span, verdict in zip(runs, spans, judge(model, encoded, parts), strict=True):
        label, stated = hints.label(span) or _own_label(verdict)
        sure = verdict._replace(code=stated) if stated > verdict.code else verdict
        score = score_of(weights, run, sure)
        if label == DATA:
            score = min(score, _DATA_AT_MOST)
        out.append(Found(run, verdict, span, label, score))
    return _joined(weights, out, lines)


def _scored_lines(model: CodeModel, encoded: Encoded, view: View) -> list[float]:
    """For each line the bounded log-odds that it is code; none at all where no line is."""
    scores, counts = model.line_scores(encoded)
    if not view.typed and scores.max() <= 0:
        return []
    lines = bounded(scores, counts)
    if view.typed or view.shut:
        tokens = encoded.tokens
        starts = np.concatenate((_FIRST, tokens.ends[encoded.begins[1:] - 1]))
        for first, last in _lines_of(starts, view.typed):
            lines[first:last] = np.maximum(lines[first:last], _TYPED)
        for first, last in _lines_of(starts, view.shut):
            lines[first:last] = _SHUT
    out: list[float] = lines.tolist()
    return out


def _places(encoded: Encoded, runs: list[Run]) -> tuple[list[tuple[int, int]], list[Span]]:
    """For each run its tokens, and where it stands: from the end of the line before it to the end
    of its last token."""
    tokens, size = encoded.tokens, encoded.types.size
    firsts, lasts = np.array([(run.first, run.last) for run in runs]).T
    heads, tails = encoded.begins[firsts], encoded.begins[lasts]
    ends = encoded.begins.take(lasts + 1, mode="clip")
    if runs[-1].last + 1 == encoded.begins.size:
        ends[-1] = size
    final = ends - 1
    final -= (encoded.types[final] == LINE) & (final > tails)
    starts = tokens.ends[heads - 1]
    if runs[0].first == 0:
        starts[0] = 0
    spans = map(Span, starts.tolist(), tokens.ends[final].tolist())
    return list(zip(heads.tolist(), ends.tolist(), strict=True)), list(spans)


def _foremost(runs: list[Run], most: int) -> list[Run]:
    """The runs with the most evidence, in order of place."""
    if len(runs) <= most:
        return runs
    kept = sorted(runs, key=lambda run: (-run.total, run.first))[:most]
    return sorted(kept, key=lambda run: run.first)


def _joined(weights: Sequence[float], found: list[Found], lines: list[float]) -> list[Found]:
    """Neighbours of one language with a line or two between them as one."""
    out: list[Found] = []
    for each in found:
        before = out[-1] if out else None
        if (
            before
            and before.label == each.label
            and each.run.first - before.run.last - 1 <= _GAP
            and _SHUT not in lines[before.run.last : each.run.first]
        ):
            run = Run(before.run.first, each.run.last, before.run.total + each.run.total,
                      before.run.lines + each.run.lines)  # fmt: skip
            span = Span(before.span.start, each.span.end)
            score = max(before.score, each.score, score_of(weights, run, before.verdict))
            out[-1] = Found(run, before.verdict, span, each.label, score)
        else:
            out.append(each)
    return out


class _Hints:
    """What is known of ranges of a text; asked for spans in order of place, once each."""

    def __init__(self, view: View) -> None:
        self._hints = sorted(view.hints, key=lambda hint: hint[1])
        self._typed = frozenset(view.typed)
        self._next = 0

    def label(self, span: Span) -> tuple[str, float] | None:
        """The label of the first range that the span touches, and how likely it makes code."""
        hints = self._hints
        while self._next < len(hints) and hints[self._next][1].end <= span.start:
            self._next += 1
        if self._next == len(hints) or hints[self._next][1].start >= span.end:
            return None
        label, place = hints[self._next]
        return label, 0.9 if place in self._typed else 0.5


def _own_label(verdict: Verdict) -> tuple[str, float]:
    """The label by the model of languages, which states nothing beside."""
    return (DATA if verdict.data > max(verdict.code, 0.5) else verdict.language), 0.0


def _lines_of(starts: Ints, spans: Sequence[Span]) -> list[tuple[int, int]]:
    """For each span its first line and the line behind its last."""
    if not spans:
        return []
    heads, tails = np.array(spans, np.int64).T
    first = np.maximum(np.searchsorted(starts, heads, side="right") - 1, 0)
    return list(zip(first.tolist(), np.searchsorted(starts, tails).tolist(), strict=True))


def _stated(label: str) -> float:
    return 1 - _FENCED if label == DATA else _FENCED


def _shares(found: Found) -> dict[str, float]:
    """The languages a run may be, each with its share of the chance that it is code."""
    if found.label == DATA:
        return {}
    tongues = found.verdict.tongues
    if found.label != found.verdict.language or not tongues:
        return {found.label: 1.0}
    return {name: chance / found.verdict.code for name, chance in tongues.items()}


def _apart(sights: list[Sight]) -> tuple[Sight, ...]:
    """Sights in order of place; of two that overlap the surer stays."""
    kept: list[Sight] = []
    for sight in sorted(sights, key=lambda each: (each.span.start, -each.score)):
        if kept and sight.span.start < kept[-1].span.end:
            if sight.score > kept[-1].score:
                kept[-1] = sight
        else:
            kept.append(sight)
    return tuple(kept)


@cache
def _shipped() -> Code:
    return Code(CodeModel.from_bytes(read_model("code.npz")))
