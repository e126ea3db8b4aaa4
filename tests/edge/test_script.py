"""What `mitmdump -s addons/firewall.py` loads; its traffic is in tests/live/test_process.py."""

from __future__ import annotations

import ast
from pathlib import Path

ENTRY = Path(__file__).resolve().parents[2] / "addons" / "firewall.py"


def test_the_entry_names_add_ons_and_holds_no_logic() -> None:
    kinds = [type(node) for node in ast.parse(ENTRY.read_text()).body]
    assert kinds == [ast.Expr, ast.ImportFrom, ast.Assign]


def test_loading_makes_the_add_ons_once_and_only_when_loaded() -> None:
    """Importing the module has an effect, on purpose, so nothing else of the package does it."""
    package = ENTRY.parent / "excise"
    importers = [
        path.name
        for path in package.rglob("*.py")
        if "edge.script" in path.read_text() or "edge import script" in path.read_text()
    ]
    assert importers == []
