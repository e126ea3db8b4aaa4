"""The log: ours as written, everybody else's by place alone."""

from __future__ import annotations

import io
import logging
import sys

import pytest

from excise.edge import hostlog
from excise.edge.hostlog import HostLog, render


def _record(name: str, *, raised: bool = False) -> logging.LogRecord:
    info = None
    if raised:
        try:
            raise ValueError("PLANTED")
        except ValueError:
            info = sys.exc_info()
    return logging.LogRecord(name, logging.ERROR, "/x/server.py", 7, "got %r", (b"PLANTED",), info)


@pytest.mark.parametrize("name", ["mitmproxy.proxy.server", "asyncio", "root", "excised", "h2"])
@pytest.mark.parametrize("raised", [True, False])
def test_other_peoples_text_is_not_shown(name: str, raised: bool) -> None:
    line = render(_record(name, raised=raised))
    assert "PLANTED" not in line
    assert name in line
    assert ("ValueError at edge/test_hostlog.py" if raised else "server:7") in line


@pytest.mark.parametrize("name", ["excise", "excise.edge"])
def test_our_own_lines_are_as_written(name: str) -> None:
    assert render(_record(name)).endswith("error got b'PLANTED'")


def test_it_is_the_only_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [logging.NullHandler()])
    monkeypatch.setattr(root, "level", root.level)
    out = io.StringIO()
    handler = hostlog.install(out)
    assert root.handlers == [handler]
    logging.getLogger("excise.edge").warning("seen")
    logging.getLogger("mitmproxy").info("PLANTED")
    assert "seen" in out.getvalue()
    assert "PLANTED" not in out.getvalue()


def test_a_closed_stream_does_not_break_the_proxy() -> None:
    out = io.StringIO()
    handler = HostLog(out)
    out.close()
    handler.emit(_record("excise"))
    assert out.closed
