"""The pages say what is so: commands exist, generated pages are fresh, links are there."""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from excise.cli.main import COMMANDS, build_parser
from excise.errors import CODES
from excise.kinds import KINDS

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")]
)
README: Final = (ROOT / "README.md").read_text("utf-8")


def show(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def commands() -> list[str]:
    """Every `excise …` of the README's shell blocks and tables, pipes and comments apart."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    spans = re.findall(r"`(scripts/excise [^`]*)`", README)
    found = re.findall(r"scripts/excise ([^#\n|)]*)", "\n".join([*blocks, *spans]))
    return sorted({text.strip().strip('"') for text in found})


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_readme_is_understood(command: str) -> None:
    words = shlex.split(command)
    parser = build_parser(words[0])
    parser.exit = parser.error = None  # type: ignore[assignment, method-assign]
    assert isinstance(parser.parse_args(words), argparse.Namespace)


def test_the_readme_has_commands_to_check() -> None:
    assert len(commands()) > 8


def test_the_readme_begins_with_the_two_commands() -> None:
    first = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)[0].splitlines()
    assert [line.split("#")[0].strip() for line in first] == ["scripts/excise demo", "scripts/test"]


@pytest.mark.parametrize("page", PAGES, ids=show)
def test_links_and_named_files_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    linked = [page.parent / each for each in re.findall(r"\]\((?!https?:|#)([^)#]+)", text)]
    named = re.findall(r"`((?:scripts|tests|docs|policies|addons)/[\w./-]*)(?: [^`]*)?`", text)
    missing = [str(path) for path in linked if not path.exists()]
    missing += [name for name in named if not (ROOT / name).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=show)
def test_commands_settings_and_codes_in_prose_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    assert set(re.findall(r"`excise ([a-z]+)", text)) <= set(COMMANDS)
    assert set(re.findall(r"EXC-[A-Z]{3}-\d{3}", text)) <= set(CODES)
    hyphened = {name.replace("_", "-") for name in KINDS}
    if page.name == "failure-modes.md":
        rows = [line.split("|") for line in text.splitlines() if line.count("|") == 5]
        named = {word for row in rows[1:] for word in re.findall(r"`([a-z-]+)`", row[3])}
        assert named - {"profile"} <= hyphened


def test_every_error_code_has_its_section() -> None:
    text = (ROOT / "docs/reference/errors.md").read_text("utf-8")
    assert re.findall(r"^## (EXC-\S+)", text, re.MULTILINE) == list(CODES)


def test_generated_pages_are_fresh() -> None:
    """`scripts/gen-docs` mends it."""
    done = subprocess.run(
        [sys.executable, "scripts/reference.py", "--check"],
        cwd=ROOT,
        env={"PYTHONPATH": "addons:tests", "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
