"""The pack of personal data on its labelled sets: spans by kind, false alarms on clean text.

Prints recall and precision of spans by set and kind, false alarms on look-alikes, and findings per
KB of clean text. `--json` prints figures, `--presidio` puts the stock pattern recognizers of
presidio-analyzer beside (a baseline of the same sets in the same run), `--level` the highest level
of rules that take part.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from evaluate_sets import SHARED
from rich.console import Console
from rich.table import Table

from excise.detectors.build import active, build_scanner
from excise.detectors.merge import merge
from excise.model import Part, Role, Segment
from excise.resources import policies_dir
from excise.rules.load import load_pack

# Kinds that the packs of cards and secrets answer for, and names, which no pattern finds.
ELSEWHERE: Final = frozenset({"PERSON", "ORG", "LOCATION", "PASSWORD", "SECRET"})
CLEAN: Final = (("code_neg", "text"), ("benign_prompts", "text"))
SAMPLE: Final = 7  # every so many rows of the large clean sets are read

Hit = tuple[int, int]
Finder = Callable[[Sequence[str]], Iterator[list[Hit]]]


def own(packs: Sequence[str], level: int) -> Finder:
    """The stable rules of the packs."""
    rules: list[Any] = []
    for name in packs:
        folder = policies_dir() / "packs" / name
        paths = (*folder.glob("*.yaml"), *folder.glob("lists/*.txt"))
        files = {str(path.relative_to(folder)): path.read_text("utf-8") for path in paths}
        rules += active(load_pack(name, files).rules, level=level)
    scanner = build_scanner(rules)

    def find(texts: Sequence[str]) -> Iterator[list[Hit]]:
        for text in texts:
            segment = Segment(text, Role.USER, Part.PROMPT, 0)
            yield [tuple(each.span) for each in merge(scanner.scan([segment])[0])]

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
            yield sorted({(each.start, each.end) for each in found if each.score > 0})

    return find


def rows(name: str) -> Iterator[dict[str, Any]]:
    """The rows of a shared set."""
    with gzip.open(SHARED / f"{name}.jsonl.gz", "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def covered(span: Hit, hits: Sequence[Hit]) -> bool:
    """Whether every character of the span lies in some hit."""
    at = span[0]
    for start, end in sorted(hits):
        at = max(at, end) if start <= at else at
    return at >= span[1]


def measure_spans(name: str, find: Finder) -> dict[str, Any]:
    """Recall of spans by kind and source, precision of hits, alarms on look-alikes."""
    data = list(rows(name))
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    sources: dict[str, Counter[str]] = defaultdict(Counter)
    total: Counter[str] = Counter()
    for row, hits in zip(data, find([row["text"] for row in data]), strict=True):
        spans = [(each["start"], each["end"], each["label"]) for each in row.get("spans") or ()]
        source = row["source"].partition("@")[0]
        for start, end, label in spans:
            found = covered((start, end), hits)
            for counts in (kinds[label], sources[source], total) if label not in ELSEWHERE else ():
                counts["of"] += 1
                counts["hits"] += found
        for start, end in hits:
            right = any(start < stop and begin < end for begin, stop, _ in spans)
            total["right" if right else "wrong"] += 1
        if str(row.get("label", "")).startswith("not:"):
            kind = kinds[row["label"]]
            kind["of"] += 1
            kind["hits"] += bool(hits)
            total["negatives"] += 1
            total["alarms"] += bool(hits)
    return {"total": dict(total), "kinds": _plain(kinds), "sources": _plain(sources)}


def _plain(groups: dict[str, Counter[str]]) -> dict[str, dict[str, int]]:
    return {name: dict(counts) for name, counts in sorted(groups.items())}


def measure_clean(name: str, key: str, find: Finder) -> dict[str, Any]:
    """Findings per KB of text that nobody is named in, as far as known."""
    texts = [row[key] for index, row in enumerate(rows(name)) if index % SAMPLE == 0]
    hits = sum(len(each) for each in find(texts))
    size = sum(len(text.encode()) for text in texts) / 1024
    per_kb = round(hits / size, 4)
    return {"texts": len(texts), "kb": round(size, 1), "hits": hits, "per_kb": per_kb}


def run(find: Finder) -> dict[str, Any]:
    """Every set there is."""
    report: dict[str, Any] = {}
    for name in ("pii_spans", "pii_id_patterns", "pii_addresses_phones"):
        report[name] = measure_spans(name, find)
    for name, key in CLEAN:
        report[f"clean: {name}"] = measure_clean(name, key, find)
    return report


def show(reports: dict[str, dict[str, Any]], console: Console) -> None:
    """A table of sets and kinds, one pair of columns for each finder."""
    table = Table(title="Personal data by set and kind", header_style="bold")
    for column in ("set", "kind", "of", *reports):
        table.add_column(column, justify="left" if column in ("set", "kind") else "right")
    first = next(iter(reports.values()))
    for name, each in first.items():
        if "kinds" not in each:
            cells = [f"{report[name]['per_kb']:.3f} / KB" for report in reports.values()]
            table.add_row(name, "findings", f"{each['kb']:.0f} KB", *cells)
            continue
        totals = [report[name]["total"] for report in reports.values()]
        for title, cells in (
            ("recall of spans", [_share(t, "hits", "of") for t in totals]),
            ("precision of hits", [_precision(t) for t in totals]),
            ("alarms on look-alikes", [_share(t, "alarms", "negatives") for t in totals]),
        ):
            table.add_row(name, title, str(each["total"].get("of", 0)), *cells, style="bold")
        for kind, counts in each["kinds"].items():
            same = [report[name]["kinds"][kind] for report in reports.values()]
            cells = [_share(each, "hits", "of") for each in same]
            table.add_row("", kind, str(counts["of"]), *cells)
    console.print(table)


def _share(counts: dict[str, int], part: str, whole: str) -> str:
    return f"{counts.get(part, 0) / counts[whole]:.1%}" if counts.get(whole) else ""


def _precision(counts: dict[str, int]) -> str:
    right, wrong = counts.get("right", 0), counts.get("wrong", 0)
    return f"{right / (right + wrong):.1%}" if right + wrong else ""


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate --pii", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--presidio", action="store_true", help="put Presidio's patterns beside")
    parser.add_argument("--level", type=int, default=2, help="highest level of rules; default 2")
    args = parser.parse_args()
    if not SHARED.is_dir():
        print("The labelled sets of personal data are not here.", file=sys.stderr)
        return 0
    reports = {"gdpr": run(own(("gdpr",), args.level))}
    reports["gdpr + pci"] = run(own(("gdpr", "pci"), args.level))
    if args.presidio:
        reports["presidio"] = run(presidio())
    if args.json:
        print(json.dumps(reports, indent=1))
    else:
        show(reports, Console(width=None if sys.stdout.isatty() else 120))
    return 0


if __name__ == "__main__":
    sys.exit(main())
