"""What must not stand in any committed file, and what must stand in some."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
from architecture.sources import ROOT, committed, modules

from excise.errors import CODES

# Written so that this file does not hold what it looks for.
REGISTRIES: Final = [
    "pypi" + r"\.org",
    "pythonhosted" + r"\.org",
    "registry" + r"\.npmjs",
    "files" + r"\.pythonhosted",
    r"--(extra-)?index-" + "url [a-z]",
]
KEY_SHAPED: Final = {
    "AWS access key id": "A" + r"KIA[0-9A-Z]{16}\b",
    "OpenAI key": "s" + r"k-(proj-)?[0-9A-Za-z]{40,}",
    "Anthropic key": "s" + r"k-ant-[a-z0-9]+-[0-9A-Za-z_-]{40,}",
    "GitHub token": "gh" + r"[pousr]_[0-9A-Za-z]{36}\b",
    "Slack token": "xox" + r"[abprs]-[0-9]{10,}-[0-9A-Za-z-]{10,}",
    "private key": "-----BEGIN [A-Z ]*PRIVATE " + r"KEY-----\s*\\?n?[A-Za-z0-9+/=]{60,}",
    "Stripe key": "s" + r"k_live_[0-9A-Za-z]{24,}",
    "Google key": "AI" + r"za[0-9A-Za-z_-]{35}\b",
}
# Printed in the vendors' own manuals, and known to be blanks.
KNOWN_BLANKS: Final = ("AKIAIOSFODNN7" + "EXAMPLE",)
RUN: Final = re.compile(r"(.)\1{7}")
HOME_PATHS: Final = r"(?<![\w.$}~])/(root|home/\w+|Users/\w+|work/\w+)/"

TEXTS: Final = [
    path
    for path in committed()
    if path.suffix not in (".gz", ".svg", ".png") and path.name != "LICENSE"
]


def show(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def read(path: Path) -> str:
    text = path.read_text("utf-8", errors="replace")
    for blank in KNOWN_BLANKS:
        text = text.replace(blank, "")
    return text


@pytest.mark.parametrize("pattern", REGISTRIES)
def test_no_file_names_a_package_registry(pattern: str) -> None:
    assert [show(path) for path in TEXTS if re.search(pattern, read(path))] == []


@pytest.mark.parametrize("kind", KEY_SHAPED)
def test_no_file_holds_anything_shaped_like_a_key(kind: str) -> None:
    wrong = [show(path) for path in TEXTS if is_key_shaped(kind, read(path))]
    assert wrong == []


def is_key_shaped(kind: str, text: str) -> bool:
    """Whether a text holds such a key; one character eight times over is a blank to fill in."""
    return any(not RUN.search(hit.group()) for hit in re.finditer(KEY_SHAPED[kind], text))


def test_the_search_for_keys_finds_keys() -> None:
    assert is_key_shaped("AWS access key id", "x AK" + "IAQX5T7RWBZN3J2KLM y")
    assert not is_key_shaped("AWS access key id", "x AK" + "IAXXXXXXXXXXXXXXXX y")


def test_no_file_names_a_place_of_one_machine() -> None:
    assert [show(path) for path in TEXTS if re.search(HOME_PATHS, read(path))] == []


def test_every_error_code_is_raised_and_every_raised_code_is_known() -> None:
    used = set()
    for module in modules():
        if module.name != "errors":
            used |= set(re.findall(r"EXC-[A-Z]{3}-\d{3}", module.path.read_text("utf-8")))
    assert used == set(CODES)


def test_no_private_key_can_be_committed_under_certs() -> None:
    kept = {path.name for path in (ROOT / "certs").iterdir() if path in committed()}
    assert kept == {"README.md", ".gitignore"}
