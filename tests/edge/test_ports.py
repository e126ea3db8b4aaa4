"""The fakes of these tests and the real pieces fit the protocols."""

from __future__ import annotations

import inspect

import pytest
from edge import fakes

from excise.audit.writer import AuditWriter
from excise.catalogue import Catalogue
from excise.edge import ports
from excise.model import Action
from excise.state.memory import MemoryVault


def _methods(protocol: type) -> list[str]:
    return [name for name, _ in inspect.getmembers(protocol, inspect.isfunction) if name[0] != "_"]


@pytest.mark.parametrize(
    ("protocol", "piece"),
    [
        (ports.Hosts, fakes.FakeHosts),
        (ports.Hosts, Catalogue),
        (ports.Firewall, fakes.FakeFirewall),
        (ports.ResponseStream, fakes.FakeStream),
        (ports.Trail, fakes.FakeTrail),
        (ports.Trail, AuditWriter),
        (ports.Vault, fakes.FakeVault),
        (ports.Vault, MemoryVault),
    ],
)
def test_a_piece_takes_what_its_protocol_says(protocol: type, piece: type) -> None:
    for name in _methods(protocol):
        wanted = list(inspect.signature(getattr(protocol, name)).parameters)
        assert list(inspect.signature(getattr(piece, name)).parameters) == wanted, name


def test_what_changes_or_stops_traffic_must_be_on_disk_first() -> None:
    assert {Action.REDACT, Action.BLOCK} <= ports.MUST_BE_ON_DISK
    assert not {Action.ALLOW, Action.LOG, Action.ALERT} & ports.MUST_BE_ON_DISK
