"""The shares that `scripts/train-tokens` wrote."""

from excise.text.tokenweights import WEIGHTS
from excise.workers.tokens import RANKS


def test_shares_and_ranks_are_of_the_same_encodings() -> None:
    """Or an estimate could not be made exact."""
    assert WEIGHTS.keys() == RANKS.keys()
