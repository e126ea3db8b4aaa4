"""Where what was learnt is kept: one file of the owner's alone in the state folder, which every
worker adds to."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from excise.errors import ConfigError, PolicyError
from excise.learn.model import Learnt, Model, build_model, parse_openapi, to_openapi

_FOLDER: Final = "learned"
_FILE: Final = "learned.json"


class Notebook:
    """Adds what one process learns to the file, as soon as something is new: after some hundred
    messages nothing is."""

    def __init__(self, state_dir: Path) -> None:
        """Opens nothing yet."""
        self._folder = state_dir / _FOLDER
        self.learnt = Learnt()

    def save(self) -> None:
        """Add what was seen since the last time; a full disk costs only what is learnt."""
        if not self.learnt.changed:
            return
        with suppress(OSError), _alone(self._folder):
            whole = _read(self._folder / _FILE)
            whole.join(self.learnt)
            _write(self._folder / _FILE, json.dumps(to_openapi(whole)))
            for each in self.learnt.endpoints.values():
                each.seen = 0  # they are counted in the file
            self.learnt.changed = False


def read_learnt(state_dir: Path) -> Learnt:
    """Everything that proxies with this state folder learnt."""
    return _read(state_dir / _FOLDER / _FILE)


def forget_learnt(state_dir: Path) -> bool:
    """Remove all of it; whether there was something."""
    path = state_dir / _FOLDER / _FILE
    there = path.exists()
    path.unlink(missing_ok=True)
    return there


def load_model(path: Path) -> Model:
    """The model in a document. Raises `ConfigError` (EXC-CFG-003), `PolicyError` (EXC-POL-018)."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "not UTF-8"
        raise ConfigError("EXC-CFG-003", f"cannot be read ({why}).", at=str(path)) from None
    return build_model(parse_openapi(text, str(path)))


def _read(path: Path) -> Learnt:
    with suppress(OSError, UnicodeDecodeError, PolicyError):
        return parse_openapi(path.read_text("utf-8"), str(path))
    return Learnt()


def _write(path: Path, text: str) -> None:
    draft = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """While no other process writes there. Raises `OSError`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
