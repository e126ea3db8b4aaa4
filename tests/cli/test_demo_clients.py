"""The clients of the demonstration; that they work is shown by the demonstration."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

import pytest

from excise.cli.demo_clients import Clients, trust_of
from excise.errors import ConfigError
from excise.standin.certificates import Certificates


def test_only_the_named_cas_are_trusted(tmp_path: Path) -> None:
    cas = [Certificates(tmp_path / name).ca for name in ("a", "b")]
    context = trust_of(*cas)
    assert len(context.get_ca_certs()) == 2
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize("name", ["openai", "anthropic"])
def test_a_missing_client_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    clients = Clients(port=9, trust=trust_of(), openai_key="k", anthropic_key="k")
    with pytest.raises(ConfigError, match=f"client {name}, which is not installed"):
        clients.chat("hi") if name == "openai" else clients.messages([])
