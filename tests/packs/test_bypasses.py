"""Which disguises of an attack are found, and which are known to pass."""

import pytest
from packs.bypasses import WAYS, Way
from packs.test_packs import files

from excise.detectors.build import build_plain_scanner
from excise.detectors.scanner import FullScanner
from excise.model import Part, Role, Segment
from excise.rules.load import load_pack


@pytest.fixture(scope="module")
def scanner() -> FullScanner:
    """The signatures of attacks, without the classifier."""
    rules = load_pack("injection", files("injection")).rules
    return build_plain_scanner([rule for rule in rules if rule.asked is None])


@pytest.mark.parametrize(
    "way",
    [
        pytest.param(way, id=way.name, marks=[pytest.mark.xfail(strict=True)] if way.why else [])
        for way in WAYS
    ],
)
def test_a_disguise_is_seen_through(way: Way, scanner: FullScanner) -> None:
    """A way that is known to pass fails here as expected; once it is found its reason goes."""
    assert scanner.scan([Segment(way.text, Role.USER, Part.PROMPT, 0)])[0]
