"""Writes the list of fingerprints that many projects share, which no index of own code takes in.

Each folder below one of the folders named is a project; of `--rows`, a development set, each row
of the source named by `--source` is one. What stands in three projects or more is common. Only the
upper halves of unkeyed hashes are kept: of public code there is nothing to hide, and nothing of it
is copied.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from excise.cli.fingerprint_files import find_texts
from excise.detectors import models
from excise.detectors.own.code_index import rows_of
from excise.detectors.own.code_tokens import read_code

PROJECTS: Final = 3
# What every template begins with; common without being counted.
BEGINNINGS: Final = Path(__file__).with_name("own_code_common.txt")
OUT: Final = Path(models.__file__).parent / "own-code-common.u32"


def projects(folders: list[Path]) -> Iterator[list[str]]:
    """The texts of each project."""
    for folder in folders:
        for project in sorted(each for each in folder.iterdir() if each.is_dir()):
            yield [each.text for each in find_texts(project)]


def rows(path: Path, source: str) -> Iterator[list[str]]:
    """Each row of a set as a project of its own."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if row["source"].startswith(source):
                yield [row["text"]]


def main() -> int:
    """Count and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--rows", type=Path)
    parser.add_argument("--source", default="leachim6/hello-world")
    args = parser.parse_args()
    found = []
    every = [*projects(args.folders), *(rows(args.rows, args.source) if args.rows else ())]
    for texts in every:
        hashes = [prints.hashes for text in texts for prints in rows_of(read_code(text))]
        if hashes:
            found.append(np.unique(np.concatenate(hashes)))
    unique, counts = np.unique(np.concatenate(found), return_counts=True)
    begun = [p.hashes for p in rows_of(read_code(BEGINNINGS.read_text("utf-8")), every=True)]
    common = np.concatenate([unique[counts >= PROJECTS], *begun])
    OUT.write_bytes(np.unique((common >> np.uint64(32)).astype("<u4")).tobytes())
    print(f"{len(found)} projects, {unique.size} fingerprints, {common.size} of them common")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
