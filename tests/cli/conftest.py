"""Commands under test see no settings of whoever runs the tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from excise.config import NOT_SETTINGS


@pytest.fixture(autouse=True)
def _no_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("EXCISE_") and name not in NOT_SETTINGS - {"EXCISE_CONFIG"}:
            monkeypatch.delenv(name)
    empty: Path = tmp_path_factory.mktemp("config")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(empty))
