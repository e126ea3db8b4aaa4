"""A proxy that lets a planted value out closes its port and says so."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from live.stage import warmed

from excise.cli.demo_stage import ProxyProcess
from excise.errors import ConfigError
from excise.standin.server import StandIn

pytestmark = pytest.mark.live
LEAKING = (str(Path(__file__).with_name("leaking.py")),)


def test_a_hole_that_opens_closes_the_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every worker's, with the exit status that says so; nothing of the test is in the trail."""
    hole = tmp_path / "hole"
    monkeypatch.setenv("LEAK_WHEN", str(hole))
    with StandIn(tmp_path / "standin") as standin:
        proxy = ProxyProcess(tmp_path / "proxy", standin, ["--workers", "2"], program=LEAKING)
        with warmed(proxy):
            time.sleep(1.0)
            assert proxy.process.poll() is None
            hole.write_text("")
            assert proxy.process.wait(20) == 3
            with pytest.raises(OSError, match="refused"):
                socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
        said = proxy.errors.read_text()
        assert "EXC-SAF-001" in said
        assert "AKIA" not in said
        trails = "".join(each.read_text() for each in proxy.trail.parent.glob("*.jsonl"))
        assert "self-test-failed" in trails
        assert "excise:selftest" not in trails
        assert list(standin.received) == []


def test_one_with_a_hole_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ready` is never said."""
    monkeypatch.setenv("LEAK_WHEN", str(tmp_path))
    with StandIn(tmp_path / "standin") as standin:
        proxy = ProxyProcess(tmp_path / "proxy", standin, program=LEAKING)
        with pytest.raises(ConfigError, match="EXC-SAF-001"), warmed(proxy):
            pass
        assert proxy.process.poll() == 3
        assert proxy.output.read_text() == ""


def test_what_the_operator_wants_is_no_hole(tmp_path: Path) -> None:
    """What policy lets pass, and whom it asks for a password."""
    words = ["--profile", "observe", "--auth", "required", "--listen", "0.0.0.0:0"]
    with StandIn(tmp_path / "standin") as standin:
        proxy = ProxyProcess(tmp_path / "proxy", standin, words)
        with warmed(proxy):
            assert proxy.process.poll() is None
