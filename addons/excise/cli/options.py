"""Options that several commands share, and what they lead to."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from excise.config import Settings, load_settings


def add_places(parser: argparse.ArgumentParser) -> None:
    """Where the proxy listens, and where its files are."""
    parser.add_argument("--listen", metavar="HOST:PORT", help="where the proxy listens")
    parser.add_argument("--state-dir", type=Path, metavar="DIR", help="keys, bundle, audit trail")
    parser.add_argument("--ca-dir", type=Path, metavar="DIR", help="the interception CA")


def settings_of(args: argparse.Namespace, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in force under these arguments. Raises `ConfigError`."""
    return load_settings(vars(args), environ=os.environ if environ is None else environ)
