"""The tables are what the script makes of its sources."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from excise.text import confusables
from excise.text.confusables import COMPATIBLE, LOOK_ALIKES

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(
    unicodedata.unidata_version not in (confusables.__doc__ or ""),
    reason="made with the character database of another Python",
)
def test_the_script_would_write_the_same() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "confusables"), "--check"]
    assert subprocess.run(command, check=False).returncode == 0


def test_all_letters_and_digits_have_another_form() -> None:
    characters = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
    assert characters <= set(COMPATIBLE.values())


def test_no_character_stands_in_both() -> None:
    assert not COMPATIBLE.keys() & LOOK_ALIKES.keys()


def test_every_look_alike_leads_to_a_letter() -> None:
    """Digits are none: whether a word holds one decides about its accents."""
    assert all(to.isalpha() for to in LOOK_ALIKES.values())
