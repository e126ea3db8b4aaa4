"""The embedded proxy: its add-ons, its hard settings, its start and its end."""

from __future__ import annotations

import asyncio
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from edge.fakes import FakeFirewall, FakeHosts, FakeTrail, FakeVault
from live.upstream import make_certificate
from mitmproxy import ctx

from excise.edge.faults import Fault
from excise.edge.master import HARD, ExciseMaster, serve
from excise.edge.ports import Parts
from excise.edge.settings import Settings
from excise.errors import AuditError, ConfigError
from excise.state.ca import ensure_ca


@pytest.fixture(autouse=True)
def _own_context() -> Iterator[None]:
    before = getattr(ctx, "master", None), getattr(ctx, "options", None)
    yield
    ctx.master, ctx.options = before


def _parts() -> Parts:
    return Parts(
        firewall=FakeFirewall,
        hosts=FakeHosts(),
        trail=FakeTrail(),
        vault=FakeVault(),
        fault_record=lambda fault: {"kind": fault.kind},
    )


def _settings(folder: Path, **rest: Any) -> Settings:
    ensure_ca(folder / "ca")
    return Settings(
        **{"ca_dir": folder / "ca", "state_dir": folder / "s", "listen_port": 0, **rest}
    )


async def test_the_hard_settings_hold(tmp_path: Path) -> None:
    options = ExciseMaster(_settings(tmp_path), _parts()).options
    assert {name: getattr(options, name) for name in HARD} == HARD
    assert options.body_size_limit


async def test_only_what_a_firewall_needs_is_loaded(tmp_path: Path) -> None:
    """No script loader, no replay, no map, no save: nothing that could change or keep traffic."""
    made = ExciseMaster(_settings(tmp_path), _parts())
    assert sorted(type(each).__name__ for each in made.addons.chain) == [
        "Addon", "Core", "DisableH2C", "Gate", "Identity", "Leaves", "Servers",
        "UpstreamAuth",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rest", "mode"),
    [
        ({}, "regular"),
        ({"mode": "reverse", "upstream": "https://llm.test:443"}, "reverse:https://llm.test:443"),
        ({"upstream_proxy": "http://p.test:3128"}, "upstream:http://p.test:3128"),
        ({"mode": "transparent"}, "transparent"),
    ],
)
async def test_modes_are_mitmproxys(tmp_path: Path, rest: dict[str, str], mode: str) -> None:
    assert ExciseMaster(_settings(tmp_path, **rest), _parts()).options.mode == [mode]


async def test_an_option_of_mitmproxy_may_be_set(tmp_path: Path) -> None:
    made = ExciseMaster(_settings(tmp_path, options=(("tcp_timeout", "77"),)), _parts())
    assert made.options.tcp_timeout == 77


@pytest.mark.parametrize(
    "option", [("tcp_timeout", "x"), ("connect_addr", "x"), ("tls_ecdh_curve_client", "x")]
)
async def test_a_value_that_mitmproxy_refuses_is_named(
    tmp_path: Path, option: tuple[str, str]
) -> None:
    settings = _settings(tmp_path, options=(option,))
    with pytest.raises(ConfigError, match="EXC-CFG-001"):
        ExciseMaster(settings, _parts())


async def test_upstream_cas_stand_beside_the_public_ones(tmp_path: Path) -> None:
    ca, _ = make_certificate(tmp_path, ["llm.test"])
    made = ExciseMaster(_settings(tmp_path, upstream_ca=ca), _parts())
    bundle = Path(made.options.ssl_verify_upstream_trusted_ca)
    assert bundle.read_bytes().endswith(ca.read_bytes())
    assert bundle.read_bytes().count(b"BEGIN CERTIFICATE") > 50
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [None, b"no certificate"])
async def test_an_upstream_ca_that_is_none_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match="--upstream-ca"):
        ExciseMaster(_settings(tmp_path, upstream_ca=path), _parts())


def test_a_port_in_use_is_named_and_nothing_serves(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = _settings(tmp_path, listen_port=taken.getsockname()[1])
        with pytest.raises(ConfigError, match="cannot listen"):
            serve(settings, _parts(), lambda host, port: pytest.fail("must not be ready"))


def test_it_serves_until_it_is_stopped(tmp_path: Path) -> None:
    """`ready` names the real port, which takes connections; afterwards it does not."""
    ports: list[int] = []

    async def go() -> None:
        made = ExciseMaster(_settings(tmp_path), _parts())

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
        serve(_settings(tmp_path, listen_host="0.0.0.0"), _parts(), lambda host, port: None)


async def test_faults_reach_the_trail(tmp_path: Path) -> None:
    parts = _parts()
    made = ExciseMaster(_settings(tmp_path), parts)
    reference = made.dispatcher.note("somewhere", ValueError("PLANTED"))
    assert len(reference) == 32
    assert parts.trail.offered == [{"kind": "ValueError"}]  # type: ignore[attr-defined]
    parts.trail.broken = True  # type: ignore[attr-defined]
    assert made.dispatcher.note("somewhere", AuditError("EXC-AUD-001", "x.")) != reference
    with pytest.raises(AuditError):
        made._record_fault(Fault("r", "w", "k"))
