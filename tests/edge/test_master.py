"""The embedded proxy: its add-ons, its hard settings, its start and its end."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from edge.masters import own_context, parts, settings

from excise.edge.faults import Fault
from excise.edge.master import ExciseMaster, serve
from excise.errors import AuditError, ConfigError
from excise.model import Halt

__all__ = ["own_context"]  # used by every test


async def test_only_what_a_firewall_needs_is_loaded(tmp_path: Path) -> None:
    """No script loader, no replay, no map, no save: nothing that could change or keep traffic."""
    made = ExciseMaster(settings(tmp_path), parts())
    assert sorted(type(each).__name__ for each in made.addons.chain) == [
        "Addon", "Core", "DisableH2C", "Gate", "Identity", "Leaves", "Servers",
        "UpstreamAuth",
    ]  # fmt: skip


def test_a_port_in_use_is_named_and_nothing_serves(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = settings(tmp_path, listen_port=taken.getsockname()[1])
        with pytest.raises(ConfigError, match="cannot listen"):
            serve(told, parts(), lambda host, port: pytest.fail("must not be ready"))


def test_it_serves_until_it_is_stopped(tmp_path: Path) -> None:
    """`ready` names the real port, which takes connections; afterwards it does not."""
    ports: list[int] = []

    async def go() -> None:
        made = ExciseMaster(settings(tmp_path), parts())

        def ready(host: str, port: int) -> None:
            ports.append(port)
            socket.create_connection((host, port), timeout=5).close()
            made.stop()

        await asyncio.wait_for(made.serve(ready), 20)

    asyncio.run(go())
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", ports[0]), timeout=5)


def test_settings_are_checked_before_anything_is_opened(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="EXC-CFG-002"):
        serve(settings(tmp_path, listen_host="0.0.0.0"), parts(), lambda host, port: None)


async def test_faults_reach_the_trail(tmp_path: Path) -> None:
    given = parts()
    made = ExciseMaster(settings(tmp_path), given)
    reference = made.dispatcher.note("somewhere", ValueError("PLANTED"))
    assert len(reference) == 32
    assert given.trail.offered == [{"kind": "ValueError"}]  # type: ignore[attr-defined]
    given.trail.broken = True  # type: ignore[attr-defined]
    assert made.dispatcher.note("somewhere", AuditError("EXC-AUD-001", "x.")) != reference
    with pytest.raises(AuditError):
        made._record_fault(Fault("r", "w", "k"))


async def test_an_outage_is_not_called_the_kill_switch(tmp_path: Path) -> None:
    """What stood before it is not told again behind it."""
    told: list[tuple[str, ...]] = []
    here: list[Halt | None] = [None]
    told_of = replace(parts(), halted=lambda: here[0], notice=lambda *said: told.append(said))
    made = ExciseMaster(settings(tmp_path), told_of)
    for halt in (None, Halt.AWAY, None, Halt.SWITCHED, Halt.AWAY, Halt.SWITCHED, None):
        here[0] = halt
        made._look_at_switch()
        made._look_at_switch()
    away, back = ("store-away", "EXC-STA-006"), ("store-back", "EXC-STA-006")
    assert told == [away, back, ("kill-switch-on",), away, back, ("kill-switch-off",)]
