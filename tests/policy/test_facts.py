"""A rule counts in the layer of what found it."""

from policy.samples import facts

from excise.model import Severity
from excise.policy.facts import WEIGHTS, Layer
from excise.rules.schema import DETECTORS


def test_every_detector_of_today_has_its_layer() -> None:
    """None falls among the meanings by having been forgotten."""
    meaning = {name for name in DETECTORS if facts("p.r", detector=name).layer is Layer.MEANING}
    judges = {"judge", "judge-injection", "judge-topics", "sequence"}
    assert meaning == {"injection", "topics", "unsafe"} | judges
    assert facts("p.r").layer is Layer.LEXICAL
    assert facts("p.r", detector="subject").layer is Layer.MEANING


def test_the_graver_the_heavier() -> None:
    """Weights rise with severity."""
    weights = [WEIGHTS[severity] for severity in Severity]
    assert weights == sorted(weights) and len(set(weights)) == len(weights)
