"""A vault gives each principal its own values back, and nothing to anybody else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from excise.state.memory import MemoryVault


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def build(**limits: float) -> tuple[MemoryVault, Clock]:
    clock = Clock()
    return MemoryVault(clock=clock, **limits), clock  # type: ignore[arg-type]


def test_a_value_is_found_by_its_own_principal_only() -> None:
    vault, _ = build()
    vault.keep("ann", {"[KEY_1]": "hers"})
    assert vault.find("ann", "[KEY_1]") == "hers"
    assert vault.find("bob", "[KEY_1]") is None
    assert vault.lookup("ann")("[KEY_1]") == "hers"


def test_entries_expire_after_their_last_use() -> None:
    vault, clock = build(ttl=10)
    vault.keep("ann", {"a": "1", "b": "2"})
    clock.now = 8
    assert vault.find("ann", "a") == "1"
    clock.now = 17
    assert (vault.find("ann", "a"), vault.find("ann", "b")) == ("1", None)
    assert len(vault) == 1
    clock.now = 27
    assert vault.find("ann", "a") is None


def test_sweeping_forgets_what_has_expired() -> None:
    vault, clock = build(ttl=10)
    vault.keep("ann", {"a": "1"})
    clock.now = 5
    vault.keep("bob", {"b": "2"})
    clock.now = 12
    assert (vault.sweep(), len(vault)) == (1, 1)
    assert vault.find("bob", "b") == "2"


def test_the_least_recently_used_of_a_principal_goes_first() -> None:
    vault, _ = build(per_principal=2)
    vault.keep("ann", {"a": "1", "b": "2"})
    vault.find("ann", "a")
    vault.keep("ann", {"c": "3"})
    assert [vault.find("ann", name) for name in "abc"] == ["1", None, "3"]


def test_the_total_is_bounded_over_all_principals() -> None:
    vault, _ = build(in_total=3)
    for number in range(5):
        vault.keep(f"p{number}", {"a": str(number)})
    assert len(vault) == 3
    assert [vault.find(f"p{n}", "a") for n in range(5)] == [None, None, "2", "3", "4"]


def test_it_shows_nothing_of_what_it_holds() -> None:
    vault, _ = build()
    vault.keep("ann", {"a": "planted-value"})
    assert repr(vault) == "<MemoryVault 1 entries>"


names = st.sampled_from(["ann", "bob", "eve"])
steps = st.lists(st.tuples(names, st.sampled_from("abcdef"), st.booleans(), st.floats(0, 5)))


@given(steps)
def test_bounds_hold_and_values_stay_apart_whatever_happens(
    actions: list[tuple[str, str, bool, float]],
) -> None:
    vault, clock = build(per_principal=3, in_total=5, ttl=8)
    for principal, placeholder, write, wait in actions:
        clock.now += wait
        if write:
            vault.keep(principal, {placeholder: f"{principal}:{placeholder}"})
            assert vault.find(principal, placeholder) == f"{principal}:{placeholder}"
        else:
            assert vault.find(principal, placeholder) in (None, f"{principal}:{placeholder}")
        assert len(vault) <= 5
        assert len(vault) == sum(len(own) for own in vault._held.values())
