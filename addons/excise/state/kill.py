"""The kill switch: a file whose presence refuses all LLM traffic, in every process at once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from excise.errors import StateError
from excise.model import Halt
from excise.state.ports import Clock, Switch

NAME: Final = "KILL"
STALE: Final = 10.0  # seconds


class KillSwitch:
    """Implements `Switch`: on while the file is there. Looking costs one call of the system, so it
    holds at once."""

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / NAME

    @property
    def place(self) -> str:
        """Where it is."""
        return str(self.path)

    def halt(self) -> Halt | None:
        """Why traffic is to be refused, if it is; also where nobody can tell."""
        try:
            self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            return Halt.AWAY
        return Halt.SWITCHED

    def turn_on(self, why: str = "") -> None:
        """Refuse from now on. Raises `StateError`."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.write_text(f"{why}\n", "utf-8")
        except OSError as fault:
            raise self._fault(fault) from None

    def turn_off(self) -> bool:
        """Let traffic pass again; whether it was on. Raises `StateError`."""
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        except OSError as fault:
            raise self._fault(fault) from None
        return True

    def reason(self) -> str:
        """What was said when it was turned on."""
        try:
            return self.path.read_text("utf-8", "replace").strip()
        except OSError:
            return ""

    def _fault(self, fault: OSError) -> StateError:
        return StateError(
            "EXC-STA-003", f"the kill switch cannot be moved ({fault.strerror}).", at=str(self.path)
        )


class Watched:
    """What a switch said when somebody last looked, for those who cannot wait for a server. Where
    nobody has looked for `STALE` seconds, nobody can tell."""

    def __init__(self, switch: Switch, *, clock: Clock = time.monotonic) -> None:
        self._switch = switch
        self._clock = clock
        self._until = float("-inf")
        self.look()

    def look(self) -> None:
        """Ask the switch; may wait."""
        self._seen = self._switch.halt()
        self._until = self._clock() + STALE

    def halt(self) -> Halt | None:
        """Why traffic is to be refused, if it is."""
        return self._seen if self._clock() < self._until else Halt.AWAY

    def turn_on(self) -> None:
        """Refuse from now on. Raises `StateError`."""
        self._seen = Halt.SWITCHED
        self._switch.turn_on()
