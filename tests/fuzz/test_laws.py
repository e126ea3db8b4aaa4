"""The laws of the readers of bytes: over every seed, and over what hypothesis makes of them."""

from __future__ import annotations

import os

import pytest
from fuzz.laws import LAWS
from fuzz.seeds import SEEDS, seeds_of
from fuzz.wire_laws import WIRE_LAWS
from hypothesis import given, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("EXCISE_FUZZ_EXAMPLES", "10"))  # `scripts/fuzz` asks for more
EVERY = {**LAWS, **WIRE_LAWS}
each_law = pytest.mark.parametrize("name", EVERY)


def test_every_law_has_seeds() -> None:
    assert set(SEEDS) == set(EVERY)
    assert all(seeds_of(name) for name in EVERY)


@each_law
def test_a_law_holds_for_its_seeds(name: str) -> None:
    for seed in seeds_of(name)[:25]:
        EVERY[name](seed)


@each_law
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_a_law_holds_for_what_is_made_of_its_seeds(name: str, data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from(seeds_of(name)))[:2000]
    start, stop = sorted(data.draw(st.tuples(*[st.integers(0, len(seed))] * 2)))
    EVERY[name](seed[:start] + data.draw(st.binary(max_size=8)) + seed[stop:])
