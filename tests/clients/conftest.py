"""The clients need an environment of their own: `scripts/test-clients` makes it and runs these."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from clients.stage import Stage, start

collect_ignore_glob = [] if os.environ.get("REAL_CLIENTS") else ["test_*.py"]


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One proxy for all of the clients."""
    with start(tmp_path_factory.mktemp("clients")) as stage:
        yield stage
