"""`excise` on a clock that jumps: by as many seconds as the file at $CLOCK_SHIFT says.

Takes the place of `-m excise` in `scripts/faults`; timers go by another clock and do not jump.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Final

SHIFT: Final = Path(os.environ["CLOCK_SHIFT"])
_time = time.time


def shifted() -> float:
    """What the clock shows."""
    try:
        return _time() + float(SHIFT.read_text())
    except (OSError, ValueError):
        return _time()


time.time = shifted

from excise.cli.main import main  # noqa: E402  # what it imports keeps the clock of now

if __name__ == "__main__":
    sys.exit(main())
