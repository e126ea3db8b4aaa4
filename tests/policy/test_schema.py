"""The values of a policy are values: equal by content, not to be changed."""

import dataclasses

import pytest

from excise.model import Action
from excise.policy.schema import Clause, PackUse, When


def test_values_are_frozen_and_equal_by_content() -> None:
    """Two clauses that say the same are the same, and neither can be altered."""
    one, two = (Clause(id="a", when=When(), then=Action.BLOCK) for _ in range(2))
    assert one == two
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.then = Action.ALLOW  # type: ignore[misc]
    assert PackUse(name="p") != PackUse(name="q")
