"""What holds for the whole suite."""

from __future__ import annotations

from hypothesis import settings

# No test is timed: on a busy machine the clock would fail what the code does right.
settings.register_profile("excise", deadline=None)
settings.load_profile("excise")
