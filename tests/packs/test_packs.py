"""Every shipped rule proves itself: its examples, its excuses, its behaviour in a stream."""

import pytest

from excise.detectors.build import build_plain_scanner, build_proof_scanner
from excise.detectors.merge import merge
from excise.resources import policies_dir
from excise.rules.examples import check_pack
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
