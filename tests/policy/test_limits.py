"""Limits and prices load strictly, and prices never let an unknown model pass for free."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.errors import PolicyError
from excise.model import Mode, Principal
from excise.policy.limits import NO_PRICES, Per, What, parse_limits, parse_prices
from excise.resources import policies_dir

PRICES = """\
as-of: "2030-01-01"
currency: USD
prices:
  - {models: ["small-*"], input: 0.10, output: 0.40}
  - {models: ["big"], input: 3, output: 15}
otherwise: {input: 20, output: 100}
"""


def one(entry: str) -> object:
    """The only limit of a file."""
    return parse_limits(f"limits:\n  - {{{entry}}}\n", "l.yaml", NO_PRICES).every[0]


def test_a_limit_says_all_it_can() -> None:
    limit = parse_limits(
        "limits:\n  - {id: a-b, count: cost, at-most: 2.5, within: 30d, per: [group, key],"
        " mode: shadow, warn-at: [80, 50], when: {groups: [ops], models: ['gpt-*']}}\n",
        "l.yaml",
        NO_PRICES,
    ).every[0]
    assert (limit.count, limit.at_most, limit.seconds) == (What.COST, 2_500_000, 30 * 86_400)
    assert (limit.per, limit.mode, limit.warn_at) == ((Per.GROUP, Per.KEY), Mode.SHADOW, (50, 80))
    who = Principal(id="x", group="ops")
    assert limit.speaks_of(who, "gpt-9", "p")
    assert not limit.speaks_of(who, "other", "p")
    assert not limit.speaks_of(Principal(id="x"), "gpt-9", "p")


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("count: requests, at-most: 1, within: 1m", "EXC-POL-004"),
        ("id: a, count: lines, at-most: 1, within: 1m", "EXC-POL-006"),
        ("id: a, count: requests, at-most: 0, within: 1m", "EXC-POL-006"),
        ("id: a, count: requests, at-most: 1.5, within: 1m", "EXC-POL-005"),
        ("id: a, count: requests, at-most: 1", "EXC-POL-015"),
        ("id: a, count: context, at-most: 1, within: 1m", "EXC-POL-015"),
        ("id: a, count: requests, at-most: 1, within: soon", "EXC-POL-006"),
        ("id: a, count: requests, at-most: 1, within: 999d", "EXC-POL-006"),
        ("id: A_b, count: requests, at-most: 1, within: 1m", "EXC-POL-007"),
        ("id: a, count: requests, at-most: 1, within: 1m, warn-at: [120]", "EXC-POL-005"),
        ("id: a, count: requests, at-most: 1, within: 1m, per: [moon]", "EXC-POL-006"),
        ("id: a, count: requests, at-most: 1, within: 1m, for: [x]", "EXC-POL-003"),
        ("id: a, count: requests, at-most: 1, within: 1m, when: {host: [x]}", "EXC-POL-003"),
    ],
)
def test_a_careless_limit_does_not_load(entry: str, code: str) -> None:
    with pytest.raises(PolicyError) as fault:
        one(entry)
    assert fault.value.code == code


def test_an_id_stands_once() -> None:
    entry = "  - {id: a, count: concurrency, at-most: 1}\n"
    with pytest.raises(PolicyError, match="stands twice"):
        parse_limits(f"limits:\n{entry}{entry}", "l.yaml", NO_PRICES)


@pytest.mark.parametrize(
    ("model", "cost"),
    [("small-1", 500_000), ("vendor/Small-1", 500_000), ("big", 18_000_000), ("", 120_000_000),
     ("bigger", 120_000_000)],
)  # fmt: skip
def test_what_a_million_tokens_each_way_cost(model: str, cost: int) -> None:
    assert parse_prices(PRICES, "p.yaml").cost(model, 1_000_000, 1_000_000) == cost


@pytest.mark.parametrize(
    ("model", "name"), [("vendor/Small-1", "small-*"), ("big", "big"), ("bigger", "otherwise")]
)
def test_a_price_is_called_by_its_first_pattern(model: str, name: str) -> None:
    assert parse_prices(PRICES, "p.yaml").price_of(model).name == name


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.text(max_size=9))
def test_cost_is_rounded_up_and_grows(tokens_in: int, tokens_out: int, model: str) -> None:
    prices = parse_prices(PRICES, "p.yaml")
    cost = prices.cost(model, tokens_in, tokens_out)
    assert cost >= (tokens_in + tokens_out > 0)
    assert prices.cost(model, tokens_in + 1, tokens_out) >= cost


def test_what_ships_loads_and_only_watches() -> None:
    folder = policies_dir()
    prices = parse_prices((folder / "prices.yaml").read_text(), "prices.yaml")
    limits = parse_limits((folder / "limits.yaml").read_text(), "limits.yaml", prices)
    assert {each.mode for each in limits.every} == {Mode.SHADOW}
    assert not limits.counts_tokens  # what nobody asked for costs nothing
    most = max(price.output for price in prices.every)
    assert prices.otherwise.output >= most
    assert prices.cost("gpt-4o-mini-2024-07-18", 1_000_000, 0) == 150_000
    assert prices.cost("claude-sonnet-4-5", 1_000_000, 0) == 3_000_000
