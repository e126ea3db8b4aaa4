"""What an exchange counts on, whether it fits, and what it came to in the end."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from excise.metering import Meter, Verdict
from excise.model import Exchange, Principal
from excise.policy.limits import parse_limits, parse_prices
from excise.state.counters import Charge, MemoryCounters

PRICES = "as-of: '2030-01-01'\ncurrency: USD\nprices: []\notherwise: {input: 1, output: 2}\n"


class World:
    """A meter over the limits of a text, with a clock and the warnings it gave."""

    def __init__(self, *entries: str) -> None:
        text = "limits:\n" + "".join(f"  - {{{each}}}\n" for each in entries)
        self.now = 5_000.0
        self.warned: list[tuple[str, int]] = []
        self.counters = MemoryCounters(lambda: self.now)
        self.meter = Meter(
            parse_limits(text, "l.yaml", parse_prices(PRICES, "p.yaml")),
            self.counters,
            key=b"k" * 32,
            clock=lambda: self.now,
            warn=lambda limit, percent: self.warned.append((limit, percent)),
        )
        self.count = 0

    def ask(
        self, *, user: str = "ann", group: str = "", key: str = "one", model: str = "m",
        tokens: int = 10, body: bytes = b"",
    ) -> tuple[str, Verdict]:  # fmt: skip
        """One exchange: its id and the verdict."""
        self.count += 1
        exchange = Exchange(
            id=f"e{self.count}", method="POST", host="llm.test", port=443, target="/v1",
            headers=(("authorization", f"Bearer {key}"),),
            body=body or f"body {self.count}".encode(), principal=Principal(id=user, group=group),
        )  # fmt: skip
        return exchange.id, self.meter.admit(exchange, model=model, provider="p", tokens=tokens)

    def refused(self, **facts: object) -> str:
        return self.ask(**facts)[1].limit  # type: ignore[arg-type]


def test_requests_are_counted_apart_as_the_limit_says() -> None:
    world = World("id: r, count: requests, at-most: 2, within: 1m, per: [principal, key, model]")
    for facts in ({}, {"user": "bob"}, {"key": "two"}, {"model": "n"}):
        assert [world.refused(**facts) for _ in range(3)] == ["", "", "r"]
    world.now += 63
    assert world.refused() == ""
    assert not [key for key in sorted(world.counters.keys()) if "Bearer" in key or "one" in key]


def test_a_group_shares_what_it_has() -> None:
    world = World(
        "id: g, count: requests, at-most: 2, within: 1m, per: [group]",
        "id: s, count: requests, at-most: 1, within: 1m, when: {groups: [support]}",
    )
    members = [("ann", "dev"), ("bob", "dev"), ("cid", "dev"), ("dan", "sales"), ("eve", "support")]
    assert [world.refused(user=user, group=group) for user, group in members] == [
        "", "", "g", "", "",
    ]  # fmt: skip
    assert world.refused(user="fay", group="support") == "s"


def test_tokens_are_supposed_before_and_counted_after() -> None:
    world = World("id: t, count: tokens, at-most: 100, within: 1h")
    first, verdict = world.ask(tokens=10)
    assert verdict.limit == ""
    world.meter.settle(first, tokens_in=30, tokens_out=60)
    world.meter.settle(first, tokens_in=30, tokens_out=60)
    assert world.refused(tokens=11) == "t"
    assert world.refused(tokens=10) == ""


def test_what_failed_upstream_cost_nothing() -> None:
    world = World("id: t, count: tokens, at-most: 100, within: 1h")
    first, _ = world.ask(tokens=90)
    world.meter.settle(first, failed=True)
    assert world.refused(tokens=100) == ""


def test_an_answer_nobody_counted_keeps_what_was_supposed() -> None:
    world = World("id: t, count: tokens, at-most: 100, within: 1h")
    first, _ = world.ask(tokens=90)
    world.meter.settle(first)
    assert world.refused(tokens=11) == "t"


def test_money_warns_at_its_marks_once_and_then_stops() -> None:
    world = World("id: c, count: cost, at-most: 0.001, within: 30d, warn-at: [50, 80, 100]")
    for _ in range(10):
        each, verdict = world.ask(tokens=20)
        if not verdict.limit:
            world.meter.settle(each, tokens_in=20, tokens_out=40)
    assert world.warned == [("c", 50), ("c", 80), ("c", 100)]
    refused = world.ask(tokens=20)[1]
    assert refused.limit == "c" and refused.wait and refused.wait > 86_400


def test_only_so_many_at_once() -> None:
    world = World("id: n, count: concurrency, at-most: 2, per: [principal]")
    one, _ = world.ask()
    assert world.refused() == ""
    _, third = world.ask()
    assert (third.limit, third.wait) == ("n", 1.0)
    assert world.refused(user="bob") == ""
    world.meter.settle(one)
    assert world.refused() == ""


def test_200_at_the_same_time_are_never_more_than_the_limit() -> None:
    world = World("id: n, count: concurrency, at-most: 17",
                  "id: r, count: requests, at-most: 1000, within: 1m")  # fmt: skip
    verdicts: list[str] = []
    gate = threading.Barrier(200)

    def ask(number: int) -> None:
        exchange = Exchange(
            id=f"t{number}", method="POST", host="llm.test", port=443, target="/", headers=(),
            body=b"", principal=Principal(id="ann"),
        )  # fmt: skip
        gate.wait()
        verdicts.append(world.meter.admit(exchange, model="m", provider="p", tokens=1).limit)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (verdicts.count(""), verdicts.count("n")) == (17, 183)
    assert world.counters.used(Charge("r", 1000, 60, 0)) == 17


def test_a_context_beyond_the_limit_never_fits() -> None:
    world = World("id: big, count: context, at-most: 1000, when: {models: ['small*']}")
    assert world.ask(model="small-1", tokens=1001)[1] == Verdict("big", None)
    assert world.refused(model="small-1", tokens=1000) == ""
    assert world.refused(model="large", tokens=10**6) == ""


def test_the_same_request_again_and_again_is_a_program_gone_astray() -> None:
    world = World("id: loop, count: repeats, at-most: 3, within: 1m")
    assert [world.refused(body=b"same") for _ in range(4)] == ["", "", "", "loop"]
    assert world.refused(body=b"other") == ""
    assert world.refused(body=b"same", user="bob") == ""


def test_a_limit_in_shadow_says_what_it_would_have_done() -> None:
    world = World("id: s, count: requests, at-most: 1, within: 1m, mode: shadow, warn-at: [100]")
    assert world.ask()[1] == Verdict()
    assert world.ask()[1] == Verdict(would=("s",))
    assert world.warned == [("s", 100)]


def test_what_one_limit_refuses_counts_on_no_other() -> None:
    world = World("id: a, count: requests, at-most: 100, within: 1m",
                  "id: b, count: context, at-most: 5")  # fmt: skip
    for _ in range(5):
        assert world.refused(tokens=6) == "b"
    assert world.counters.used(Charge("a", 100, 60, 0)) == 0


def test_what_was_never_settled_is_let_go() -> None:
    world = World("id: n, count: concurrency, at-most: 1")
    world.ask()
    world.now += 3_601
    world.meter.sweep()
    assert world.refused() == ""


@pytest.mark.parametrize("model", ["x" * 65, "line\nbreak"])
def test_a_models_name_that_is_none_stands_on_no_counter(model: str) -> None:
    world = World("id: r, count: requests, at-most: 2, within: 1m, per: [model]")
    world.ask(model=model)
    assert not any(model in key for key in sorted(world.counters.keys()))


def test_limits_may_be_swapped() -> None:
    world = World("id: r, count: requests, at-most: 1, within: 1m")
    world.ask()
    assert world.refused() == "r"
    every = tuple(replace(each, at_most=5) for each in world.meter.limits.every)
    world.meter.limits = type(world.meter.limits)(every, world.meter.limits.prices)
    assert world.refused() == ""
