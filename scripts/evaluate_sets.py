"""The labelled sets: read from `../shared/data`, from the samples in the repository, or generated.

A sample line's text may hold the fillers of `policies/README.md`, so that no key-shaped literal
is committed; they are drawn by the row's id, the same on every machine.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from evaluate_cards import GATEWAY, HELD_OUT, IDS, RANDOM_IDS, SPOKEN, fill_card, random_ids
from evaluate_text import CLEAN, fill_clean

from excise.rules.fillers import fill

ROOT: Final = Path(__file__).resolve().parent.parent
SHARED: Final = ROOT.parent / "shared" / "data"
SAMPLES: Final = ROOT / "tests" / "data"
SEED: Final = 20260101
CLEAN_LINES: Final = 10_000
RANDOM_COUNT: Final = 600  # of each length
_BLOCK: Final = 50  # lines of clean text that are scanned as one text


@dataclass(frozen=True, slots=True)
class Row:
    """One text, whether something must be found in it, and where, as far as the source says."""

    id: str
    text: str = field(repr=False)
    positive: bool
    source: str
    kind: str
    spans: tuple[tuple[int, int], ...] = ()
    lines: int = 1
    dates: tuple[tuple[int, int], ...] = ()  # counted apart from the spans


@dataclass(frozen=True, slots=True)
class Set:
    """Rows that are counted together; `family` is how the entities begin that count."""

    name: str
    family: str
    origin: str  # `shared`, `sample` or `generated`
    rows: tuple[Row, ...]


def load_sets() -> list[Set]:
    """Every set there is data for, the generated ones last."""
    sets = [
        _file_set("secrets_pos", "secret.", {"secret"}),
        _file_set("secrets_neg", "secret.", {"secret"}),
        _file_set("pci", "pci.", {"pci"}),
    ]
    return [
        *sets,
        Set("pci_gateway", "pci.", "generated", tuple(gateway_rows())),
        Set("pci_held_out", "pci.", "generated", tuple(gateway_rows(HELD_OUT, SEED + 3))),
        Set("pci_spoken", "pci.", "generated", tuple(spoken_rows())),
        Set("pci_ids", "pci.", "generated", tuple(id_rows())),
        Set("pci_random_ids", "pci.", "generated", tuple(random_id_rows())),
        Set("clean_lines", "", "generated", tuple(clean_rows())),
    ]


def _file_set(name: str, family: str, positive: set[str]) -> Set:
    path = SHARED / f"{name}.jsonl.gz"
    if path.is_file():
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            rows = tuple(_row(json.loads(line), positive) for line in stream)
        return Set(name, family, "shared", rows)
    with (SAMPLES / f"{name}.jsonl").open(encoding="utf-8") as stream:
        asked = [json.loads(line) for line in stream]
    rows = tuple(_row(each | _filled(each), positive) for each in asked)
    return Set(name, family, "sample", rows)


def _filled(each: dict[str, Any]) -> dict[str, Any]:
    text, spans = fill(each["text"], each["id"]), []
    while "<<" in text:
        start = text.index("<<")
        end = text.index(">>", start) - 2
        text = text.replace("<<", "", 1).replace(">>", "", 1)
        spans.append({"start": start, "end": end})
    return {"text": text, "spans": spans}


def _row(each: dict[str, Any], positive: set[str]) -> Row:
    return Row(
        id=str(each["id"]),
        text=each["text"],
        positive=each["label"] in positive,
        source=each["source"].partition("@")[0].partition(" ")[0],
        kind=str(each.get("kind") or each["label"]),
        spans=tuple((span["start"], span["end"]) for span in each.get("spans") or ()),
    )


def gateway_rows(templates: Sequence[tuple[str, str]] = GATEWAY, seed: int = SEED) -> Iterator[Row]:
    """Text as payment gateways and their users write it, cards of every brand in it."""
    dice = random.Random(seed)
    for turn in range(20):
        for number, (kind, template) in enumerate(templates):
            text, spans, dates = fill_card(template, dice, more=True)
            name = f"gateway-{turn}-{number}"
            yield Row(name, text, True, "generated", kind, tuple(spans), dates=tuple(dates))


def spoken_rows() -> Iterator[Row]:
    """Numbers of cards and their codes in words, in eight languages."""
    dice = random.Random(SEED + 4)
    for turn in range(24):
        for number, (lang, template) in enumerate(SPOKEN):
            text, spans, _ = fill_card(template, dice, more=True, lang=lang)
            yield Row(f"spoken-{turn}-{number}", text, True, "generated", lang, tuple(spans))


def id_rows() -> Iterator[Row]:
    """Ids that pass Luhn and begin as a card does, and are none."""
    dice = random.Random(SEED + 1)
    for turn in range(60):
        for number, (kind, template) in enumerate(IDS):
            text, _, _ = fill_card(template, dice)
            yield Row(f"id-{turn}-{number}", text, False, "generated", kind)


def random_id_rows(count: int = RANDOM_COUNT) -> Iterator[Row]:
    """Random digits as long as card numbers are, as ids of all sorts: one in ten passes Luhn."""
    for length in range(13, 20):
        for number, value in enumerate(random_ids(length, count, SEED + length)):
            kinds = sorted(RANDOM_IDS)
            kind = kinds[number % len(kinds)]
            text = RANDOM_IDS[kind].format(value)
            yield Row(f"random-{length}-{number}", text, False, "generated", f"{length} {kind}")


def clean_rows() -> Iterator[Row]:
    """Ten thousand lines of lock files, logs, checksums and pictures, in blocks of one kind."""
    dice = random.Random(SEED + 2)
    kinds = sorted(CLEAN)
    for number in range(CLEAN_LINES // _BLOCK):
        kind = kinds[number % len(kinds)]
        text = "\n".join(fill_clean(kind, dice) for _ in range(_BLOCK))
        yield Row(f"clean-{number}", text, False, "generated", kind, lines=_BLOCK)
