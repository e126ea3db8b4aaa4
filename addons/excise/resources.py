"""Where the shipped policies are: inside the installed package, or in the checkout around it."""

from __future__ import annotations

from pathlib import Path


def policies_dir() -> Path:
    """The folder with `hosts.yaml`, `packs/`, `profiles/` and `schema/`."""
    package = Path(__file__).resolve().parent
    installed = package / "_policies"
    return installed if installed.is_dir() else package.parents[1] / "policies"


def read_pack(name: str) -> dict[str, str]:
    """The texts of a shipped pack by file name. FileNotFoundError where none is called so."""
    home = policies_dir() / "packs" / name
    files = [home / "pack.yaml", *home.glob("*.yaml"), *home.glob("lists/*.txt")]
    return {path.relative_to(home).as_posix(): path.read_text("utf-8") for path in sorted(files)}
