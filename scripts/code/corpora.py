"""Texts to learn from and to measure on: code by language, prose, formats of data."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from formats import draw_formats, draw_talk
from relatives import RELATIVES

from excise.detectors.code.languages import DATA, OTHER, PROSE, language_of

SNIPPETS = Path(__file__).parent / "snippets"
# Files of prose, and how many rows of each at most: tweets teach less than requests.
PROSE_FILES = {
    "code_neg": 8000, "overdefence": 2100, "benign_prompts": 7000, "topics_train": 4000,
    "moderation_train": 4000, "jailbreak": 504, "injection_direct": 1313, "ner_train_en": 2500,
    "ner_train_multi": 1500, "pii_spans": 750,
}  # fmt: skip
# Sources by the part of the cross-check that leaves them out; what is not named is in the third.
PARTS = (
    ("rouge-ruby", "TheBigPromptLibrary", "BIPIA", "TAT-QA", "MTS-Dialog", "deepset", "wikigold"),
    ("GPTeacher", "awesome-chatgpt", "Arcanum", "WNUT17", "kiji-proxy"),
    ("",),
)


class Text(NamedTuple):
    """A text; `language` is a label, `prose`, `data`, or "" for code of no known language."""

    text: str
    language: str
    source: str
    kind: str


def part_of(source: str) -> int:
    """The part of the cross-check that a source belongs to; -1 for what is always trained on."""
    if source in ("snippets", "formats", "talk", "keywords"):
        return -1
    return next(n for n, names in enumerate(PARTS) if any(name in source for name in names))


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a gzipped JSON-lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def short(source: str) -> str:
    """A source's name without commit and path."""
    return source.split("@")[0].split(":")[0].split(" ")[0]


def read_code(data: Path) -> list[Text]:
    """The labelled code, formats of data among it."""
    texts = []
    for row in read_rows(data / "code_pos.jsonl.gz"):
        language = "" if row["language"] == "mixed" else language_of(row["language"]) or OTHER
        if row["language"] in RELATIVES:
            language = OTHER
        if language == DATA and row["language"] not in ("msgtrans", "tap", "fluent"):
            language = OTHER
        texts.append(Text(row["text"], language, short(row["source"]), "code"))
    for row in read_rows(data / "code_markup_or_data.jsonl.gz"):
        language = language_of(row["language"]) or DATA
        texts.append(Text(row["text"], language, short(row["source"]), "markup or data"))
    return texts


def read_prose(data: Path, limit: float = 1.0) -> list[Text]:
    """Texts without code."""
    texts = []
    for name, most in PROSE_FILES.items():
        rows = list(read_rows(data / f"{name}.jsonl.gz"))
        if name == "overdefence":  # its system prompts quote real code, and nobody marked where
            rows = [row for row in rows if "TheBigPromptLibrary" not in row["source"]]
        rows = Random(name).sample(rows, min(len(rows), int(most * limit)))
        for row in rows:
            kind = row.get("kind", name) if name == "code_neg" else name
            language = DATA if kind == "data table" else PROSE
            texts.append(Text(row["text"][:6000], language, short(row["source"]), kind))
    return texts


def read_snippets() -> list[Text]:
    """The programs written for this project, by language."""
    return [
        Text(text.strip("\n") + "\n", path.stem, "snippets", "code")
        for path in sorted(SNIPPETS.glob("*.txt"))
        for text in path.read_text(encoding="utf-8").split("\n%%\n")
    ]


def generated(seed: int) -> list[Text]:
    """Formats of data, and talk about code, drawn at random."""
    formats = [Text(text, DATA, "formats", "data") for text in draw_formats(seed, 1500)]
    return formats + [Text(text, PROSE, "talk", "talk") for text in draw_talk(seed, 3500)]


def draw_keywords(count: int) -> list[Text]:
    """Lines of words that belong to a language; they teach its name and nothing else."""
    from keywords import LEXERS, draw_lines  # Pygments is for training alone

    return [
        Text(text, label, "keywords", "code")
        for label in LEXERS
        for text in draw_lines(label, Random(label), count)
    ]
