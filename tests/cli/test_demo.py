"""The whole demonstration, as a user starts it, and what its table shows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.text import Text

from excise.cli.demo import show
from excise.cli.demo_scenes import SCENES, make_values, tell_tales

VALUES = make_values()


@pytest.mark.live
def test_the_demonstration_runs_without_a_leak(tmp_path: Path) -> None:
    picture = tmp_path / "demo.svg"
    done = subprocess.run(
        [sys.executable, "-m", "excise", "demo", "--svg", str(picture)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "dumb"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.rstrip().endswith("leaks: 0")
    assert done.stdout.count("✓") == len(SCENES)
    assert 'url("https' not in picture.read_text("utf-8")
    shown = done.stdout + picture.read_text("utf-8")
    assert not [name for name, value in VALUES.items() for p in tell_tales(value) if p in shown]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain [words]", "plain [words]"),
        (f"my {VALUES['aws']}!", f"my {VALUES['aws'][:4]}…{VALUES['aws'][-4:]}!"),
        (f"key:\n{VALUES['pem']}", "key:\n(private key)"),
        ("say it standin:chunk=1", "say it"),
        ("an [EMAIL_k3v9x2m7q] here", "an [EMAIL_k3v9x2m7q] here"),
    ],
)
def test_texts_are_shown_with_their_values_shortened(text: str, shown: str) -> None:
    assert Text.from_markup(show(text, VALUES)).plain == shown
