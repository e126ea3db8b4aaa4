"""The shipped policies are found from a checkout and from an installed package."""

from pathlib import Path

import pytest

import excise.resources
from excise.resources import policies_dir, read_pack


def test_a_checkout_has_its_policies_beside_addons() -> None:
    """The folder at the top level."""
    assert policies_dir() == Path(__file__).parents[1] / "policies"


def test_an_installed_package_carries_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder inside the package wins where it exists."""
    (tmp_path / "excise" / "_policies").mkdir(parents=True)
    monkeypatch.setattr(excise.resources, "__file__", str(tmp_path / "excise" / "resources.py"))
    assert policies_dir() == tmp_path / "excise" / "_policies"


def test_a_pack_is_read_with_its_lists() -> None:
    """Every file by its name; an unknown pack is none."""
    files = read_pack("gdpr")
    assert "pack.yaml" in files and any(name.startswith("lists/") for name in files)
    with pytest.raises(FileNotFoundError):
        read_pack("no-such-pack")
