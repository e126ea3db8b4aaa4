"""Word lists → the bits that the tagger's features see, keyed by the word in lower case."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from excise.detectors.names.features import Lexicon

HERE = Path(__file__).parent

_CUES = {
    "title": Lexicon.TITLE, "cue": Lexicon.CUE, "month": Lexicon.MONTH, "street": Lexicon.STREET,
    "organisation": Lexicon.ORGANISATION, "particle": Lexicon.PARTICLE, "job": Lexicon.JOB,
    "demonym": Lexicon.DEMONYM, "speech": Lexicon.SPEECH, "towards": Lexicon.TOWARDS,
    "joiner": Lexicon.JOINER, "common": Lexicon.FREQUENT,
}  # fmt: skip

_WORD = re.compile(r"[^\W\d_]+")


def read_places(
    path: Path = HERE / "places.txt",
) -> dict[str, tuple[list[str], list[str], list[str]]]:
    """By country code: names of the country, cities, regions."""
    read = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            code, *columns = (part.strip() for part in line.split("|"))
            lists = [
                [name.strip() for name in column.split(",") if name.strip()] for column in columns
            ]
            read[code] = (lists[0], lists[1], lists[2])
    return read


def read_people(path: Path = HERE / "people.txt") -> dict[str, tuple[list[str], list[str]]]:
    """By language: frequent given names, frequent surnames."""
    read = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            code, *columns = (part.strip() for part in line.split("|"))
            given, surnames = ([n.strip() for n in column.split(",")] for column in columns)
            read[code] = (given, surnames)
    return read


def read_lists(path: Path = HERE / "lists.json.gz") -> dict[str, dict[str, list[str]]]:
    """By language (and `en-census`, `xx` for the rest of the world): given names, surnames, ..."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        read: dict[str, dict[str, list[str]]] = json.load(file)
    del read["about"]
    return read


def read_words(path: Path) -> dict[str, list[str]]:
    """By the word before the bar, the entries behind it."""
    rows = (line.split("|") for line in path.read_text().splitlines() if line[0] != "#")
    return {slot.strip(): [word.strip() for word in words.split(",")] for slot, words in rows}


def read_gazetteer(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [line.strip() for line in lines if line.strip()]


def count_words(texts: list[str]) -> tuple[Counter[str], Counter[str]]:
    """How often each word stands in lower case, and with a capital inside a sentence."""
    lower: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    for text in texts:
        before = "."
        for hit in _WORD.finditer(text):
            word = hit.group()
            if word.islower():
                lower[word] += 1
            elif word[0].isupper() and word[1:].islower():
                inside = text[max(hit.start() - 2, 0) : hit.start()]
                if inside.endswith(" ") and inside[:1].isalpha() and before.islower():
                    capital[word.lower()] += 1
            before = word
    return lower, capital


def _mark_lists(mark: Callable[..., None]) -> None:
    lists = read_lists()
    times: Counter[tuple[str, str]] = Counter()
    for lang, by_kind in lists.items():
        for name in set(by_kind["given"]):
            times["given", name] += 1
        for name in set(by_kind["surnames"]):
            times["surnames", name] += 1
        mark(by_kind["given"], Lexicon.GIVEN)
        mark(by_kind["surnames"], Lexicon.SURNAME)
        mark(by_kind.get("cities", []), Lexicon.PLACE, Lexicon.PLACE_PART)
        mark(by_kind.get("regions", []), Lexicon.PLACE, Lexicon.PLACE_PART)
        mark([w for w in by_kind.get("jobs", []) if " " not in w], Lexicon.JOB)
        mark([j.split()[-1] for j in by_kind.get("jobs", []) if lang == "en"], Lexicon.JOB)
        mark(by_kind.get("demonyms", []), Lexicon.DEMONYM)
    census = lists["en-census"]
    top = census["given"][:600] + census["given"][900:1700]
    top += [name for (kind, name), count in times.items() if kind == "given" and count > 2]
    mark(top, Lexicon.TOP_GIVEN)
    often = census["surnames"][:3000]
    often += [name for (kind, name), count in times.items() if kind == "surnames" and count > 1]
    mark(often, Lexicon.TOP_SURNAME)
    for given, surnames in read_people().values():
        mark(given, Lexicon.TOP_GIVEN)
        mark([name.split()[-1] for name in surnames], Lexicon.TOP_SURNAME)


def build_lexicon(data: Path, texts: list[str]) -> dict[str, int]:
    """Bits by word. `texts` are unlabelled prose that say which words are common."""
    bits: Counter[str] = Counter()

    def mark(names: list[str], flag: Lexicon, part: Lexicon | None = None) -> None:
        for name in names:
            words = [w.lower() for w in _WORD.findall(name)]
            if len(words) == 1 and len(words[0]) > 1:
                bits[words[0]] |= flag
            elif part is not None:
                for word in words:
                    if len(word) > 2:
                        bits[word] |= part

    mark(read_gazetteer(data / "gazetteer_given_names.txt.gz"), Lexicon.GIVEN)
    mark(read_gazetteer(data / "gazetteer_surnames.txt.gz"), Lexicon.SURNAME)
    for given, surnames in read_people().values():
        mark(given, Lexicon.GIVEN, Lexicon.GIVEN)
        mark([name.split()[-1] for name in surnames], Lexicon.SURNAME, Lexicon.SURNAME)
    _mark_lists(mark)
    for countries, cities, regions in read_places().values():
        mark(countries, Lexicon.COUNTRY, Lexicon.PLACE_PART)
        mark(cities, Lexicon.PLACE, Lexicon.PLACE_PART)
        mark(regions, Lexicon.PLACE, Lexicon.PLACE_PART)
    for slot, words in read_words(HERE / "cues.txt").items():
        mark(words, _CUES[slot])
    for groups in json.loads((data / "gazetteer_street_types.json").read_text()).values():
        for group in groups:
            mark([w for w in group[:1] if len(w) > 4], Lexicon.STREET)
    lower, capital = count_words(texts)
    for word, count in lower.items():
        # A word that is mostly written with a capital is a name that somebody wrote carelessly.
        if count >= 4 and count > capital[word]:
            bits[word] |= Lexicon.FREQUENT if count >= 60 else Lexicon.KNOWN
    return dict(bits)
