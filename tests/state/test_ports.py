"""The store fulfils its protocol."""

from __future__ import annotations

from excise.state.memory import MemoryVault
from excise.state.ports import Vault


def test_the_memory_vault_is_a_vault() -> None:
    vault: Vault = MemoryVault(clock=lambda: 0.0)
    vault.keep("ann", {"[X_0]": "value"})
    assert vault.find("ann", "[X_0]") == "value"
