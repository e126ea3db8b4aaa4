"""`excise` with a hole: the firewall's verdicts are not carried out once a file appears.

Takes the place of `-m excise` in a process of a test; the file is named by $LEAK_WHEN.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from excise.cli.main import main
from excise.edge import addon, selftest

selftest.EVERY = 0.3  # type: ignore[misc]
_carry_out = addon.Addon._carry_out


def leak(self: Any, flow: Any, passage: Any, outcome: Any, verdict: Any) -> Any:
    """Send on what came, whatever was said of it."""
    if not Path(os.environ["LEAK_WHEN"]).exists():
        return _carry_out(self, flow, passage, outcome, verdict)
    passage.outcome = outcome
    flow.response, passage.own = None, False
    return None


addon.Addon._carry_out = leak  # type: ignore[method-assign]

if __name__ == "__main__":
    sys.exit(main())
