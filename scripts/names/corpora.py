"""The labelled corpora as samples: adjacent parts of one name joined, handles left out."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generate import Sample

LABELS = ("PERSON", "LOCATION", "ORG", "ADDRESS")
_SHORT = (
    ("WNUT17", "wnut"), ("BTC", "btc"), ("wikigold", "wikigold"), ("SEC-filings", "sec"),
    ("enp_FR", "europeana-fr"), ("enp_NL", "europeana-nl"), ("enp_DE", "europeana-de"),
    ("Legal-Entity", "legal-de"), ("kiji-proxy", "kiji"), ("pelias", "pelias"),
)  # fmt: skip


_MARKS = frozenset(
    ",.;:!?()[]{}\"'`\u00b4\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb*/-\u2026"
)
# A stop that belongs to the name: `Inc.`, `D.C.`, `John W.`, `Jr.`
_ABBREVIATED = re.compile(r"(\b[A-Za-z]|\b(Inc|Corp|Co|Ltd|Jr|Sr|St|Bros|Dr|Mt|Str))\.$")


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _source(row: dict[str, Any]) -> str:
    return next((short for part, short in _SHORT if part in row["source"]), row["source"])


def _joined(
    text: str, source: str, spans: list[tuple[int, int, str]]
) -> list[tuple[int, int, str]]:
    """Given name + surname, and number + street, are one entity each."""
    out: list[tuple[int, int, str]] = []
    for start, end, label in sorted(spans):
        if (
            out
            and out[-1][2] == label
            and (label in ("PERSON", "ADDRESS") or source == "europeana-nl")
            and text[out[-1][1] : start] == " "
        ):
            out[-1] = (out[-1][0], end, label)
        else:
            out.append((start, end, label))
    return out


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Without the marks that stand at the ends of a label in some corpora (`Tilburg,`)."""
    while end > start and (text[end - 1] in _MARKS or text[end - 1].isspace()):
        if text[end - 1] == "." and _ABBREVIATED.search(text, start, end):
            break
        end -= 1
    while start < end and (text[start] in _MARKS or text[start].isspace()):
        start += 1
    return start, end


def read_samples(path: Path) -> list[Sample]:
    """The rows of one file that carry spans of our four labels; a postcode counts as address."""
    samples = []
    for row in read_rows(path):
        text = row["text"]
        source = _source(row)
        spans = []
        for span in row.get("spans") or []:
            label = {"ZIP": "ADDRESS"}.get(span["label"], span["label"])
            start, end = span["start"], span["end"]
            # The social-media corpora label `@handle` as a person; handles are no names here.
            if label not in LABELS or "@" in text[max(start - 1, 0) : end]:
                continue
            start, end = _trimmed(text, start, end)
            if start < end:
                spans.append((start, end, label))
        join = source in ("kiji", "europeana-nl")
        samples.append(
            Sample(text, _joined(text, source, spans) if join else sorted(spans), source)
        )
    return samples


_ROLES = frozenset(("borrower", "lender", "lenders", "borrowers"))
_TITLE = re.compile(
    r"(?:mrs?|ms|miss|dr|prof|president|sir|senator|sen|rep|gov|governor|judge|justice|captain|"
    r"capt|gen|general|col|minister|chancellor|rev|pastor|coach|mayor|congressman|st)\b\.? +(?=\w)",
    re.IGNORECASE,
)


def for_training(sample: Sample) -> Sample | None:
    """The sample by one convention: no titles in names, no roles, no names cut to an initial.

    None where the text would teach the opposite of its labels.
    """
    spans = []
    for start, end, label in sample.spans:
        if label == "PERSON":
            piece = sample.text[start:end]
            if piece.lower() in _ROLES:
                continue
            if sum(map(str.isalpha, piece)) < 3 and sample.source == "legal-de":
                return None
            title = _TITLE.match(sample.text, start, end)
            if title:
                start = title.end()
        spans.append((start, end, label))
    return sample._replace(spans=spans)
