"""The model files that ship with the detectors."""

from __future__ import annotations

from importlib.resources import files


def read_model(name: str) -> bytes:
    """The bytes of a shipped model file; FileNotFoundError where the package was cut down."""
    return files(__name__).joinpath(name).read_bytes()
