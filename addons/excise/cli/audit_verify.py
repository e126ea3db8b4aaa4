"""`excise audit verify` and `excise audit key`: whether the trail is what was written."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from excise.audit.chain import Fault
from excise.audit.heads import head_path, read_head
from excise.audit.verify import Report, verify_files, verify_trail
from excise.cli.options import settings_of
from excise.config import Settings
from excise.state.signing import SIGNING_KEY, Verifier, load_or_create_signer, load_verifier

_SHOWN = 50


def add_verify(commands: Any) -> None:
    """`verify` and `key` among the commands of `excise audit`."""
    verify = commands.add_parser("verify", help="whether any line was edited, removed or moved")
    verify.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="pieces of a trail; default the whole trail, its beginning and end included",
    )
    verify.add_argument(
        "--public-key",
        type=Path,
        metavar="FILE",
        help="whose signatures count; default the key of the state folder",
    )
    verify.add_argument("--json", action="store_true", help="for programs")
    verify.set_defaults(func=run_verify)
    key = commands.add_parser("key", help="print the public key that checkpoints are checked with")
    key.set_defaults(func=run_key)
    verify.add_argument("--audit", type=Path, metavar="FILE", help="the trail")
    for each in (verify, key):
        each.add_argument("--state-dir", type=Path, metavar="DIR")


def run_verify(args: argparse.Namespace) -> int:
    """Exit status 0 where the trail holds, 1 where it does not."""
    config = settings_of(args)
    reports = check_trail(config, args.files, args.public_key)
    if args.json:
        print(json.dumps([asdict(report) for report in reports]))
    else:
        console = Console(highlight=False, soft_wrap=True)
        for report in reports:
            _show(console, report)
    return 1 if any(report.faults for report in reports) else 0


def run_key(args: argparse.Namespace) -> int:
    """The public key in PEM; made, with its private half, where there is none yet."""
    signer = load_or_create_signer(settings_of(args).state_dir)
    sys.stdout.write(signer.verifier.to_pem().decode())
    return 0


def check_trail(
    config: Settings, files: Sequence[Path] = (), public_key: Path | None = None
) -> list[Report]:
    """The reports on these files, or on the whole trail of these settings."""
    verifier = _verifier(config, public_key)
    check = verifier.check if verifier else None
    if files:
        return verify_files(files, check)
    return verify_trail(
        config.audit, check, lambda path: read_head(head_path(config.state_dir, path))
    )


def _verifier(config: Settings, public_key: Path | None) -> Verifier | None:
    if public_key is not None:
        return load_verifier(public_key)
    if not (config.state_dir / SIGNING_KEY).exists():
        return None
    return load_or_create_signer(config.state_dir).verifier


def _show(console: Console, report: Report) -> None:
    span = f", {report.first} to {report.last}" if report.first else ""
    console.print(
        Text(report.trail, style="bold").append(
            f": {report.lines} lines in {report.files} files{span}; "
            f"{report.checkpoints} checkpoints, signed up to line number {report.sealed}",
            style="not bold",
        )
    )
    for note in report.notes:
        console.print(Text(f"  note: {note}", style="dim"))
    for fault in report.faults[:_SHOWN]:
        console.print(Text(f"  {describe(fault)}", style="red"))
    if len(report.faults) > _SHOWN:
        console.print(Text(f"  and {len(report.faults) - _SHOWN} more", style="red"))
    if not report.faults:
        console.print(Text("  holds", style="green"))


def describe(fault: Fault) -> str:
    """One sentence: where, what, what was wanted, what was found."""
    where = f"{fault.file}:{fault.line}" if fault.file else "the trail"
    return f"{where}: {fault.flaw}: expected {fault.wanted}, found {fault.got}"
