"""The made-up data behind the examples of rules that read the operator's own."""

import pytest

from excise.detectors.build import SHIPPED
from excise.detectors.own.proof import PROOF
from excise.rules.schema import DETECTORS


@pytest.mark.parametrize("name", PROOF)
def test_each_is_what_it_is_called(name: str) -> None:
    """And has something to find."""
    detector = PROOF[name]()
    assert detector.name == name and detector.labels


def test_every_detector_can_be_proven() -> None:
    """From what ships, or from made-up data."""
    assert set(PROOF) | set(SHIPPED) == DETECTORS
    assert not set(PROOF) & set(SHIPPED)
