"""One server over one trail for tests that only read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dashboard.served import Served, served
from dashboard.trails import build_lines, write_trail

from excise.dashboard.desk import Books, build_desk


@pytest.fixture(scope="package")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 lines of a week, in two full files and one that grows."""
    return write_trail(tmp_path_factory.mktemp("office"), build_lines(600))


@pytest.fixture(scope="package")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="package")
def page(trail: Path, state: Path) -> Iterator[Served]:
    """The page over that trail, logged in."""
    books = Books(
        trail=trail, state_dir=state, reviewer="iris",
        limits=lambda: {"limits": [], "why": "Nothing is counted on any limit."},
    )  # fmt: skip
    with served(build_desk(books, {"version": "0.1.0"})) as running:
        running.enter()
        yield running
