"""What is logged: our own lines as they are, everybody else's by place alone.

mitmproxy and asyncio put bytes of the traffic into messages and tracebacks, so of their records
only the level, the logger, the class of an exception and code positions are shown.
"""

from __future__ import annotations

import logging
import sys
from typing import Final, TextIO

from excise.edge.dispatch import positions

_OURS: Final = "excise"


def render(record: logging.LogRecord) -> str:
    """One line for a log record, free of traffic."""
    when = logging.Formatter().formatTime(record, "%H:%M:%S")
    if record.name == _OURS or record.name.startswith(f"{_OURS}."):
        return f"{when} {record.levelname.lower()} {record.getMessage()}"
    where = f"{record.module}:{record.lineno}"
    if record.exc_info and record.exc_info[0] is not None:
        where = f"{record.exc_info[0].__name__} at {positions(record.exc_info[2])}"
    return f"{when} {record.levelname.lower()} {record.name}: {where}"


class HostLog(logging.Handler):
    """Writes rendered lines to a stream."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(logging.WARNING)
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; a broken stream must not break the proxy."""
        try:
            print(render(record), file=self._stream or sys.stderr, flush=True)
        except (OSError, ValueError):
            return


def install(stream: TextIO | None = None) -> HostLog:
    """Make this the only handler of the root logger."""
    handler = HostLog(stream)
    root = logging.getLogger()
    for other in list(root.handlers):
        root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    return handler
