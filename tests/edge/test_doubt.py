"""What is not relayed although no LLM host is named."""

from __future__ import annotations

import pytest

from excise.config import Settings as Config
from excise.edge.doubt import CAREFUL, FRONTS, Doubts, is_address, is_public, why_not
from excise.edge.sniff import Look, Speech

NAMED = Look(Speech.TLS, "a.test")
NAMELESS = Look(Speech.TLS)
GREASED = Look(Speech.TLS, "a.test", ech=True)
HIDDEN = Look(Speech.TLS, min(FRONTS), ech=True)
FRONT = Look(Speech.TLS, min(FRONTS))
HTTP = Look(Speech.HTTP)
STRICT = Doubts(ech="refuse", sni_mismatch="refuse")
LOOSE = Doubts("tunnel", "tunnel", "tunnel", "address")


@pytest.mark.parametrize(
    ("doubts", "seen", "destination", "want"),
    [
        (CAREFUL, NAMED, "8.8.8.8", ""),
        (CAREFUL, NAMELESS, "8.8.8.8", "unknown-sni"),
        (CAREFUL, NAMELESS, "2a00::1", "unknown-sni"),
        (CAREFUL, NAMELESS, "192.168.1.1", ""),
        (CAREFUL, NAMELESS, "fd00::1", ""),
        (CAREFUL, NAMELESS, "a.test", ""),
        (CAREFUL, HTTP, "8.8.8.8", ""),
        (CAREFUL, Look(Speech.OTHER), "8.8.8.8", ""),
        (CAREFUL, GREASED, "a.test", ""),
        (CAREFUL, HIDDEN, "8.8.8.8", "ech"),
        (CAREFUL, HIDDEN, "a.test", "ech"),
        (CAREFUL, FRONT, "8.8.8.8", ""),
        (CAREFUL, NAMED, "b.test", ""),
        (STRICT, NAMED, "b.test", "sni-mismatch"),
        (STRICT, NAMED, "a.test", ""),
        (STRICT, NAMED, "8.8.8.8", ""),
        (STRICT, GREASED, "a.test", "ech"),
        (LOOSE, NAMELESS, "8.8.8.8", ""),
        (LOOSE, HIDDEN, "8.8.8.8", ""),
        (LOOSE, NAMED, "b.test", ""),
    ],
)
def test_each_choice_decides_its_own(
    doubts: Doubts, seen: Look, destination: str, want: str
) -> None:
    names = [seen.name] if seen.name else []
    assert why_not(doubts, seen, names, destination) == want


@pytest.mark.parametrize(
    ("host", "address", "public"),
    [
        ("127.0.0.1", True, False),
        ("::1", True, False),
        ("8.8.8.8", True, True),
        ("100.64.0.1", True, False),
        ("a.test", False, False),
        ("", False, False),
    ],
)
def test_addresses_are_told_from_names(host: str, address: bool, public: bool) -> None:
    assert (is_address(host), is_public(host)) == (address, public)


def test_the_settings_have_the_same_defaults() -> None:
    fields = Config.__dataclass_fields__
    assert Doubts(*(fields[name].default for name in Doubts._fields)) == CAREFUL
