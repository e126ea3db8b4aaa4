"""A filter means the same for one record and for the query."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from excise.audit.query import open_lines
from excise.audit.select import FILTERS, Wanted
from excise.audit.stats import read_stats

LINES = [
    '{"time":"2030-01-02T03:00:00.000Z","stage":"request","action":"redact","host":"h","model":"m",'
    '"provider":"p","principal":{"id":"ann","group":"g"},"reasons":["why"],'
    '"rulings":[{"rule":"r","entity":"e","count":2}]}',
    '{"time":"2030-02-02T03:00:00.000Z","stage":"fault"}',
]
CASES = [
    ({}, 2),
    ({"principal": "ann"}, 1),
    ({"group": "g", "host": "h", "provider": "p", "model": "m"}, 1),
    ({"stage": "fault"}, 1),
    ({"action": "block"}, 0),
    ({"rule": "r"}, 1),
    ({"entity": "x"}, 0),
    ({"entity": "e", "reason": "why"}, 1),
    ({"since": "2030-02"}, 1),
    ({"until": "2030-02"}, 1),
    ({"principal": "' OR true --"}, 0),
]


@pytest.mark.parametrize(("given", "count"), CASES)
def test_records_and_query_agree(tmp_path: Path, given: dict[str, str], count: int) -> None:
    import json

    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(LINES) + "\n")
    wanted = Wanted(**given)
    assert sum(wanted.fits(json.loads(line)) for line in LINES) == count
    where, values = wanted.where()
    with open_lines(path) as lines:
        found = lines.execute(f"SELECT count(*) FROM lines WHERE {where}", values).fetchone()
    assert found == (count,)
    assert read_stats(path, wanted).records == count


def test_every_filter_has_its_condition() -> None:
    assert tuple(each.name for each in fields(Wanted)) == FILTERS
