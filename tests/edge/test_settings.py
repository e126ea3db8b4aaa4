"""What `excise up` is told: read strictly, holes refused by code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mitmproxy.addons import proxyserver
from mitmproxy.test import taddons

from excise.edge.options import HARD
from excise.edge.settings import (
    OPEN_TO_OPERATORS,
    Redirect,
    Settings,
    is_loopback,
    parse_hosts,
    parse_networks,
    parse_proxy,
    parse_redirect,
    parse_url,
)
from excise.errors import ConfigError


def _settings(**rest: Any) -> Settings:
    return Settings(ca_dir=Path("ca"), state_dir=Path("state"), **rest)


def test_the_defaults_are_allowed() -> None:
    assert _settings().checked().listen_host == "127.0.0.1"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "proxy.test", ""])
def test_beyond_loopback_needs_an_allow_list(host: str) -> None:
    with pytest.raises(ConfigError, match="EXC-CFG-002"):
        _settings(listen_host=host).checked()
    networks = parse_networks(["192.0.2.0/24"])
    assert _settings(listen_host=host, allow_clients=networks).checked().allow_clients == networks


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_needs_none(host: str) -> None:
    assert is_loopback(host)
    _settings(listen_host=host).checked()


@pytest.mark.parametrize(
    "name",
    [*sorted(HARD), "mode", "confdir", "body_size_limit", "modify_body", "block_list", "scripts"],
)
def test_what_opens_a_hole_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="EXC-CFG-005"):
        _settings(options=((name, "true"),)).checked()


def test_what_is_left_to_operators_closes_nothing_of_ours() -> None:
    assert not OPEN_TO_OPERATORS & set(HARD)
    _settings(options=tuple((name, "") for name in sorted(OPEN_TO_OPERATORS))).checked()


def test_every_hard_setting_is_still_an_option_of_the_host() -> None:
    """A renamed option would be a wall that is no longer there."""
    with taddons.context(proxyserver.Proxyserver()) as host:
        assert set(HARD) <= set(host.options.keys())


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ({"mode": "sideways"}, "EXC-CFG-001"),
        ({"mode": "reverse"}, "EXC-CFG-001"),
        ({"upstream": "https://llm.test:443"}, "EXC-CFG-001"),
        ({"mode": "transparent", "balancers": parse_networks(["10.0.0.1"])}, "EXC-CFG-001"),
        ({"balancer_names": True}, "EXC-CFG-001"),
        ({"client_ca": Path("ca.pem")}, "EXC-CFG-001"),
        ({"client_crl": Path("crl.pem"), "proxy_certificate": Path("own.pem")}, "EXC-CFG-001"),
        ({"mode": "transparent", "proxy_certificate": Path("own.pem")}, "EXC-CFG-001"),
        ({"mode": "transparent", "upstream_proxy": "http://p.test:1"}, "EXC-CFG-001"),
    ],
)
def test_combinations_that_cannot_be(rest: dict[str, Any], code: str) -> None:
    with pytest.raises(ConfigError, match=code):
        _settings(**rest).checked()


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("llm.test=127.0.0.1:9", ("llm.test", 0, "127.0.0.1", 9)),
        ("LLM.test.:443=127.0.0.1:9", ("llm.test", 443, "127.0.0.1", 9)),
        ("*=127.0.0.1:9", ("*", 0, "127.0.0.1", 9)),
        ("*:80=[::1]:9", ("*", 80, "::1", 9)),
    ],
)
def test_resolve_is_read(text: str, want: tuple[str, int, str, int]) -> None:
    host, port, address, address_port = want
    assert parse_redirect(text) == Redirect(
        host=host, port=port, address=address, address_port=address_port
    )


@pytest.mark.parametrize(
    "text",
    ["", "x", "x=", "=1.2.3.4:5", "x=1.2.3.4", "x=y.test:5", "x:y=1.2.3.4:5", "x=1.2.3.4:99999"],
)
def test_resolve_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ConfigError, match="--resolve"):
        parse_redirect(text)


def test_networks_may_be_parted_by_commas() -> None:
    assert [str(n) for n in parse_networks(["10.0.0.0/8,192.0.2.7", " ::/0 "])] == [
        "10.0.0.0/8",
        "192.0.2.7/32",
        "::/0",
    ]
    with pytest.raises(ConfigError, match="EXC-CFG-001"):
        parse_networks(["everybody"])


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("https://llm.test", "https://llm.test:443"),
        ("http://llm.test/", "http://llm.test:80"),
        ("https://[::1]:8", "https://[::1]:8"),
    ],
)
def test_urls_are_read(text: str, want: str) -> None:
    assert parse_url(text, "--upstream") == want


@pytest.mark.parametrize(
    "text", ["", "llm.test", "ftp://x", "https://", "https://x:y", "https://u:p@x", "https://x/path"]
)  # fmt: skip
def test_urls_that_cannot_be_read_are_not_repeated(text: str) -> None:
    """An URL may hold a password."""
    with pytest.raises(ConfigError) as caught:
        parse_url(text, "--upstream")
    assert "u:p" not in str(caught.value)


def test_a_proxy_url_may_carry_credentials() -> None:
    assert parse_proxy("http://me:s%40x@p.test:3128") == ("http://p.test:3128", "me:s@x")
    assert parse_proxy("http://p.test:3128") == ("http://p.test:3128", "")


def test_hosts_that_are_not_approved_are_names_or_all_below_one() -> None:
    assert parse_hosts(["API.example.org", "*.example.com"]) == (
        "api.example.org",
        "*.example.com",
    )
    for text in ("*", "a..b", "https://a.example", "*.*.example"):
        with pytest.raises(ConfigError, match="EXC-CFG-001"):
            parse_hosts([text])


def test_who_must_say_who_they_are_may_come_from_anywhere() -> None:
    assert len(_settings(listen_host="0.0.0.0", auth=True).checked().reach) == 2
    assert _settings().reach == ()
    with pytest.raises(ConfigError, match="--auth"):
        _settings(auth=True, mode="transparent").checked()
