"""What one worker cut out, another one puts back; the file says nothing to anybody else."""

from __future__ import annotations

import pytest

from excise.state.memory import MemoryShelf, MemoryVault
from excise.state.vault import SharedVault

KEY = bytes(range(32))
HOUR = 3600.0


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Counted(MemoryShelf):
    puts = 0

    def put(self, items: object, seconds: float) -> None:
        self.puts += 1
        super().put(items, seconds)  # type: ignore[arg-type]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shelf(clock: Clock) -> Counted:
    return Counted(clock, most=1000)


def vault(shelf: MemoryShelf, clock: Clock, key: bytes = KEY) -> SharedVault:
    own = MemoryVault(clock=clock, ttl=24 * HOUR)
    return SharedVault(shelf, key, own=own, clock=clock, ttl=24 * HOUR)


def test_another_worker_finds_it_for_the_same_principal_alone(shelf: Counted, clock: Clock) -> None:
    """Also after the worker that kept it is gone."""
    vault(shelf, clock).keep("ann", {"[KEY_1]": "value\ud800"})
    other = vault(shelf, clock)
    assert other.find("ann", "[KEY_1]") == "value\ud800"
    assert other.find("bob", "[KEY_1]") is None
    assert other.find("ann", "[KEY_2]") is None


def test_what_lies_on_the_shelf_tells_nothing(shelf: Counted, clock: Clock) -> None:
    """Neither names nor values; and a key of another run opens none of it."""
    vault(shelf, clock).keep("principal-ann", {"[KEY_1]": "value-of-ann"})
    lying = repr(shelf._held)
    assert not any(word in lying for word in ("ann", "value", "KEY"))
    assert vault(shelf, clock, bytes(32)).find("principal-ann", "[KEY_1]") is None
    assert "value" not in repr(vault(shelf, clock))


def test_values_cannot_be_swapped(shelf: Counted, clock: Clock) -> None:
    """Each is bound to its name: whoever may write to the file gets nobody another's value."""
    one = vault(shelf, clock)
    one.keep("ann", {"[KEY_1]": "of ann"})
    one.keep("bob", {"[KEY_1]": "of bob"})
    ann, bob = list(shelf._held)
    shelf._held[ann], shelf._held[bob] = shelf._held[bob], shelf._held[ann]
    assert vault(shelf, clock).find("ann", "[KEY_1]") is None
    shelf.put({ann: b"short"}, 60)
    assert vault(shelf, clock).find("ann", "[KEY_1]") is None


def test_a_chat_that_goes_on_is_put_on_the_shelf_now_and_then(shelf: Counted, clock: Clock) -> None:
    """Not with every turn, and often enough that no other worker loses it."""
    one = vault(shelf, clock)
    for _ in range(40):
        one.keep("ann", {"[KEY_1]": "value"})
        clock.now += HOUR
        assert vault(shelf, clock).find("ann", "[KEY_1]") == "value"
    assert shelf.puts == 4
    one.keep("ann", {"[KEY_1]": "another"})
    assert vault(shelf, clock).find("ann", "[KEY_1]") == "another"


def test_it_forgets(shelf: Counted, clock: Clock) -> None:
    """Everywhere."""
    one, other = vault(shelf, clock), vault(shelf, clock)
    one.keep("ann", {"[KEY_1]": "value"})
    assert other.find("ann", "[KEY_1]") == "value"
    clock.now += 24 * HOUR
    assert one.sweep() == other.sweep() == 1
    assert one.find("ann", "[KEY_1]") is other.find("ann", "[KEY_1]") is None
    assert not shelf._held
