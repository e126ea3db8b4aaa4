"""The rules of the gateway as text; that the kernel does what they say is in tests/live."""

from __future__ import annotations

import ipaddress
import re
import shutil
import subprocess

import pytest

from excise.catalogue import load_catalogue
from excise.gateway import (
    REMOVAL,
    Address,
    Plan,
    build_addition,
    build_rules,
    is_routed,
    lookup_names,
)
from excise.resources import policies_dir

FOUND: tuple[Address, ...] = tuple(
    map(ipaddress.ip_address, ["192.0.2.9", "2001:db8::9", "192.0.2.1", "192.0.2.9"])
)
PLANS = {
    "least": Plan(port=8080, user=990),
    "most": Plan(
        port=9000,
        user=990,
        addresses=FOUND,
        interfaces=("lan0", "wg-1"),
        local=False,
        leave=(ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")),
        quic="llm",
    ),
    "local": Plan(port=8080, user=990, addresses=FOUND),
}


def _chains(rules: str) -> dict[str, list[str]]:
    """The rules of each chain, set declarations apart."""
    found = re.findall(r"  chain (\w+) \{\n(.*?)  \}", rules, re.DOTALL)
    return {name: [line.strip() for line in body.splitlines()] for name, body in found}


@pytest.mark.parametrize("name", PLANS)
def test_the_table_is_put_in_place_of_what_stood(name: str) -> None:
    """One transaction: empty, remove, set; so that there is never half of it, nor none."""
    rules = build_rules(PLANS[name])
    assert rules.startswith(REMOVAL + "table inet excise {\n")
    assert rules.count("table inet") == 3
    assert rules.count("{") == rules.count("}")


def test_the_proxys_own_traffic_is_exempt_wherever_local_traffic_is_touched() -> None:
    for name, chains in {name: _chains(build_rules(plan)) for name, plan in PLANS.items()}.items():
        local = [rules for rules in chains.values() if "hook output" in rules[0]]
        assert [rules[1] for rules in local] == ["meta skuid 990 return"] * len(local), name
        assert len(local) == (1 if name == "most" else 2)
        named = " ".join(rules[0] for rules in chains.values())
        assert named.count("hook") == (4 if name == "most" else 5)


@pytest.mark.parametrize("name", PLANS)
def test_an_address_of_an_llm_host_comes_before_every_exception(name: str) -> None:
    chains = _chains(build_rules(PLANS[name]))
    for chain in ("read", "direct"):
        rules = chains[chain]
        known = [i for i, rule in enumerate(rules) if "@llm" in rule]
        others = [i for i, rule in enumerate(rules) if "@llm" not in rule]
        assert len(known) == 2
        assert max(known) < min(others, default=9)


def test_what_is_asked_for_stands_in_the_rules() -> None:
    least, most = _chains(build_rules(PLANS["least"])), _chains(build_rules(PLANS["most"]))
    assert least["read"][-1] == "tcp dport 443 redirect to :8080"
    assert least["direct"][-1] == "udp dport 443 counter reject with icmpx port-unreachable"
    assert least["intercept"][1] == "fib daddr type local return"
    assert not [rule for rule in most["direct"] if "udp" in rule]
    assert most["read"][2:4] == ["ip daddr { 10.0.0.0/8 } return", "ip6 daddr { fd00::/8 } return"]
    for chain in ("intercept", "forwarded"):
        assert most[chain][1] == 'iifname != { "lan0", "wg-1" } return'
    assert most["door"][-1] == "tcp dport 9000 counter reject with tcp reset"


def test_addresses_stand_once_each_family_in_its_set() -> None:
    rules = build_rules(PLANS["local"])
    assert re.findall(r"elements = (.*)", rules) == [
        "{ 192.0.2.1, 192.0.2.9 }",
        "{ 2001:db8::9 }",
    ]
    assert "elements" not in build_rules(PLANS["least"])
    assert build_addition(FOUND[:2]) == (
        "add element inet excise llm4 { 192.0.2.9 }\nadd element inet excise llm6 { 2001:db8::9 }\n"
    )
    assert build_addition(()) == ""


@pytest.mark.parametrize(
    ("address", "want"),
    [
        ("192.0.2.1", True),
        ("10.1.2.3", True),
        ("2001:db8::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("127.0.0.1", False),
        ("::1", False),
        ("169.254.1.1", False),
        ("fe80::1", False),
        ("224.0.0.1", False),
    ],
)
def test_what_a_blocking_resolver_answers_is_no_address(address: str, want: bool) -> None:
    assert is_routed(ipaddress.ip_address(address)) is want


def test_hosts_are_looked_up_that_have_a_name_of_their_own() -> None:
    catalogue = load_catalogue((policies_dir() / "hosts.yaml").read_text("utf-8"), "hosts.yaml")
    names = lookup_names(catalogue)
    assert {"api.openai.com", "api.anthropic.com"} <= set(names)
    assert not [name for name in names if "*" in name or ":" in name]
    assert all(catalogue.find(name) for name in names)


@pytest.mark.skipif(shutil.which("nft") is None, reason="nft is not installed here")
@pytest.mark.parametrize("name", PLANS)
def test_nft_reads_the_rules(name: str) -> None:
    """Where the kernel may not be asked, the text is still read: only that error is let pass."""
    done = subprocess.run(
        ["nft", "-c", "-f", "-"],
        input=build_rules(PLANS[name]) + build_addition(FOUND),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0 or "Operation not permitted" in done.stderr, done.stderr
