"""What holds for the whole suite."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings

# No test is timed: on a busy machine the clock would fail what the code does right.
settings.register_profile("excise", deadline=None)
settings.load_profile("excise")


@pytest.fixture(autouse=True)
def _own_log_handlers() -> Iterator[None]:
    """A proxy's master takes what is logged until it is shut down; those of tests never run."""
    handlers = logging.getLogger().handlers[:]
    yield
    logging.getLogger().handlers[:] = handlers
