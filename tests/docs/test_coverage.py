"""The page of what is covered says what the census finds."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_the_census_finds() -> None:
    done = subprocess.run(
        [str(ROOT / "scripts" / "coverage"), "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_no_line_is_unexplained() -> None:
    page = (ROOT / "docs" / "reference" / "coverage.md").read_text("utf-8")
    assert "NOT READ" not in page
    assert page.count("| edited, restored |") > 100
