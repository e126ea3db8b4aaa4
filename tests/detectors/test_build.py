"""Rules → scanner: with Hyperscan, without it, and with kept databases."""

from dataclasses import replace

import pytest
from rules.samples import sample_rules

from excise.detectors import build
from excise.detectors.patterns.fallback import Literals
from excise.detectors.patterns.hyper import Hyper
from excise.model import Direction, Part, Role, Segment
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


def test_streams_have_a_database_of_their_own_where_it_is_kept() -> None:
    """Over the rules that read them; it finds what the other one does."""
    one, *others = sample_rules()
    asks = [replace(one, directions=frozenset({Direction.REQUEST})), *others]
    kept = Kept()
    own, shared = build.build_scanner(asks, kept), build.build_scanner(asks)
    assert kept.puts == 2
    assert own.pattern._pieces.prefilter is not own.pattern._whole.prefilter
    assert shared.pattern._pieces.prefilter is shared.pattern._whole.prefilter
    text = SEGMENT._replace(text=f"{SEGMENT.text} {fill('{pan:visa}', 'b')}, so it was")
    for piece in (SEGMENT, text):
        assert own.scan([piece], whole=False) == shared.scan([piece], whole=False)
        assert own.rests(piece, 0) == shared.rests(piece, 0)


def test_without_hyperscan_the_same_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plain prefilter steps in."""
    assert isinstance(build.build_scanner(sample_rules()).pattern._whole.prefilter, Hyper)
    monkeypatch.setattr(build, "HYPERSCAN", False)
    plain = build.build_scanner(sample_rules())
    assert isinstance(plain.pattern._whole.prefilter, Literals) and plain.scan([SEGMENT]) != [()]


def test_only_stable_rules_up_to_a_level_act() -> None:
    """The rest is left out before anything is compiled."""
    one, two, three = sample_rules()
    rules = (one, replace(two, level=3), replace(three, status=Status.SANDBOX))
    assert build.active(rules, level=1) == (one,)
    assert build.active(rules, level=3) == rules[:2]
