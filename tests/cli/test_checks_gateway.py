"""Doctor on a gateway: what stands is held against what should, on the words of nft."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from excise.cli import checks_gateway, nft
from excise.cli.checks import Status
from excise.cli.checks_gateway import check_gateway
from excise.config import Settings
from excise.errors import ConfigError
from excise.gateway import Plan, build_rules

HERE = tuple(map(ipaddress.ip_address, ("192.0.2.1", "2001:db8::1")))
RULES = build_rules(Plan(port=8080, user=990, addresses=HERE))


def settings(folder: Path, mode: str = "transparent") -> Settings:
    return Settings(state_dir=folder, ca_dir=folder, audit=folder / "a", listen=":8080", mode=mode)


@pytest.mark.parametrize(
    ("rules", "now", "said"),
    [
        (RULES, HERE, ["ok", "ok", "ok"]),
        (RULES.replace(":8080", ":9090"), HERE, ["fail", "ok", "ok"]),
        (RULES, (*HERE, ipaddress.ip_address("192.0.2.2")), ["ok", "ok", "warn"]),
        (RULES, (), ["ok", "ok", "skip"]),
        (build_rules(Plan(port=8080, user=9, addresses=HERE, quic="llm")), HERE, ["ok"] * 3),
        (build_rules(Plan(port=8080, user=9, quic="llm")), HERE, ["ok", "fail", "warn"]),
        ("", HERE, ["fail"]),
    ],
)
def test_what_stands_is_judged(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rules: str,
    now: tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, ...],
    said: list[str],
) -> None:
    monkeypatch.setattr(nft, "listed", lambda: rules)
    found = check_gateway(settings(tmp_path), lambda: now)
    assert [str(each.status) for each in found[:-2]] == said
    assert [each.what for each in found[-2:]] == ["forwarding", "routes"]
    assert all(each.mend for each in found if each.status in (Status.WARN, Status.FAIL))


def test_who_may_not_look_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> str:
        raise ConfigError("EXC-CFG-007", "not permitted.")

    monkeypatch.setattr(nft, "listed", refused)
    first, *_ = check_gateway(settings(tmp_path), lambda: HERE)
    assert (first.status, first.mend) == (Status.SKIP, "sudo excise doctor")


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_elsewhere_nothing_is_looked_at(tmp_path: Path, mode: str) -> None:
    assert check_gateway(settings(tmp_path, mode), lambda: HERE) == []


@pytest.mark.parametrize(
    ("told", "want"), [("0", Status.WARN), ("1", Status.OK), (None, Status.OK)]
)
def test_forwarding_is_on_where_there_is_such_a_family(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str | None, want: Status
) -> None:
    file = tmp_path / "ip_forward"
    if told is not None:
        file.write_text(f"{told}\n")
    monkeypatch.setattr(checks_gateway, "FORWARDING", {"net.ipv4.ip_forward": file})
    monkeypatch.setattr(nft, "listed", lambda: RULES)
    *_, forwarding, routes = check_gateway(settings(tmp_path), lambda: HERE)
    assert forwarding.status is want
    assert routes.what == "routes"
