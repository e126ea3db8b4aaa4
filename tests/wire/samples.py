"""Request bodies of real shape: the recorded set beside the checkout, else the small one here."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, NamedTuple

_RECORDED = Path(__file__).parents[2].parent / "shared" / "wire-samples" / "requests.jsonl.gz"
_SMALL = Path(__file__).with_name("requests.jsonl")


class Sample(NamedTuple):
    host: str
    path: str
    document: Any

    @property
    def body(self) -> bytes:
        return json.dumps(self.document, ensure_ascii=False, separators=(",", ":")).encode()


def load_samples() -> list[Sample]:
    """Every sample that has a JSON body."""
    small = _SMALL.read_text(encoding="utf-8")
    recorded = gzip.decompress(_RECORDED.read_bytes()).decode() if _RECORDED.is_file() else ""
    rows = [json.loads(line) for line in (small + recorded).splitlines()]
    return [Sample(row["host"], row["path"], row["body"]) for row in rows if row["body"]]
