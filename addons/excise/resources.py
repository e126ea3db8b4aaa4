"""Where the shipped policies are: inside the installed package, or in the checkout around it."""

from __future__ import annotations

from pathlib import Path


def policies_dir() -> Path:
    """The folder with `hosts.yaml`, `packs/`, `profiles/` and `schema/`."""
    package = Path(__file__).resolve().parent
    installed = package / "_policies"
    return installed if installed.is_dir() else package.parents[1] / "policies"
