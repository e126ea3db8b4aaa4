"""Shared options reach the settings."""

from __future__ import annotations

import argparse
from pathlib import Path

from excise.cli.options import add_places, settings_of


def test_places_come_from_the_arguments(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    add_places(parser)
    args = parser.parse_args(["--listen", ":9", "--state-dir", str(tmp_path)])
    settings = settings_of(args, {"HOME": "/nowhere", "EXCISE_LISTEN": ":8"})
    assert (settings.listen, settings.state_dir) == (":9", tmp_path)
    assert settings.ca_dir == tmp_path / "ca"
