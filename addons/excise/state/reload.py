"""A file whose change has every proxy with this state folder load its policy anew."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from excise.errors import StateError

NAME: Final = "RELOAD"


def reload_mark(state_dir: Path) -> Path:
    """Where it is."""
    return state_dir / NAME


def ask_to_reload(state_dir: Path) -> None:
    """Change it. Raises `StateError`."""
    path = reload_mark(state_dir)
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        os.utime(path)
    except OSError as fault:
        raise StateError(
            "EXC-STA-003", f"nobody can be told to load anew ({fault.strerror}).", at=str(path)
        ) from None
