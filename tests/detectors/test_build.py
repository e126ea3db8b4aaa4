"""Rules → scanner: with Hyperscan, without it, and with kept databases."""

from dataclasses import replace

import pytest
from rules.samples import sample_rules

from excise.detectors import build
from excise.detectors.fallback import Literals
from excise.detectors.hyper import Hyper
from excise.model import Part, Role, Segment
from excise.rules.fillers import fill
from excise.rules.schema import Status

SEGMENT = Segment(fill("key-{alnum:16}", "a"), Role.USER, Part.PROMPT, 0)


class Kept:
    """Databases in a dictionary."""

    def __init__(self) -> None:
        self.all: dict[str, bytes] = {}
        self.puts = 0

    def get(self, name: str) -> bytes:
        return self.all.get(name, b"")

    def put(self, name: str, database: bytes) -> None:
        self.puts += 1
        self.all[name] = database


def test_databases_are_made_once() -> None:
    """The second scanner takes what the first has kept; a damaged one is made again."""
    kept = Kept()
    first = build.build_scanner(sample_rules(), kept).scan([SEGMENT])
    assert build.build_scanner(sample_rules(), kept).scan([SEGMENT]) == first != [()]
    assert kept.puts == 1
    kept.all = dict.fromkeys(kept.all, b"broken")
    assert build.build_scanner(sample_rules(), kept).scan([SEGMENT]) == first
    assert kept.puts == 2


def test_without_hyperscan_the_same_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plain prefilter steps in."""
    swift = build.build_scanner(sample_rules()).pattern
    assert isinstance(swift._whole.prefilter, Hyper)
    assert isinstance(swift._pieces.prefilter, Hyper)
    monkeypatch.setattr(build, "HYPERSCAN", False)
    plain = build.build_scanner(sample_rules())
    assert isinstance(plain.pattern._whole.prefilter, Literals) and plain.scan([SEGMENT]) != [()]


def test_only_stable_rules_up_to_a_level_act() -> None:
    """The rest is left out before anything is compiled."""
    one, two, three = sample_rules()
    rules = (one, replace(two, level=3), replace(three, status=Status.SANDBOX))
    assert build.active(rules, level=1) == (one,)
    assert build.active(rules, level=3) == rules[:2]
