"""Every shipped rule proves itself: its examples, its excuses, its behaviour in a stream."""

import pytest

from excise.detectors.build import build_plain_scanner, build_proof_scanner, build_scanner
from excise.detectors.patterns.merge import merge
from excise.model import Part, Role, Segment
from excise.resources import policies_dir
from excise.rules.examples import check_pack, filled
from excise.rules.load import load_pack

PACKS = sorted(path.parent.name for path in (policies_dir() / "packs").glob("*/pack.yaml"))


def files(pack: str) -> dict[str, str]:
    """The texts of a pack's folder."""
    folder = policies_dir() / "packs" / pack
    paths = (*folder.glob("*.yaml"), *folder.glob("lists/*.txt"))
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in paths}


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_proves_itself(name: str) -> None:
    """No sentence is left about any rule of the pack."""
    pack = load_pack(name, files(name))
    faults = check_pack(pack, alone=build_plain_scanner, whole=build_proof_scanner, merge=merge)
    assert not faults, "\n" + "\n".join(faults)


def test_packs_are_there() -> None:
    """The folder holds packs, so that the test above ran."""
    assert PACKS


def test_where_a_growing_text_is_said_to_rest_nothing_is_found_behind_what_is_done() -> None:
    """Law over examples of all rules that read streams: with nothing done, up to the words behind,
    and up to each place where something ends or begins."""
    rules = [rule for name in PACKS for rule in load_pack(name, files(name)).rules]
    streamed = [rule for rule in rules if rule.is_streamed and rule.asked is None]
    scanner = build_scanner(streamed)
    rested = 0
    for rule in streamed:
        for example in rule.examples[:2]:
            text = filled(rule, example).text + " and so it was" * 9
            piece = Segment(text, Role.ASSISTANT, Part.COMPLETION, 0)
            (found,) = scanner.scan([piece], whole=False)
            ends = {place for finding in found for place in finding.span}
            for done in sorted({0, len(text) - 9, *ends}):
                rests = scanner.rests(piece, done)
                rested += rests
                assert not rests or all(finding.span.end <= done for finding in found), rule.id
    assert rested
