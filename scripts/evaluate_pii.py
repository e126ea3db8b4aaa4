"""The pack of personal data on its labelled sets: spans by kind, false alarms on clean text.

Prints recall and precision of spans by set, source and kind with intervals, false alarms on
look-alikes, and findings in 10 000 lines of code, prose, logs and lock files. `--json` prints
figures, `--presidio` puts the stock pattern recognizers of presidio-analyzer beside (a baseline of
the same sets in the same run), `--level` the highest level of rules that take part, `--errors` the
ids of rows with misses and false alarms by kind. Intervals are Wilson's at 95 %.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

from evaluate import figure
from evaluate_sets import SHARED, clean_rows
from rich.console import Console
from rich.table import Table

from excise.detectors.build import active, build_scanner
from excise.detectors.merge import merge
from excise.model import Action, Part, Role, Segment
from excise.resources import policies_dir
from excise.rules.load import load_pack

SPANS: Final = ("pii_spans", "pii_id_patterns", "pii_addresses_phones")
# What the packs of secrets answer for, and names, which no pattern finds.
ELSEWHERE: Final = frozenset({"PERSON", "ORG", "LOCATION", "PASSWORD", "SECRET"})
CLEAN: Final = ("code_pos", "code_neg", "benign_prompts", "overdefence", "topics_train")
SAMPLE: Final = 7  # every so many rows of the large clean sets are read
# Where rows were read while rules were written: countries of addresses, kinds of ids by their
# first letter, all sentences. The rest is held out.
_TUNED_COUNTRIES: Final = ("usa", "deu", "fra", "nld", "aus", "cze", "nor", "rom", "hrv", "ind")
_TUNED_KINDS: Final = "ABCDEFGHI"


class Hit(NamedTuple):
    """What was found: a span, by which rule, and whether it changes what leaves."""

    start: int
    end: int
    rule: str = ""
    acts: bool = True


Finder = Callable[[Sequence[str]], Iterator[list[Hit]]]


def own(packs: Sequence[str], level: int) -> Finder:
    """The stable rules of the packs that are patterns."""
    rules: list[Any] = []
    for name in packs:
        folder = policies_dir() / "packs" / name
        paths = (*folder.glob("*.yaml"), *folder.glob("lists/*.txt"))
        files = {str(path.relative_to(folder)): path.read_text("utf-8") for path in paths}
        rules += active(load_pack(name, files).rules, level=level)
    scanner = build_scanner(rules)
    silent = {rule.id for rule in rules if rule.action is Action.LOG}

    def find(texts: Sequence[str]) -> Iterator[list[Hit]]:
        for text in texts:
            segment = Segment(text, Role.USER, Part.PROMPT, 0)
            found = merge(scanner.scan([segment])[0])
            yield [Hit(*each.span, each.rule, each.rule not in silent) for each in found]

    return find


def presidio() -> Finder:
    """Every recognizer of presidio-analyzer that is a set of patterns, without a language model."""
    import inspect

    import presidio_analyzer.predefined_recognizers as shipped
    import tldextract.tldextract as domains
    from presidio_analyzer import EntityRecognizer, PatternRecognizer

    # The recognizer of e-mail would fetch the list of public suffixes from the network.
    domains.TLD_EXTRACTOR = domains.TLDExtract(suffix_list_urls=(), cache_dir=None)
    made: list[EntityRecognizer] = []
    for _, cls in inspect.getmembers(shipped, inspect.isclass):
        phone = cls.__name__ == "PhoneRecognizer"
        if phone or (issubclass(cls, PatternRecognizer) and cls is not PatternRecognizer):
            try:
                made.append(cls())
            except (TypeError, ValueError, ImportError):
                continue

    def find(texts: Sequence[str]) -> Iterator[list[Hit]]:
        for text in texts:
            found = (
                each
                for recognizer in made
                for each in recognizer.analyze(text, recognizer.supported_entities, None) or ()
            )
            # the analyzer's own default: every result above zero counts
            yield sorted({Hit(each.start, each.end) for each in found if each.score > 0})

    return find


def rows(name: str) -> Iterator[dict[str, Any]]:
    """The rows of a shared set."""
    with gzip.open(SHARED / f"{name}.jsonl.gz", "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def covered(span: tuple[int, int], hits: Sequence[Hit]) -> bool:
    """Whether every character of the span lies in some hit."""
    at = span[0]
    for hit in sorted(hits):
        at = max(at, hit.end) if hit.start <= at else at
    return at >= span[1]


def group_of(name: str, row: dict[str, Any]) -> str:
    """`tuned` or `held out`, or what else the rows of a set are told apart by."""
    source = str(row["source"]).partition("@")[2]
    if name == "pii_addresses_phones":
        if "libphonenumber" in row["source"]:
            return "phones"
        tuned = any(f"/address.{country}." in source for country in _TUNED_COUNTRIES)
    elif name == "pii_id_patterns":
        tuned = str(row["label"]).removeprefix("not:")[0] in _TUNED_KINDS
    else:
        return str(row["source"]).partition("@")[0]
    return "tuned on" if tuned else "held out"


def measure_spans(name: str, find: Finder) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Recall of spans by group and kind, precision of hits, alarms on look-alikes; and the ids of
    rows with errors by kind."""
    data = list(rows(name))
    spans: dict[str, Counter[str]] = defaultdict(Counter)
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    wrong: dict[str, list[str]] = defaultdict(list)
    total: Counter[str] = Counter()
    for row, hits in zip(data, find([row["text"] for row in data]), strict=True):
        marked = [(each["start"], each["end"], each["label"]) for each in row.get("spans") or ()]
        for start, end, label in marked:
            if label in ELSEWHERE:
                continue
            found = covered((start, end), hits)
            for counts in (spans[label], groups[group_of(name, row)], total):
                counts.update(of=1, hits=found)
            if not found:
                wrong[f"missed: {label}"].append(row["id"])
        for hit in hits:
            right = any(hit.start < stop and begin < hit.end for begin, stop, _ in marked)
            total["right" if right else "wrong"] += 1
        if str(row.get("label", "")).startswith("not:"):
            total.update(negatives=1, alarms=bool(hits))
            spans[row["label"]].update(of=1, hits=bool(hits))
            if hits:
                wrong[f"false alarm: {row['label'][4:]}"].append(row["id"])
    report: dict[str, Any] = {
        "rows": len(data),
        "recall": figure(total["hits"], total["of"]),
        "precision": figure(total["right"], total["right"] + total["wrong"]),
        "recall_by_group": {n: figure(c["hits"], c["of"]) for n, c in sorted(groups.items())},
        "by_kind": {n: figure(c["hits"], c["of"]) for n, c in sorted(spans.items())},
    }
    if total["negatives"]:
        report["false_alarms"] = figure(total["alarms"], total["negatives"])
    return report, wrong


def clean_texts(name: str) -> Iterator[str]:
    """Texts in which nobody is meant to be named: generated lines, or a sample of a shared set."""
    if name == "clean_lines":
        yield from (row.text for row in clean_rows())
        return
    yield from (row["text"] for index, row in enumerate(rows(name)) if index % SAMPLE == 0)


def measure_clean(name: str, find: Finder) -> dict[str, Any]:
    """Findings in 10 000 lines, all and those that act, and which rules they come from."""
    texts = list(clean_texts(name))
    hits = list(chain.from_iterable(find(texts)))
    lines = sum(text.count("\n") + 1 for text in texts)
    acting = [hit for hit in hits if hit.acts]
    return {
        "texts": len(texts),
        "lines": lines,
        "findings": len(hits),
        "findings_per_10000_lines": round(len(hits) * 10_000 / lines, 2),
        "acting_per_10000_lines": round(len(acting) * 10_000 / lines, 2),
        "acting_by_rule": dict(Counter(hit.rule for hit in acting).most_common()),
    }


def run(find: Finder) -> tuple[dict[str, Any], dict[str, Any]]:
    """Every set there is, and the errors by set and kind: ids, never texts."""
    report: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for name in SPANS:
        report[name], errors[name] = measure_spans(name, find)
    for name in ("clean_lines", *CLEAN):
        report[name] = measure_clean(name, find)
    return report, errors


def show(reports: dict[str, dict[str, Any]], console: Console) -> None:
    """A table of sets, groups and kinds and one of clean text; a column for each finder."""
    first = next(iter(reports.values()))
    table = Table(title="Personal data by set, source and kind", header_style="bold")
    for column in ("set", "kind", "of", *reports):
        table.add_column(column, justify="left" if column in ("set", "kind") else "right")
    for name in SPANS:
        sides = {"recall": "recall of spans", "precision": "precision of hits"}
        for side, title in {**sides, "false_alarms": "alarms on look-alikes"}.items():
            if side in first[name]:
                cells = [_with_interval(report[name][side]) for report in reports.values()]
                table.add_row(name, title, str(first[name][side]["of"]), *cells, style="bold")
        for part, style in (("recall_by_group", "bold"), ("by_kind", "")):
            for kind, each in first[name][part].items():
                cells = [_with_interval(report[name][part][kind]) for report in reports.values()]
                table.add_row("", kind, str(each["of"]), *cells, style=style)
    console.print(table)
    clean = Table(title="Findings in 10 000 lines of clean text: all, acting", header_style="bold")
    for column in ("set", "lines", *reports):
        clean.add_column(column, justify="left" if column == "set" else "right")
    for name in ("clean_lines", *CLEAN):
        cells = [
            f"{report[name]['findings_per_10000_lines']}, {report[name]['acting_per_10000_lines']}"
            for report in reports.values()
        ]
        clean.add_row(name, str(first[name]["lines"]), *cells)
    console.print(clean)


def _with_interval(each: dict[str, Any]) -> str:
    low, high = each["interval"]
    return f"{each['share']:.1%} ({low:.0%}-{high:.0%})" if each["of"] else ""


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate --pii", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--errors", action="store_true", help="list ids of misses and false alarms")
    parser.add_argument("--presidio", action="store_true", help="put Presidio's patterns beside")
    parser.add_argument("--level", type=int, default=2, help="highest level of rules; default 2")
    args = parser.parse_args()
    if not SHARED.is_dir():
        print("The labelled sets of personal data are not here.", file=sys.stderr)
        return 0
    finders = {"gdpr": own(("gdpr",), args.level), "gdpr + pci": own(("gdpr", "pci"), args.level)}
    if args.presidio:
        finders["presidio"] = presidio()
    results = {name: run(find) for name, find in finders.items()}
    reports = {name: report for name, (report, _) in results.items()}
    if args.json:
        print(json.dumps(reports, indent=1))
    else:
        show(reports, Console(width=None if sys.stdout.isatty() else 120))
    if args.errors:
        print(json.dumps({name: errors for name, (_, errors) in results.items()}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
