"""A token counts once, also after a restart; a grant is used up by asking."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from excise.errors import StateError
from excise.state.overrides import FORGOTTEN, FileGrants, OverrideDesk, grant

ID = "0" * 32


def test_a_token_is_spent_once(tmp_path: Path) -> None:
    """By another process, too; what is old is forgotten."""
    assert OverrideDesk(FileGrants(tmp_path)).spend("token")
    assert not OverrideDesk(FileGrants(tmp_path)).spend("token")
    (file,) = (tmp_path / "overrides" / "spent").iterdir()
    assert file.stat().st_mode & 0o77 == 0
    os.utime(file, (0, time.time() - FORGOTTEN - 1))
    assert OverrideDesk(FileGrants(tmp_path)).spend("other")
    assert len(list((tmp_path / "overrides" / "spent").iterdir())) == 1


def test_what_cannot_be_written_down_is_not_spent(tmp_path: Path) -> None:
    """It stays refused."""
    (tmp_path / "overrides").write_text("a file")
    assert not OverrideDesk(FileGrants(tmp_path)).spend("token")


def test_a_grant_is_for_what_was_offered_and_counts_once(tmp_path: Path) -> None:
    """In its time."""
    desk = OverrideDesk(FileGrants(tmp_path))
    desk.offer(b"digest", ID, 100.0)
    assert desk.granted(b"digest", 50.0) is None
    grant(FileGrants(tmp_path), ID, "for the audit")
    assert desk.granted(b"other", 50.0) is None
    assert desk.granted(b"digest", 101.0) is None
    assert desk.granted(b"digest", 50.0) == "for the audit"
    assert desk.granted(b"digest", 50.0) is None


@pytest.mark.parametrize("reference", ["", "../../etc/passwd", "0" * 31, "G" * 32])
def test_only_references_are_granted(tmp_path: Path, reference: str) -> None:
    """No path, no guess."""
    with pytest.raises(StateError) as caught:
        grant(FileGrants(tmp_path), reference, "x")
    assert caught.value.code == "EXC-STA-004"
