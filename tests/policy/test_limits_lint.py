"""Each idle word of limits is reported once, where it stands; what has an effect is left alone."""

from __future__ import annotations

import pytest

from excise.policy.limits import parse_limits, parse_prices
from excise.policy.limits_lint import find_limit_mistakes
from excise.resources import policies_dir

PRICES = """\
as-of: "2030-01-01"
currency: USD
prices: [{models: [free], input: 0, output: 0}]
otherwise: {input: 1, output: 2}
"""
R = "count: requests, at-most: 9, within: 1m"


def mistakes(*entries: str, prices: str = PRICES) -> list[tuple[str, str]]:
    text = "limits:\n" + "".join(f"  - {{{each}}}\n" for each in entries)
    limits = parse_limits(text, "l.yaml", parse_prices(prices, "p.yaml"))
    return [(each.at, each.text) for each in find_limit_mistakes(limits)]


@pytest.mark.parametrize(
    ("entries", "line", "said"),
    [
        (["id: a, count: context, at-most: 9, warn-at: [50]"], 2, "no amount that is used up"),
        (["id: a, count: concurrency, at-most: 9, warn-at: [50]"], 2, "no amount"),
        ([f"id: a, {R}, per: [group, group]"], 2, "twice"),
        (["id: a, count: repeats, at-most: 9, within: 1m, per: [principal]"], 2, "always are"),
        (
            ["id: a, count: cost, at-most: 9, within: 1m, when: {models: [free]}"],
            2,
            "never counts anything",
        ),
        ([f"id: a, {R}, per: [model], when: {{models: [one]}}"], 2, "one model only"),
        ([f"id: a, {R}", f"id: b, {R}, per: [principal]"], 3, "b never decides: a"),
        ([f"id: a, {R}, when: {{groups: [x]}}", f"id: b, {R}"], 2, "a never decides: b"),
        ([f"id: a, {R}", f"id: b, {R}"], 3, "b never decides: a"),
        ([f"id: a, {R}", f"id: b, {R}, mode: shadow"], 3, "b never decides: a"),
        (
            [f"id: a, {R}", "id: b, count: requests, at-most: 10, within: 1m"],
            3,
            "b never decides: a",
        ),
    ],
)
def test_what_is_idle_is_reported(entries: list[str], line: int, said: str) -> None:
    ((at, text),) = mistakes(*entries)
    assert at == f"l.yaml:{line}" and said in text


@pytest.mark.parametrize(
    "entries",
    [
        [f"id: a, {R}, per: [principal]", "id: b, count: requests, at-most: 99, within: 1h"],
        [f"id: a, {R}, mode: shadow", "id: b, count: requests, at-most: 10, within: 1m"],
        [f"id: a, {R}, per: [principal]", f"id: b, {R}, per: [group]"],
        [f"id: a, {R}, when: {{groups: [x]}}", f"id: b, {R}, when: {{groups: [y]}}"],
        ["id: a, count: cost, at-most: 9, within: 1m, when: {models: [free, paid]}"],
        ["id: a, count: cost, at-most: 9, within: 1m"],
        [f"id: a, {R}, per: [model], when: {{models: ['gpt-*']}}"],
    ],
)
def test_what_has_an_effect_is_left_alone(entries: list[str]) -> None:
    assert mistakes(*entries) == []


def test_a_table_in_which_all_is_free_counts_no_cost() -> None:
    free = PRICES.replace("input: 1, output: 2", "input: 0, output: 0")
    assert mistakes("id: a, count: cost, at-most: 9, within: 1m", prices=free)


def test_the_shipped_limits_have_no_mistake() -> None:
    folder = policies_dir()
    prices = parse_prices((folder / "prices.yaml").read_text("utf-8"), "prices.yaml")
    limits = parse_limits((folder / "limits.yaml").read_text("utf-8"), "limits.yaml", prices)
    assert find_limit_mistakes(limits) == []
