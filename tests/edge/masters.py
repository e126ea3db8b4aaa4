"""What an embedded proxy is made of in tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from edge.fakes import FakeFirewall, FakeHosts, FakeTrail, FakeVault
from mitmproxy import ctx

from excise.edge.ports import Parts
from excise.edge.settings import Settings
from excise.state.ca import ensure_ca


@pytest.fixture(autouse=True)
def own_context() -> Iterator[None]:
    before = getattr(ctx, "master", None), getattr(ctx, "options", None)
    yield
    ctx.master, ctx.options = before


def parts() -> Parts:
    return Parts(
        firewall=FakeFirewall,
        hosts=FakeHosts(),
        trail=FakeTrail(),
        vault=FakeVault(),
        fault_record=lambda fault: {"kind": fault.kind},
    )


def settings(folder: Path, **rest: Any) -> Settings:
    ensure_ca(folder / "ca")
    return Settings(
        **{"ca_dir": folder / "ca", "state_dir": folder / "s", "listen_port": 0, **rest}
    )
