"""The labelled corpora as samples: adjacent parts of one name joined, handles left out."""

from __future__ import annotations

import gzip
import json
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


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _source(row: dict[str, Any]) -> str:
    return next((short for part, short in _SHORT if part in row["source"]), row["source"])


def _joined(text: str, spans: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Given name + surname, and number + street, are one entity each."""
    out: list[tuple[int, int, str]] = []
    for start, end, label in sorted(spans):
        if (
            out
            and out[-1][2] == label
            and label in ("PERSON", "ADDRESS")
            and text[out[-1][1] : start] == " "
        ):
            out[-1] = (out[-1][0], end, label)
        else:
            out.append((start, end, label))
    return out


def read_samples(path: Path) -> list[Sample]:
    """The rows of one file that carry spans of our four labels; a postcode counts as address."""
    samples = []
    for row in read_rows(path):
        text = row["text"]
        source = _source(row)
        spans = []
        handle = False
        for span in row.get("spans") or []:
            label = {"ZIP": "ADDRESS"}.get(span["label"], span["label"])
            piece = text[span["start"] : span["end"]]
            # The social-media corpus labels `@handle` as two persons; handles are no names here.
            if piece.startswith("@"):
                handle = True
                continue
            if handle and text[span["start"] - 1] == "@":
                handle = False
                continue
            handle = False
            if label in LABELS:
                spans.append((span["start"], span["end"], label))
        join = source == "kiji"
        samples.append(Sample(text, _joined(text, spans) if join else sorted(spans), source))
    return samples
