"""What was signed is in force as it stands, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from excise.errors import PolicyError
from excise.state.seals import SEAL, name_in, read_seal, sign_folder
from excise.state.signing import Signer, load_or_create_signer

FILES = {"profiles/ours.yaml": "a: 1", "packs/x/pack.yaml": "b", "packs/x/lists/w.txt": "c"}


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return load_or_create_signer(tmp_path / "keys", "k")


@pytest.fixture
def folder(tmp_path: Path, signer: Signer) -> Path:
    made = tmp_path / "policy"
    for name, text in {**FILES, "README.md": "nobody reads this"}.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text)
    (made / SEAL).write_bytes(sign_folder(made, signer))
    return made


def check_all(folder: Path, signer: Signer) -> None:
    seal = read_seal(folder, signer.verifier)
    seal.check_whole()
    for path in sorted(folder.rglob("*.yaml")) + sorted(folder.rglob("*.txt")):
        seal.check(path, path.read_bytes())


def test_a_signed_folder_holds(folder: Path, signer: Signer) -> None:
    check_all(folder, signer)
    assert set(read_seal(folder, signer.verifier).digests) == set(FILES)
    assert (folder / SEAL).read_bytes() == sign_folder(folder, signer), "signing is repeatable"


def _swap_names(folder: Path) -> None:
    (folder / "profiles/ours.yaml").write_text("b")
    (folder / "packs/x/pack.yaml").write_text("a: 1")


def _edit_seal(old: bytes, new: bytes) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        data = (folder / SEAL).read_bytes()
        assert old in data
        (folder / SEAL).write_bytes(data.replace(old, new, 1))

    return edit


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda f: (f / "profiles/ours.yaml").write_text("a: 2"), "changed since"),
        (lambda f: (f / "profiles/more.yaml").write_text("a: 1"), "nobody signed"),
        (lambda f: (f / "packs/x/lists/w.txt").unlink(), "is gone"),
        (_swap_names, "changed since"),
        (lambda f: (f / SEAL).unlink(), "not signed"),
        (lambda f: (f / SEAL).write_bytes(b""), "no seal"),
        (lambda f: (f / SEAL).write_bytes(b"\xff\xfe\nsignature AAAA\n"), "no seal"),
        (_edit_seal(b"  profiles/ours.yaml", b"  profiles/hers.yaml"), "does not hold"),
        (_edit_seal(b"policy 1 ", b"policy 1 0"), "another key"),
        (_edit_seal(b"signature ", b"signature A"), "no seal|does not hold"),
    ],
)
def test_whatever_is_changed_is_refused(
    folder: Path, signer: Signer, break_it: Callable[[Path], object], said: str
) -> None:
    break_it(folder)
    with pytest.raises(PolicyError, match=said) as refused:
        check_all(folder, signer)
    assert refused.value.code == "EXC-POL-017"


def test_another_key_vouches_for_nothing(folder: Path, tmp_path: Path) -> None:
    other = load_or_create_signer(tmp_path / "keys", "other")
    with pytest.raises(PolicyError, match="another key"):
        read_seal(folder, other.verifier)


def test_a_file_elsewhere_has_its_whole_name(folder: Path, tmp_path: Path) -> None:
    assert name_in(folder, folder / "profiles/ours.yaml") == "profiles/ours.yaml"
    assert name_in(folder, tmp_path / "x.yaml") == str(tmp_path / "x.yaml")
