"""`excise pac`: the proxy auto-configuration script, for a web server of one's own."""

from __future__ import annotations

import argparse
from typing import Any

from excise.catalogue import load_catalogue
from excise.cli.options import add_places, settings_of
from excise.errors import ConfigError
from excise.pac import build_pac
from excise.resources import policies_dir


def add_parser(subparsers: Any) -> None:
    """`excise pac`."""
    parser = subparsers.add_parser("pac", help="print a proxy auto-configuration script")
    parser.add_argument("--proxy", metavar="HOST:PORT", help="as clients reach it; default: listen")
    add_places(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    place = args.proxy or settings_of(args).url.partition("://")[2]
    catalogue = load_catalogue((policies_dir() / "hosts.yaml").read_text("utf-8"), "hosts.yaml")
    try:
        print(build_pac(catalogue, place), end="")
    except ValueError:
        raise ConfigError("EXC-CFG-001", "--proxy cannot be read; wanted HOST:PORT.") from None
    return 0
