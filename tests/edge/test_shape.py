"""An outline is told from others by cadence and sizes, whatever the bytes say."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.edge.shape import Shape, Watch, quantile

ASK = 700
Pieces = Iterator[tuple[float, int]]


def tokens(rate: float, count: int = 120, jitter: float = 0.45) -> Pieces:
    dice = random.Random(5)
    for _ in range(count):
        yield dice.lognormvariate(0, jitter) / rate, 240 + dice.randrange(1, 14)


def clock(gap: float, count: int = 120) -> Pieces:
    for number in range(count):
        yield gap * (1 + number % 3 / 200), 60 + number % 9


def log() -> Pieces:
    dice = random.Random(6)
    for _ in range(300):
        yield dice.uniform(0, 0.1), int(dice.lognormvariate(4.2, 1.6))


def even(gap: float, size: int, count: int = 200) -> Pieces:
    yield from ((gap * (0.7 + 0.1 * (number % 7)), size + number % 5) for number in range(count))


def seen(*answers: Pieces, ask: int = ASK, nudge: int = 0) -> Shape:
    now, watch = 0.0, Watch(0.0)
    for answer in answers:
        now += 1.0
        watch.sent(ask, now)
        for wait, size in answer:
            now += wait
            watch.received(size, now)
            if nudge:
                watch.sent(nudge, now)
    return watch.end()


@pytest.mark.parametrize("rate", [8, 20, 50, 100, 200])
def test_an_answer_of_tokens_is_known_at_any_rate(rate: float) -> None:
    shape = seen(tokens(rate))
    assert shape.answers == 1
    assert shape.best is not None and 100 < shape.best.events <= 120
    assert shape.best.gap == pytest.approx(1 / rate, rel=0.3)


@pytest.mark.parametrize(
    ("why", "shape"),
    [
        ("too few", seen(tokens(20, 12))),
        ("as even as a clock", seen(clock(0.2))),
        ("lines of any length", seen(log())),
        ("pieces too large", seen(even(0.02, 1400))),
        ("too much a second", seen(even(0.005, 1100))),
        ("no end", seen(even(0.2, 60, 4000))),
        ("heartbeats of one size", seen((0.1 + n % 4 / 50, 33) for n in range(90))),
        ("both sides talk", seen(tokens(20), nudge=40)),
        ("nothing was asked", seen(tokens(20), ask=20)),
        ("polls", seen(*(iter([(0.1, 900)]) for _ in range(50)))),
        ("nothing came", seen()),
    ],
)
def test_others_are_not_taken_for_one(why: str, shape: Shape) -> None:
    assert shape.answers == 0, why


def test_acknowledgements_of_a_client_do_not_matter() -> None:
    watch, now = Watch(0.0), 1.0
    watch.sent(ASK, now)
    for number, (wait, size) in enumerate(tokens(40)):
        now += wait
        watch.received(size, now)
        if number % 10 == 0:
            watch.sent(39, now)
    assert watch.end().answers == 1


def test_every_turn_of_a_connection_counts_and_the_best_is_told() -> None:
    shape = seen(even(0.02, 1400), tokens(50), tokens(20), iter([(0.1, 500)]))
    assert shape.answers == 2
    assert shape.best is not None and shape.best.seconds == pytest.approx(6, rel=0.3)
    told = shape.told()
    assert told["answers"] == 2 and told["sent"] == 4 * ASK and 200 < told["size"] < 300


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 10**6), st.floats(0, 50)), max_size=400))
def test_whatever_passes_bytes_add_up_and_nothing_raises(
    pieces: list[tuple[bool, int, float]],
) -> None:
    watch, now = Watch(0.0), 0.0
    for out, size, wait in pieces:
        now += wait
        (watch.sent if out else watch.received)(size, now)
    shape = watch.end()
    assert shape.sent == sum(size for out, size, _ in pieces if out)
    assert shape.received == sum(size for out, size, _ in pieces if not out)
    assert shape.seconds == pytest.approx(now)


def test_a_quantile_of_nothing_is_zero() -> None:
    assert (quantile([], 0.5), quantile([1, 2, 3], 0.5), quantile([1, 2], 1.0)) == (0.0, 2, 2)
