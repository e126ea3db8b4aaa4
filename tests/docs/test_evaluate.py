"""What `scripts/evaluate` counts, how it compares runs, and that its pages say what it stored."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packs.test_packs import files

from excise.detectors.build import build_scanner
from excise.model import Span
from excise.rules.load import load_pack

ROOT: Final = Path(__file__).resolve().parents[2]
SHARES: Final = st.integers(1, 5000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


class Scripts(NamedTuple):
    """The modules behind the command."""

    command: ModuleType
    figures: ModuleType
    measures: ModuleType
    rows: ModuleType
    sets: ModuleType
    reference: ModuleType
    disguises: ModuleType


@pytest.fixture(scope="module")
def scripts() -> Iterator[Scripts]:
    """The modules, found as the command finds them."""
    folders = [
        str(ROOT / name) for name in ("scripts", "scripts/names", "scripts/code", "scripts/meaning")
    ]
    before, known = list(sys.path), set(sys.modules)
    sys.path[:0] = folders
    try:
        import evaluate
        import evaluate_disguises
        import evaluate_figures
        import evaluate_measures
        import evaluate_rows
        import evaluate_sets
        import reference_detection

        yield Scripts(
            evaluate,
            evaluate_figures,
            evaluate_measures,
            evaluate_rows,
            evaluate_sets,
            reference_detection,
            evaluate_disguises,
        )
    finally:
        sys.path[:] = before
        for name in set(sys.modules) - known:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(folders[0]):
                del sys.modules[name]


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 0, 0.0, 1.0), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (131, 143, 0.8591, 0.9515),
     (50, 100, 0.4038, 0.5962)],
)  # fmt: skip
def test_intervals_are_wilsons(
    scripts: Scripts, hits: int, of: int, low: float, high: float
) -> None:
    interval = scripts.figures.Share(hits, of).interval
    assert interval == pytest.approx((low, high), abs=5e-4)


@given(counts=SHARES)
def test_a_share_lies_in_its_interval(scripts: Scripts, counts: tuple[int, int]) -> None:
    share = scripts.figures.Share(*counts)
    low, high = share.interval
    assert 0 <= low <= share.share + 1e-12 and share.share - 1e-12 <= high <= 1


def stored(figure: str, hits: int, of: int, **more: Any) -> dict[str, Any]:
    return {"one": {"origin": "shared", "figures": {figure: [hits, of]}, **more}}


@pytest.mark.parametrize(
    ("figure", "before", "now", "worse"),
    [
        ("recall", (90, 100), (90, 100), 0),
        ("recall", (90, 100), (84, 100), 0),
        ("recall", (90, 100), (80, 100), 1),
        ("recall", (90, 100), (100, 100), 0),
        ("alarms", (2, 100), (1, 100), 0),
        ("alarms", (2, 100), (9, 100), 1),
        ("alarms", (2, 100), (6, 100), 0),
        # fewer rows were read: only intervals that lie apart are worse
        ("recall", (90, 100), (16, 20), 0),
        ("recall", (90, 100), (9, 20), 1),
        ("alarms", (2, 100), (2, 20), 0),
        ("alarms", (2, 100), (9, 20), 1),
        # characters of one value fall together, so their share may fall by a point
        ("characters covered", (9000, 10000), (8950, 10000), 0),
        ("characters covered", (9000, 10000), (8800, 10000), 1),
    ],
)
def test_a_figure_that_fell_by_more_than_its_interval_is_told(
    scripts: Scripts, figure: str, before: tuple[int, int], now: tuple[int, int], worse: int
) -> None:
    told = scripts.figures.compare(stored(figure, *now), stored(figure, *before))
    assert len(told) == worse


def test_parts_and_rates_are_compared_too_but_not_other_data(scripts: Scripts) -> None:
    compare = scripts.figures.compare
    was = stored("recall", 9, 10, by_group={"held out": {"recall": [90, 100]}})
    now = stored("recall", 9, 10, by_group={"held out": {"recall": [50, 100]}})
    assert len(compare(now, was)) == 1
    other = {"one": now["one"] | {"origin": "sample"}}
    assert compare(other, was) == compare({}, was) == []
    calm, loud = (stored("recall", 1, 1, per_10000_lines={"secrets": rate}) for rate in (0.0, 2.0))
    assert len(compare(loud, calm)) == 1
    assert compare(calm, loud) == []


def test_what_is_written_is_read_the_same(scripts: Scripts) -> None:
    share = scripts.figures.Share
    report = {"sets": {"a": {"figures": {"recall": share(1, 2)}, "rate": {"x": 0.5}, "rows": 2}}}
    assert json.loads(scripts.figures.written(report)) == json.loads(json.dumps(report))
    assert '"recall": [1, 2]' in scripts.figures.written(report)


@pytest.mark.parametrize(
    ("spans", "touched", "covered"),
    [
        ([], False, False),
        ([(0, 5)], False, False),
        ([(5, 8)], True, False),
        ([(5, 10)], True, True),
        ([(8, 10), (2, 8)], True, True),
        ([(5, 7), (8, 10)], True, False),
        ([(10, 12)], False, False),
    ],
)
def test_a_stretch_is_touched_or_covered(
    scripts: Scripts, spans: list[tuple[int, int]], touched: bool, covered: bool
) -> None:
    assert scripts.figures.touches(5, 10, spans) is touched
    assert scripts.figures.covers(5, 10, spans) is covered


def outcomes(scripts: Scripts, measure: str, row: Any, hits: list[Any]) -> dict[str, list[int]]:
    """What one row counts as, added up by figure."""
    facts = scripts.measures.Facts(
        names={"n.person": "PERSON"}, languages=frozenset({"c.language"}), silent=frozenset()
    )
    counted: dict[str, list[int]] = {}
    for count in scripts.measures.MEASURES[measure](row, hits, facts):
        both = counted.setdefault(count.figure, [0, 0])
        both[0] += count.hits
        both[1] += count.of
    return counted


def test_each_measure_counts_what_it_says(scripts: Scripts) -> None:
    row, mark, hit = scripts.rows.Row, scripts.rows.Mark, scripts.rows.Hit
    text = "Anna Bell lives here"
    named = row("1", text, True, "s", "", (mark(0, 9, "PERSON"),))
    exact, half = hit(0, 9, "pii.person", "n.person"), hit(0, 4, "pii.person", "n.person")
    counted = outcomes(scripts, "names", named, [exact])
    assert (counted["F1 PERSON"], counted["characters covered"]) == ([2, 2], [8, 8])
    counted = outcomes(scripts, "names", named, [half])
    assert (counted["F1 PERSON"], counted["characters covered"]) == ([0, 2], [4, 8])
    assert outcomes(scripts, "pii", named, [half]) == {
        "recall": [1, 1], "spans covered": [0, 1], "precision": [1, 1],
    }  # fmt: skip
    other = row("2", text, False, "s", "not:X")
    assert outcomes(scripts, "pii", other, [half])["alarms on look-alikes"] == [1, 1]
    python = row("3", text, True, "s", "python")
    seen = [hit(0, 9, "code.python", "c.language"), hit(10, 12, "code.c", "c.language")]
    assert outcomes(scripts, "code", python, seen) == {"recall": [1, 1], "language named": [1, 1]}
    data = [hit(0, 9, "code.data", "c.language")]
    assert outcomes(scripts, "code", python, data)["recall"] == [0, 1]
    number = row("4", "forty-one", False, "s", "English", (mark(0, 9, "41"),))
    assert outcomes(scripts, "spoken", number, [])["recall"] == [1, 1]
    families = outcomes(scripts, "ordinary", other, [half, hit(0, 3, "secret.x", "s.x")])
    assert families["alarms: names"] == families["alarms: secrets"] == [1, 1]
    assert families["alarms: personal data"] == [0, 1]


def test_a_text_is_looked_at_once_and_counted_for_the_family_asked_for(scripts: Scripts) -> None:
    row, hit = scripts.rows.Row, scripts.rows.Hit
    looked: list[str] = []

    def find(texts: Sequence[str]) -> Iterator[list[Any]]:
        for text in texts:
            looked.append(text)
            yield [hit(0, 1, "secret.x", "s.x"), hit(0, 2, "pii.x", "p.x")]

    finder = scripts.command.Finder(find)
    rows = [row(str(at), text, False, "s", "") for at, text in enumerate(["aa", "bb", "aa"])]
    assert [len(hits) for hits in finder(rows, ("secret.",))] == [1, 1, 1]
    assert [len(hits) for hits in finder(rows, ("",))] == [2, 2, 2]
    assert looked == ["aa", "bb"]


def test_a_run_reports_shares_and_the_ids_of_errors_without_texts(scripts: Scripts) -> None:
    row, mark, hit = scripts.rows.Row, scripts.rows.Mark, scripts.rows.Hit
    rows = [
        row("found", "hidden one", True, "s", "k", (mark(0, 6),), group="held out"),
        row("missed", "hidden two", True, "t", "k"),
        row("alarm", "hidden three", False, "s", "k"),
        row("both", "hidden one", False, "t", "k"),
    ]
    hits = {
        "hidden one": [hit(0, 6, "secret.x", "s.x")],
        "hidden three": [hit(0, 1, "secret.y", "s.y")],
    }
    finder = scripts.command.Finder(lambda texts: iter([hits.get(text, []) for text in texts]))
    facts = scripts.measures.Facts({}, frozenset(), frozenset())
    data = scripts.rows.Set("one", ("secret.",), "rows", "shared", rows)
    report, errors = scripts.command.run(finder, facts, iter([data]))
    figures = report["one"]["figures"]
    assert {name: tuple(share) for name, share in figures.items()} == {
        "recall": (1, 2), "spans touched": (1, 1), "spans covered": (1, 1), "alarms": (2, 2),
        "alarms on texts not labelled positive elsewhere": (1, 1),
    }  # fmt: skip
    assert tuple(report["one"]["by_group"]["held out"]["recall"]) == (1, 1)
    assert tuple(report["one"]["by_source"]["t"]["recall"]) == (0, 1)
    assert errors["one"]["recall: k"] == ["missed"]
    assert errors["one"]["alarms: k"] == ["alarm", "both"]
    assert "hidden" not in json.dumps([scripts.figures.spelled(report), errors])


def test_every_set_can_be_read_and_the_same_rows_in_a_hurry(
    scripts: Scripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scripts.sets, "SHARED", ROOT / "not there")
    sets = list(scripts.sets.load_sets())
    assert len({each.name for each in sets}) == len(sets) > 15
    for each in sets:
        for row in each.rows:
            assert all(0 <= mark.start < mark.end <= len(row.text) for mark in row.marks), row.id
            assert each.measure == "code" or each.origin != "sample" or "<<" not in row.text
        assert len({row.id for row in each.rows}) == len(each.rows), each.name
    assert {each.measure for each in sets} <= set(scripts.measures.MEASURES)
    (one,) = scripts.sets.load_sets(["pci_ids"])
    assert one.rows == next(each.rows for each in sets if each.name == "pci_ids")
    monkeypatch.setattr(scripts.sets, "QUICK", 10)
    first, second = (next(scripts.sets.load_sets(["secrets_pos"], quick=True)) for _ in range(2))
    assert (len(first.rows), first.of) == (10, 40)
    assert first.rows == second.rows


def test_the_table_of_the_readme_says_what_was_stored(scripts: Scripts) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert scripts.reference.readme(text) == text
    kept = json.loads((ROOT / "docs/reference/evaluation.json").read_text("utf-8"))
    sets = kept["shared"]["sets"]
    for name, figure in (("secrets_pos", "recall"), ("secrets_neg", "alarms"), ("pci", "recall")):
        hits, of = sets[name]["figures"][figure]
        assert f"{hits * 100 / of:.1f} % of {of} (" in text
    with pytest.raises(ValueError, match="no place"):
        scripts.reference.readme("# Excise")


def test_the_stored_run_is_a_whole_one(scripts: Scripts) -> None:
    """Neither a part nor a hurried one is what later runs are compared with."""
    kept = json.loads((ROOT / "docs/reference/evaluation.json").read_text("utf-8"))
    wanted = {name for name, *_ in scripts.sets._SETS}
    assert set(kept["shared"]["sets"]) == wanted
    assert not [name for name, each in kept["shared"]["sets"].items() if "of_rows" in each]
    assert {"secrets_pos", "pii_spans", "names_en", "code_pos"} <= set(kept["sample"]["sets"])
    # Of the hurried run stands what it cut short, and no more.
    quick = kept["shared, quick"]["sets"]
    assert quick
    assert all("of_rows" in each for each in quick.values())


def test_values_are_sought_in_each_disguise(scripts: Scripts) -> None:
    pack = load_pack("secrets", files("secrets"))
    rules = [rule for rule in pack.rules if rule.id.startswith("secrets.github-")]
    scanner = build_scanner(rules)
    engine = SimpleNamespace(packs=[replace(pack, rules=tuple(rules))], scanner=scanner)
    found = scripts.disguises.disguised(engine)
    assert set(found) == set(scripts.disguises.WAYS)
    plain = found["as it is"]
    assert plain["whole"].hits == plain["whole"].of > 3
    assert plain["streamed"].hits == plain["streamed"].of > 3
    for name in ("base64", "joined strings", "base64 in base64", "ROT13", "backwards"):
        assert found[name]["whole"].hits > plain["whole"].hits / 2, name
    assert found["base85"]["whole"].hits == found["zero_width"]["streamed"].hits == 0
    assert all(each["whole"].of == plain["whole"].of for each in found.values())


@given(value=st.text("abcdefgh0123", min_size=12, max_size=40))
def test_a_disguise_leaves_the_text_around(scripts: Scripts, value: str) -> None:
    text = f"key {value} end"
    for disguise in scripts.disguises.WAYS.values():
        written, spans = disguise(text, [Span(4, 4 + len(value))])
        ((start, end),) = spans
        assert written.startswith("key ") and start == 4
        assert written[end:] == " end"
