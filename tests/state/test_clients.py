"""Who clients are by network, and the groups of users: a strict file."""

from __future__ import annotations

from pathlib import Path

import pytest

from excise.errors import ConfigError
from excise.model import Principal
from excise.state.clients import Clients, load_clients, parse_address, parse_clients

TEXT = """\
networks:
  - {network: 10.0.0.0/8, group: staff}
  - {network: 10.1.2.0/24, principal: build, group: ci}
  - {network: fd00::/8, group: lab}
groups:
  interns: [eve]
"""


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("10.9.9.9", ("address:10.9.9.9", "staff")),
        ("10.1.2.3", ("network:build", "ci")),
        ("::ffff:10.1.2.3", ("network:build", "ci")),
        ("fd00::1%eth0", ("address:fd00::1%eth0", "lab")),
        ("192.0.2.1", None),
        ("unknown", None),
    ],
)
def test_the_narrowest_network_says_who_it_is(address: str, wanted: tuple[str, str] | None) -> None:
    found = parse_clients(TEXT, "here").of_address(address)
    assert found == (Principal(id=wanted[0], source="network", group=wanted[1]) if wanted else None)


def test_groups_are_read_and_an_empty_file_maps_nobody() -> None:
    assert parse_clients(TEXT, "here").groups == {"eve": "interns"}
    assert parse_clients("members-of: {eng: [R&D]}\n", "here").members == {"r&d": "eng"}
    assert Clients().of_address("10.0.0.1") is None
    assert parse_address("nothing") is None


@pytest.mark.parametrize(
    ("name", "memberships", "group"),
    [
        ("eve", ["Admins"], "interns"),  # who is named is in that group, wherever else
        ("ada", ["ADMINS", "staff"], "root"),
        ("ada", ["staff", "admins"], "root"),  # in the order of the file
        ("ada", ["staff"], "office"),
        ("ada", ["others"], ""),
        ("ada", [], ""),
    ],
)
def test_memberships_say_the_group(name: str, memberships: list[str], group: str) -> None:
    text = "groups: {interns: [eve]}\nmembers-of: {root: [Admins], office: [staff, guests]}\n"
    assert parse_clients(text, "here").group_of(name, memberships) == group


@pytest.mark.parametrize(
    "text",
    [
        "members-of: {a: [X], b: [x]}",
        "networks: [{network: 10.0.0.0/33}]",
        "networks: [{network: 10.0.0.1/8}]",
        "networks: [{network: 10.0.0.0/8, gruop: x}]",
        "groups: {a: [x], b: [x]}",
        "people: []",
    ],
)
def test_what_it_says_wrongly_is_told_with_its_place(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clients.yaml"
    path.write_text(text + "\n")
    with pytest.raises(ConfigError, match=r"clients\.yaml:1"):
        load_clients(path)
    with pytest.raises(ConfigError, match="EXC-CFG-003"):
        load_clients(tmp_path / "none.yaml")
