"""How well copies of own code are found, and how seldom anything else is.

Indexes a folder (Python's standard library where none is named), copies functions out of it in
many disguises, and looks at code that is not in it: `--data` names the folder of development
sets, `--against` more folders of other people's code. Prints recall by length and disguise, false
alarms by source, sizes and costs. Intervals are Wilson's at 95 %.
"""

from __future__ import annotations

import argparse
import ast
import gzip
import json
import random
import re
import sysconfig
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from evaluate_figures import Share
from rich.console import Console
from rich.table import Table

from excise.cli.fingerprint_files import find_texts
from excise.detectors.own.code import OwnCode, OwnIndex
from excise.detectors.own.code_tokens import KEYWORDS
from excise.text.tokens import tokenize

Disguise = Callable[[str, random.Random], str]
KEY: Final = b"for measuring only"
LENGTHS: Final = (8, 9, 10, 12, 15, 20)  # lines of code, comments and empty lines apart
SAMPLE: Final = 150
SETS: Final = ("code_pos", "code_neg", "code_markup_or_data", "benign_prompts")
_KEYWORDS: Final = frozenset(KEYWORDS.split())


def _lines(text: str, change: Callable[[str], str]) -> str:
    return "\n".join(change(line) for line in text.split("\n"))


def comment(text: str, rng: random.Random) -> str:
    """Other comments: old ones go, new ones come in front of lines and behind them."""
    lines = []
    for line in text.split("\n"):
        bare = re.sub(r"\s+# .*$", "", line)
        if not bare.strip().startswith("#"):
            pad = bare[: len(bare) - len(bare.lstrip())]
            lines += [f"{pad}# see ticket {rng.randrange(9999)}"] if rng.random() < 0.3 else []
            lines += [bare + ("  # checked" if rng.random() < 0.3 and bare.strip() else "")]
    return "\n".join(lines)


def rename(text: str, _: random.Random) -> str:
    """Every identifier another."""
    names: dict[str, str] = {}

    def other(match: re.Match[str]) -> str:
        word = match.group()
        return word if word in _KEYWORDS else names.setdefault(word, f"v{len(names)}_x")

    return re.sub(r"(?<![\w\"'])[A-Za-z_]\w*", other, text)


def shuffle(text: str, rng: random.Random) -> str:
    """Its lines in another order."""
    lines = text.split("\n")
    rng.shuffle(lines)
    return "\n".join(lines)


DISGUISES: Final[dict[str, Disguise]] = {
    "as it is": lambda text, _: text,
    "indented by eight": lambda text, _: _lines(text, lambda line: " " * 8 + line),
    "tabs": lambda text, _: text.replace("    ", "\t"),
    "no indentation": lambda text, _: _lines(text, str.lstrip),
    "comments changed": comment,
    "CRLF and blank lines": lambda text, _: text.replace("\n", "\r\n\r\n"),
    "fenced": lambda text, _: f"```python\n{text}\n```",
    "diff": lambda text, _: _lines(text, lambda line: "+" + line),
    "quoted": lambda text, _: _lines(text, lambda line: "> " + line),
    "numbered": lambda text, _: "\n".join(
        f"{number:5}\t{line}" for number, line in enumerate(text.split("\n"), 17)
    ),
    "other quotes": lambda text, _: text.replace('"', "'"),
    "renamed": rename,
    "shuffled": shuffle,
}


def functions(texts: list[str]) -> Iterator[tuple[int, str]]:
    """Functions without docstring, with their lines of code."""
    for text in texts:
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            continue
        lines = text.split("\n")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and not ast.get_docstring(node):
                body = lines[node.lineno - 1 : node.end_lineno]
                code = [line for line in body if line.strip() and line.strip()[0] != "#"]
                yield len(code), "\n".join(body)


def recall(finder: OwnCode, texts: list[str]) -> Table:
    """Found as own / found as near or own, by length and disguise."""
    by_length: dict[int, list[str]] = {}
    for length, text in functions(texts):
        by_length.setdefault(length, []).append(text)
    rng = random.Random(3)
    table = Table(title="found as own / as own or near, of functions of so many lines")
    table.add_column("disguise")
    for length in LENGTHS:
        table.add_column(str(length), justify="right")
    samples = {length: list(dict.fromkeys(by_length.get(length, ()))) for length in LENGTHS}
    for each in samples.values():
        rng.shuffle(each)
    for name, disguise in DISGUISES.items():
        cells = []
        for length in LENGTHS:
            part = samples[length][:SAMPLE]
            labels = [{c.label for c in finder.copies(told(disguise(t, rng)))} for t in part]
            own = sum("own" in found for found in labels)
            any_ = sum(bool(found) for found in labels)
            cells.append(f"{own / len(part):.3f} / {any_ / len(part):.3f}" if part else "-")
        table.add_row(name, *cells)
    table.add_row("functions", *(str(min(SAMPLE, len(samples[each]))) for each in LENGTHS))
    return table


def told(text: str) -> str:
    """The function as a chat has it."""
    return f"Could you have a look at this? It is slow.\n\n{text}\n\nWhat would you change?\n"


def rows(data: Path) -> Iterator[tuple[str, str]]:
    """Texts of the development sets with their sources."""
    for name in SETS:
        path = data / f"{name}.jsonl.gz"
        if path.exists():
            with gzip.open(path, "rt", encoding="utf-8") as file:
                for line in file:
                    row = json.loads(line)
                    yield f"{name}: {row['source'].split('@')[0]}", row["text"]


def alarms(finder: OwnCode, texts: Iterator[tuple[str, str]], show: bool) -> Table:
    """False alarms by source."""
    counts: Counter[str] = Counter()
    own: Counter[str] = Counter()
    near: Counter[str] = Counter()
    for source, text in texts:
        found = finder.copies(text)
        counts[source] += 1
        own[source] += any(each.label == "own" for each in found)
        near[source] += any(each.label == "near" for each in found)
        for each in found if show else ():
            piece = text[each.span.start : each.span.end]
            print(f"{source} {each.label} {each.tokens}\n{piece[:600]}\n---")
    table = Table(title="alarms on texts that are not in the index")
    for column in ("source", "texts", "own", "near", "95 % of either"):
        table.add_column(column, justify="left" if column == "source" else "right")
    for source in [*sorted(counts), "all"]:
        size = counts.total() if source == "all" else counts[source]
        hits = [c.total() if source == "all" else c[source] for c in (own, near)]
        high = Share(max(hits), size).interval[1]
        table.add_row(source, str(size), str(hits[0]), str(hits[1]), f"to {high:.2%}")
    return table


def costs(finder: OwnCode, index: OwnIndex, text: str) -> Table:
    """Sizes, and the time of a look as a multiple of cutting the text into tokens."""
    table = Table(title="sizes and costs")
    table.add_column("what")
    table.add_column("is", justify="right")
    size = len(index.to_bytes())
    table.add_row("files, lines", f"{index.count}, {index.lines}")
    table.add_row("fingerprints", str(index.prints.size))
    table.add_row("bytes, of a million lines", f"{size}, {size / index.lines:.1f} MB")
    for length in (1_000, 10_000, 100_000):
        part = text[:length]
        base = _fastest(lambda part=part: tokenize(part))  # type: ignore[misc]
        look = _fastest(lambda part=part: finder.copies(part))  # type: ignore[misc]
        shown = f"{look / length * 1e9:.0f} µs/KB, {look / base:.1f} times tokenize"
        table.add_row(f"a look at {length} characters of code", shown)
    return table


def _fastest(call: Callable[[], object]) -> float:
    best = 1e9
    for _ in range(40):
        begin = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - begin)
    return best


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=Path, default=Path(sysconfig.get_paths()["stdlib"]))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--against", type=Path, nargs="*", default=[])
    parser.add_argument("--show", action="store_true", help="print what is wrongly found")
    args = parser.parse_args()
    texts = [each.text for each in find_texts(args.index)]
    begin = time.perf_counter()
    index = OwnIndex.of_texts(texts, KEY)
    took = time.perf_counter() - begin
    finder = OwnCode(index)
    others = [(str(path.name), each.text) for path in args.against for each in find_texts(path)]
    console = Console(width=150)
    console.print(f"{args.index.name}: {len(texts)} files indexed in {took:.1f} s")
    console.print(recall(finder, texts))
    console.print(alarms(finder, iter([*rows(args.data), *others]), args.show))
    strange = "\n".join(text for source, text in rows(args.data) if source.startswith("code_pos"))
    console.print(costs(finder, index, strange))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
