"""Real sentences without names, with a name put where a person or place was only hinted at.

`the doctor said he would wait` becomes `Ines Abara said Tom would wait`: the words around are
those people write, the names are drawn. What holds any capital inside is left out, so that no
unlabelled name slips in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

from corpora import read_rows
from draw import Piece
from generate import Generator, Sample, join

_FILES = ("topics_train", "benign_prompts", "overdefence", "code_neg", "moderation_train")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_NAMED = re.compile(r"(?<=[a-z,;'\"] )(?!I\b)[A-Z][\w'-]*|\d{5,}")
_ROLES = "patient|doctor|client|customer|man|woman|teacher|boss|manager|author|nurse|boy|girl"
_KIN = (
    "brother|sister|friend|boss|wife|husband|son|daughter|mother|father|mom|dad|aunt|uncle|cousin|"
    "roommate|colleague|neighbor|manager|teacher|doctor"
)
_HINT = re.compile(
    rf"(?P<person>\bthe (?:{_ROLES})\b|\bmy (?:{_KIN})\b|\b(?:he|she)(?= [a-z])|(?<=[a-z] )him\b)"
    r"|(?P<owner>\bhis(?= [a-z]))"
    r"|(?<=in |to |of )(?P<place>(?:the|this|my|our|a) (?:city|town|area|country|state|village)\b)",
    re.IGNORECASE,
)


def carriers(data: Path, generator: Generator, rng: Random, count: int) -> list[Sample]:
    """At most `count` of the sentences, names put in."""
    sentences = sorted(set(_sentences(data)))
    rng.shuffle(sentences)
    return [_filled(s, generator, rng) for s in sentences[:count]]


def _sentences(data: Path) -> Iterator[str]:
    for name in _FILES:
        for row in read_rows(data / f"{name}.jsonl.gz"):
            if "t-davidson" in row["source"]:
                continue
            for sentence in _SENTENCE.split(row["text"][:4000]):
                text = sentence.strip()
                if 15 < len(text) < 260 and _HINT.search(text) and not _NAMED.search(text):
                    yield text


def _filled(text: str, generator: Generator, rng: Random) -> Sample:
    pieces: list[Piece] = []
    where = 0
    for hit in _HINT.finditer(text):
        if rng.random() < 0.3:
            continue
        pieces.append((text[where : hit.start()], ""))
        if hit["place"]:
            pieces += generator.draw("L" if rng.random() < 0.7 else "K", "en")
        else:
            pieces += generator.draw("F" if rng.random() < 0.5 else "N", "en")
            if hit["owner"]:
                pieces.append(("'s", ""))
        where = hit.end()
    return join([*pieces, (text[where:], "")], "carrier en")
