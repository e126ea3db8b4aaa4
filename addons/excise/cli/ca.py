"""`excise ca`: make the interception CA, or hand out its certificate; never its key."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from excise.cli import ca_change, ca_install
from excise.cli.authority import limits_of
from excise.cli.options import add_places, settings_of
from excise.errors import ConfigError, StateError
from excise.state.ca import CaFiles, check_ca, create_ca


def add_parser(subparsers: Any) -> None:
    """`excise ca` with its own commands."""
    parser = subparsers.add_parser("ca", help="the interception CA")
    commands = parser.add_subparsers(dest="ca_command", metavar="COMMAND", required=True)
    create = commands.add_parser("create", help="make a CA where there is none")
    create.add_argument(
        "--only-for",
        action="append",
        default=[],
        metavar="HOST",
        help="limit it to a host name and what is below it; repeatable; default: all LLM hosts",
    )
    create.add_argument("--any-host", action="store_true", help="do not limit it")
    add_places(create)
    create.set_defaults(func=run_create)
    export = commands.add_parser("export", help="print its certificate")
    export.add_argument("--format", choices=["pem", "der"], default="pem", help="default: pem")
    export.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")
    add_places(export)
    export.set_defaults(func=run_export)
    ca_install.add_parser(commands)
    ca_change.add_parsers(commands)


def run_create(args: argparse.Namespace) -> int:
    """Make the CA and say where it is and how to know it again."""
    settings = settings_of(args)
    files = create_ca(settings.ca_dir, only_for=limits_of(args, settings))
    print(files.cert_pem)
    print(f"SHA-256 {fingerprint_of(check_ca(files))}", file=sys.stderr)
    return 0


def run_export(args: argparse.Namespace) -> int:
    """Write the certificate."""
    files = CaFiles.under(settings_of(args).ca_dir)
    if not files.key_and_cert.exists():
        raise StateError(
            "EXC-STA-003",
            "there is no CA yet; make one with excise ca create.",
            at=str(files.key_and_cert),
        )
    certificate = check_ca(files)
    form = Encoding.DER if args.format == "der" else Encoding.PEM
    data = certificate.public_bytes(form)
    if args.out is None:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return 0
    try:
        args.out.write_bytes(data)
    except OSError as fault:
        raise ConfigError(
            "EXC-CFG-003", f"cannot be written ({fault.strerror}).", at=str(args.out)
        ) from None
    return 0


def fingerprint_of(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate as trust stores show it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()
