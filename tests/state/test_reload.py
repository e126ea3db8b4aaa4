"""Asking changes what every proxy looks at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from excise.errors import StateError
from excise.state.reload import ask_to_reload, reload_mark


def test_asking_changes_the_mark_each_time(tmp_path: Path) -> None:
    mark = reload_mark(tmp_path / "state")
    ask_to_reload(tmp_path / "state")
    os.utime(mark, ns=(1, 1))
    ask_to_reload(tmp_path / "state")
    assert mark.stat().st_mtime_ns > 1
    assert mark.stat().st_mode & 0o077 == 0


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StateError, match="EXC-STA-003"):
        ask_to_reload(tmp_path / "state")
