"""The scripts can be started, are understood by their shell, and call only what is there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
SCRIPTS: Final = sorted(
    path
    for path in [*(ROOT / "scripts").iterdir(), ROOT / ".ci" / "run"]
    if path.is_file() and path.read_bytes().startswith(b"#!")
)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_can_be_started(script: Path) -> None:
    assert os.access(script, os.X_OK)
    first = script.read_text("utf-8").splitlines()[0]
    if first.endswith("bash"):
        done = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_calls_only_what_is_there(script: Path) -> None:
    text = script.read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    # What is tested for before it is called may be absent.
    named = {
        name
        for line in lines
        if "[ -x" not in line
        for name in re.findall(r"(?<![\w/.$-])(scripts/[\w./-]+)", line)
    }
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    # A bash script handed to Python dies at its second line.
    handed = re.findall(r"python[\"']? (scripts/[\w./-]+)", text)
    assert [name for name in handed if not name.endswith(".py")] == []


def test_the_one_command_runs_the_suite_in_two_processes_and_fails_with_it() -> None:
    text = (ROOT / "scripts" / "test").read_text("utf-8")
    assert "scripts/check" in text
    assert re.search(r"pytest -n 2 .*\|\| status=\$\?", text)


def test_what_the_suite_leaves_out_is_said_aloud() -> None:
    """Every program without which some test is left out stands in the list of `scripts/test`."""
    told = (ROOT / "scripts" / "test").read_text("utf-8")
    listed = re.search(r"<<'PROGRAMS'\n(.*?)\nPROGRAMS\n", told, re.DOTALL)
    assert listed is not None
    named = {line.split()[0] for line in listed[1].splitlines()}
    asked = {
        name
        for path in (ROOT / "tests").rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if "skipif" in line or re.match(r"[A-Z_]+ = shutil", line)
        for name in re.findall(r"which\(\"([\w-]+)\"", line)
    }
    assert "haproxy" in asked
    # Of a kind with one that is named.
    assert asked - named == {"valkey-server"}
