"""The shipped model files can be read, and stay small."""

import pytest

from excise.detectors.models import read_model


def test_the_names_model_ships_within_its_budget() -> None:
    assert 50_000 < len(read_model("names.npz")) <= 1_500_000


def test_a_file_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        read_model("no-such-model.npz")
