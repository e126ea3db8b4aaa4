"""The labelled sets: read from `../shared/data`, from the samples in the repository, or generated.

A sample line's text may hold the fillers of `policies/README.md`, so that no key-shaped literal
is committed; they are drawn by the row's id, the same on every machine.
"""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path
from typing import Any, Final

import evaluate_generated as generated
from corpora import read_samples
from evaluate_rows import ROOT, Mark, Row, Set
from relatives import RELATIVES

from excise.detectors.code.languages import DATA, LANGUAGES, OTHER, PROSE, language_of
from excise.detectors.names.sights import joined
from excise.detectors.names.tagger import Name
from excise.model import Span
from excise.rules.fillers import fill

SHARED: Final = ROOT.parent / "shared" / "data"
SAMPLES: Final = ROOT / "tests" / "data"
QUICK: Final = 1600  # rows of a set that are read in a hurry
SECRETS: Final = ("secret.",)
PCI: Final = ("pci.",)
PII: Final = ("pii.",)
PERSONAL: Final = ("pii.", "pci.", "secret.")  # cards and passwords stand among personal data
CODE: Final = ("code.",)
ALL: Final = ("",)
TUNED: Final = "rules made on it"
HELD_OUT: Final = "held out"
SEEN: Final = "in training"
UNSEEN: Final = "never in training"
ORDINARY: Final = ("benign_prompts", "overdefence", "code_neg", "moderation_train", "topics_train")
# Where rows were read while rules of personal data were written: countries of addresses, kinds of
# ids by their first letter. The rest is held out.
_TUNED_COUNTRIES: Final = ("usa", "deu", "fra", "nld", "aus", "cze", "nor", "rom", "hrv", "ind")
_TUNED_KINDS: Final = "ABCDEFGHI"
_CODE_LABELS: Final = {"code": "code", "markup or data": "markup_or_data"}
_NAMES: Final = (  # set, shared file, samples
    ("names_kiji", "pii_spans", "-"),
    ("names_en", "ner_train_en", "names/labelled.jsonl.gz"),
    ("names_multi", "ner_train_multi", "-"),
)

Family = tuple[str, ...]
Read = Callable[[Path], Iterator[Row]]


def load_sets(only: Sequence[str] = (), *, quick: bool = False) -> Iterator[Set]:
    """The sets whose name or kind of measure fits one of the patterns (none: all), one by one."""
    for name, family, measure, find in _SETS:
        if only and not any(fnmatch(each, want) for want in only for each in (name, measure)):
            continue
        found = find(name, family, measure)
        if found is not None and found.rows:
            yield _some(found) if quick else found


def _some(whole: Set) -> Set:
    """The set, or the same part of it every time."""
    if len(whole.rows) <= QUICK or whole.origin == "generated":
        return whole
    rows = random.Random(whole.name).sample(whole.rows, QUICK)
    return Set(whole.name, whole.family, whole.measure, whole.origin, rows, len(whole.rows))


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines, packed or not."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


# -- files -------------------------------------------------------------------------------------


def _file(read: Read, sample: str = "", shared: str = "") -> Callable[..., Set | None]:
    """A set that is read from `shared` there, else from `sample` here; both after the set's name
    unless said."""

    def find(name: str, family: Family, measure: str) -> Set | None:
        path = SHARED / f"{shared or name}.jsonl.gz"
        if path.is_file():
            return Set(name, family, measure, "shared", tuple(read(path)))
        path = SAMPLES / (sample or f"{name}.jsonl")
        return Set(name, family, measure, "sample", tuple(read(path))) if path.is_file() else None

    return find


def _drawn(draw: Callable[[], Iterator[Row]]) -> Callable[..., Set]:
    def find(name: str, family: Family, measure: str) -> Set:
        return Set(name, family, measure, "generated", tuple(draw()))

    return find


def _source(row: dict[str, Any]) -> str:
    return str(row["source"]).partition("@")[0].partition(" ")[0]


def _filled(row: dict[str, Any]) -> dict[str, Any]:
    """A sample's row with its fillers drawn, and the stretches marked by `<<>>` as spans."""
    text, spans = fill(row["text"], row["id"]), []
    labels = iter(row.get("labels") or ())
    while "<<" in text:
        start = text.index("<<")
        end = text.index(">>", start) - 2
        text = text.replace("<<", "", 1).replace(">>", "", 1)
        spans.append({"start": start, "end": end, "label": next(labels, "")})
    return row | {"text": text, "spans": spans}


def _labelled(path: Path) -> Iterator[dict[str, Any]]:
    rows = read_rows(path)
    return rows if path.suffix == ".gz" else map(_filled, rows)


def _marks(row: dict[str, Any]) -> tuple[Mark, ...]:
    return tuple(
        Mark(each["start"], each["end"], each.get("label", "")) for each in row.get("spans") or ()
    )


def _plain(positive: str, group: Callable[[dict[str, Any]], str]) -> Read:
    """Rows that are positive by their label."""

    def read(path: Path) -> Iterator[Row]:
        for row in _labelled(path):
            marks = tuple(mark._replace(label="") for mark in _marks(row))
            kind = str(row.get("kind") or row["label"])
            wanted = row["label"] == positive
            yield Row(row["id"], row["text"], wanted, _source(row), kind, marks, group=group(row))

    return read


def _secret_group(row: dict[str, Any]) -> str:
    """Half of the kinds of one source was never looked at while rules were written."""
    if not row["source"].startswith("gitleaks"):
        return TUNED
    return HELD_OUT if zlib.crc32(str(row.get("kind") or row["label"]).encode()) % 2 else TUNED


def _pii(path: Path) -> Iterator[Row]:
    """Rows of personal data; the kind of a look-alike begins with `not:`."""
    for row in _labelled(path):
        kind = str(row.get("label") or "")
        positive = not kind.startswith("not:")
        yield Row(row["id"], row["text"], positive, _source(row), kind, _marks(row),
                  group=_pii_group(row, kind))  # fmt: skip


def _pii_group(row: dict[str, Any], kind: str) -> str:
    source = str(row["source"])
    if "pelias" in source:
        tuned = any(f"/address.{country}." in source for country in _TUNED_COUNTRIES)
    elif "presidio" in source:
        tuned = kind.removeprefix("not:")[:1] in _TUNED_KINDS
    elif "libphonenumber" in source:
        return "published example numbers"
    else:
        tuned = True
    return TUNED if tuned else HELD_OUT


def _spoken(path: Path) -> Iterator[Row]:
    """Numbers in words; the kind is the language, a mark's label the value."""
    for row in read_rows(path):
        low, marks = row["text"].lower(), []
        for each in row["numbers"]:
            at = low.find(each["text"].lower(), marks[-1].end if marks else 0)
            if at >= 0:
                marks.append(Mark(at, at + len(each["text"]), each["value"]))
        yield Row(row["id"], row["text"], False, _source(row), row["lang"], tuple(marks))


def _code(path: Path) -> Iterator[Row]:
    """Code and what is none; the kind of code is its language, as the detector calls it."""
    for number, row in enumerate(read_rows(path)):
        label = row.get("label") or _CODE_LABELS.get(row["kind"], "not_code")
        if "label" not in row and label == "markup_or_data":  # nothing to count in the samples
            continue
        asked = row.get("language") or ""
        kind = asked if label == "markup_or_data" else str(row.get("kind"))
        if label == "code":
            kind = _language(asked)
        name = str(row.get("id", f"{path.name.partition('.')[0]}-{number}"))
        yield Row(name, row["text"], label == "code", _source(row).partition(":")[0], kind,
                  group=SEEN)  # fmt: skip


def _language(asked: str) -> str:
    if asked in LANGUAGES:  # a label already, as in the samples
        return asked
    language = OTHER if asked in RELATIVES else language_of(asked) or OTHER
    return OTHER if language == DATA else language


def _names(path: Path) -> Iterator[Row]:
    """Names as `scripts/train-names` reads them, addresses joined as by the detector."""
    for number, sample in enumerate(read_samples(path)):
        group = UNSEEN if sample.source == "kiji" else SEEN
        parts = [Name(Span(start, end), label, 1.0) for start, end, label in sample.spans]
        marks = tuple(Mark(*each.span, each.label) for each in joined(sample.text, sorted(parts)))
        name = f"{path.name.partition('.')[0]}-{number}"
        yield Row(name, sample.text, bool(marks), sample.source, "", marks, group=group)


def _ordinary(name: str, family: Family, measure: str) -> Set | None:
    """Texts that nobody labelled as holding anything: each once, though several files have it."""
    paths = [path for each in ORDINARY if (path := SHARED / f"{each}.jsonl.gz").is_file()]
    origin = "shared" if paths else "sample"
    paths = paths or [SAMPLES / "code" / "samples.jsonl.gz"]
    rows: dict[str, Row] = {}
    for row in chain.from_iterable(map(_ordinary_rows, paths)):
        rows.setdefault(row.text, row)
    return Set(name, family, measure, origin, tuple(rows.values()))


def _ordinary_rows(path: Path) -> Iterator[Row]:
    name = path.name.partition(".")[0]
    for number, row in enumerate(read_rows(path)):
        if name != "samples" or row["language"] == PROSE:
            group = name if name != "samples" else "prose"
            yield Row(str(row.get("id", number)), row["text"], False, "", "",
                      lines=row["text"].count("\n") + 1, group=group)  # fmt: skip


_SETS: Final = (
    ("secrets_pos", SECRETS, "rows", _file(_plain("secret", _secret_group))),
    ("secrets_neg", SECRETS, "rows", _file(_plain("secret", _secret_group))),
    ("secrets_carriers", SECRETS, "rows", _drawn(generated.carrier_rows)),
    ("secrets_fifth", SECRETS, "rows", _drawn(generated.fifth_rows)),
    ("secrets_files", SECRETS, "rows", _drawn(generated.file_rows)),
    ("pci", PCI, "rows", _file(_plain("pci", lambda row: ""))),
    ("pci_gateway", PCI, "rows", _drawn(generated.known_gateway_rows)),
    ("pci_held_out", PCI, "rows", _drawn(generated.held_out_rows)),
    ("pci_spoken", PCI, "rows", _drawn(generated.spoken_rows)),
    ("pci_ids", PCI, "rows", _drawn(generated.id_rows)),
    ("pci_random_ids", PCI, "rows", _drawn(generated.random_id_rows)),
    *(
        (name, PERSONAL, "pii", _file(_pii))
        for name in ("pii_spans", "pii_id_patterns", "pii_addresses_phones")
    ),
    ("spoken_numbers", ALL, "spoken", _file(_spoken)),
    *((name, PII, "names", _file(_names, sample, file)) for name, file, sample in _NAMES),
    ("code_pos", CODE, "code", _file(_code, "code/samples.jsonl.gz")),
    ("code_markup_or_data", CODE, "markup", _file(_code, "-")),
    ("code_neg", CODE, "code", _file(_code, "-")),
    ("clean_lines", ALL, "ordinary", _drawn(generated.clean_rows)),
    ("ordinary", ALL, "ordinary", _ordinary),
)
