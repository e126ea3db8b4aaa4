"""Alerts on standard error, a line each."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

_SHOWN: Final = (
    "entity", "severity", "clause", "subject", "percent", "done", "principal", "host", "id",
)  # fmt: skip


class Stderr:
    """Whoever reads what the proxy prints."""

    def send(self, lines: Sequence[bytes]) -> None:
        """Print them."""
        for line in lines:
            sys.stderr.write(f"{render(json.loads(line))}\n")
            sys.stderr.flush()

    def close(self) -> None:
        """It stays open."""


def render(alert: Mapping[str, Any]) -> str:
    """An alert for people."""
    more = f" and {alert['more']} more" if "more" in alert else ""
    said = " ".join(f"{name}={alert[name]}" for name in _SHOWN if name in alert)
    return f"alert: {alert['alert']}{more} {said}".rstrip()
