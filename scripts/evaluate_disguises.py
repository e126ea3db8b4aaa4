"""Every example of a secret that must be found, its value written otherwise: found whole, found in
a stream.

The examples are those of the rules themselves, so that what is missed is missed for its disguise.
A value counts as found where findings cover all of it. A stream comes in pieces of 16 characters;
there a value counts only if no part of it was let go before.
"""

from __future__ import annotations

import base64
import codecs
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from evaluate_figures import Share, covers
from evaluate_tables import Grid

from excise.assemble import Engine
from excise.detectors.base import Scanner
from excise.model import Span
from excise.pipeline.channel import settle_limit
from excise.rules.examples import DISGUISES, Disguise, Filled, filled, written_as
from excise.rules.schema import Rule

PIECE: Final = 16  # characters of a stream that come at once
QUICK: Final = 100  # examples that are read in a hurry
_LEET: Final = str.maketrans("aeiost", "431057")


def _halves(seam: str) -> Callable[[str], str]:
    return lambda value: value[: len(value) // 2] + seam + value[len(value) // 2 :]


def _every(count: int, seam: str) -> Callable[[str], str]:
    return lambda value: seam.join(
        value[at : at + count] for at in range(0, len(value), count)
    )  # fmt: skip


def _around(before: str, behind: str) -> Callable[[str], str]:
    """Marks around the middle third."""

    def write(value: str) -> str:
        third = len(value) // 3
        return value[:third] + before + value[third:-third] + behind + value[-third:]

    return write


def _in_base64(write: Callable[[str], str]) -> Callable[[str], str]:
    return lambda value: base64.b64encode(write(value).encode()).decode()


def _plain(value: str) -> str:
    return value


def _hex(value: str) -> str:
    return value.encode().hex()


def _percent(value: str) -> str:
    return "".join(f"%{byte:02X}" for byte in value.encode())


# What an author of rules can ask for (`survives`), and what only a look at all rules shows.
WAYS: Final[dict[str, Disguise]] = {
    "as it is": written_as(_plain),
    **DISGUISES,
    "base32": written_as(lambda value: base64.b32encode(value.encode()).decode()),
    "base85": written_as(lambda value: base64.b85encode(value.encode()).decode()),
    "base64 in base64": written_as(_in_base64(_in_base64(_plain))),
    "hex in base64": written_as(_in_base64(_hex)),
    "percent in base64 in base64": written_as(_in_base64(_in_base64(_percent))),
    "joined strings": written_as(_halves('" + "')),
    "continued line": written_as(_halves("\\\n")),
    "line end inside": written_as(_halves("\n")),
    "line end every ten": written_as(_every(10, "\n")),
    "emphasis": written_as(_around("**", "**")),
    "backticks": written_as(_around("`", "`")),
    "bold in HTML": written_as(_around("<b>", "</b>")),
    "hyphen every four": written_as(_every(4, "-")),
    "blank every four": written_as(_every(4, " ")),
    "blank every five": written_as(_every(5, " ")),
    "backwards": written_as(lambda value: value[::-1]),
    "ROT13": written_as(lambda value: codecs.encode(value, "rot13")),
    "leet": written_as(lambda value: value.translate(_LEET)),
}


def disguised(engine: Engine, *, quick: bool = False) -> dict[str, dict[str, Share]]:
    """By disguise how many values are found, whole and streamed."""
    examples = list(_examples(engine))
    if quick and len(examples) > QUICK:
        examples = random.Random("disguises").sample(examples, QUICK)
    report = {}
    for name, disguise in WAYS.items():
        cases = [(each, *disguise(each.text, each.spans)) for _, each in examples]
        # One by one: messages share one budget for what is decoded.
        scan = engine.scanner.pattern.scan
        whole = [scan([each.segment(text)])[0] for each, text, _ in cases]
        streamed = [
            (text, spans, _let_go(engine.scanner, each, text))
            for (rule, each), (_, text, spans) in zip(examples, cases, strict=True)
            if rule.is_streamed
        ]
        report[name] = {
            "whole": _share(
                (spans, [finding.span for finding in found])
                for (_, _, spans), found in zip(cases, whole, strict=True)
            ),
            "streamed": _share((spans, cut) for _, spans, cut in streamed),
        }
    return report


def _examples(engine: Engine) -> Iterator[tuple[Rule, Filled]]:
    for pack in engine.packs:
        for rule in pack.rules:
            for example in rule.examples if rule.entity.startswith("secret.") else ():
                each = filled(rule, example)
                if each.spans:
                    yield rule, each


def _share(cases: Iterable[tuple[Iterable[Span], Sequence[Span]]]) -> Share:
    outcomes = [covers(*span, found) for spans, found in cases for span in spans]
    return Share(sum(outcomes), len(outcomes))


def _let_go(scanner: Scanner, each: Filled, text: str) -> list[Span]:
    """What a stream of the text would cut out, found before any of it was let go."""
    done, cut = 0, list[Span]()
    for end in range(PIECE, len(text) + PIECE, PIECE):
        part = text[:end]
        limit = len(part) if end >= len(text) else scanner.hold(part)
        if limit <= done:
            continue
        (found,) = scanner.scan([each.segment(part)], whole=False)
        spans = [finding.span for finding in found]
        limit = max(settle_limit(limit, spans, forced=False), done)
        cut += [Span(max(span.start, done), span.end) for span in spans if done < span.end <= limit]
        done = limit
    return cut


def grid(report: dict[str, dict[str, Share]]) -> Grid:
    """The report as a table."""
    rows = [
        (name, *(f"{each.hits} of {each.of}" for each in figures.values()))
        for name, figures in report.items()
    ]
    return Grid("Values of secrets found", ("written", "whole", "streamed"), rows, names=1)
