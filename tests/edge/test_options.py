"""What mitmproxy is told: nothing that lets bytes pass unread, and what operators may set."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from edge.masters import own_context, parts, settings
from live.upstream import make_certificate

from excise.edge.master import ExciseMaster
from excise.edge.options import HARD
from excise.errors import ConfigError

__all__ = ["own_context"]  # used by every test


async def test_the_hard_settings_hold(tmp_path: Path) -> None:
    options = ExciseMaster(settings(tmp_path), parts()).options
    assert {name: getattr(options, name) for name in HARD} == HARD
    assert options.body_size_limit


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
    assert ExciseMaster(settings(tmp_path, **rest), parts()).options.mode == [mode]


async def test_an_option_of_mitmproxy_may_be_set(tmp_path: Path) -> None:
    made = ExciseMaster(settings(tmp_path, options=(("tcp_timeout", "77"),)), parts())
    assert made.options.tcp_timeout == 77


@pytest.mark.parametrize(
    "option", [("tcp_timeout", "x"), ("connect_addr", "x"), ("tls_ecdh_curve_client", "x")]
)
async def test_a_value_that_mitmproxy_refuses_is_named(
    tmp_path: Path, option: tuple[str, str]
) -> None:
    told = settings(tmp_path, options=(option,))
    with pytest.raises(ConfigError, match="EXC-CFG-001"):
        ExciseMaster(told, parts())


async def test_upstream_cas_stand_beside_the_public_ones(tmp_path: Path) -> None:
    ca, _ = make_certificate(tmp_path, ["llm.test"])
    made = ExciseMaster(settings(tmp_path, upstream_ca=ca), parts())
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
        ExciseMaster(settings(tmp_path, upstream_ca=path), parts())
