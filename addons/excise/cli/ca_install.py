"""`excise ca install`: our CA into the trust stores of this machine, and out of them again."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import hashes

from excise.cli.authority import ensure_authority
from excise.cli.options import add_places, settings_of
from excise.cli.stores import STORES, Machine, Step
from excise.cli.stub import is_limited
from excise.errors import ConfigError
from excise.state.ca import CaFiles, check_ca

PATIENCE: Final = 120.0


def add_parser(commands: Any) -> None:
    """The command below `excise ca`."""
    parser = commands.add_parser("install", help="have the stores of this machine trust it")
    parser.add_argument("--store", action="append", choices=list(STORES), metavar="NAME",
        help=f"{', '.join(STORES)}; repeatable; default: those that are here")  # fmt: skip
    parser.add_argument("--undo", action="store_true", help="take it out of them again")
    parser.add_argument("--print", action="store_true", help="print the commands, run none")
    parser.add_argument("--root", type=Path, default=Path("/"), metavar="DIR",
        help="try it on a copy of the system's folders (debian alone)")  # fmt: skip
    add_places(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print or run the commands. Raises `ConfigError` where one fails, or only root may."""
    settings = settings_of(args)
    # Made if it is missing, for there is nothing to install; but not by a look or an undoing.
    looks = args.undo or args.print
    files = CaFiles.under(settings.ca_dir) if looks else ensure_authority(settings)
    certificate = check_ca(files)
    if not args.undo and not is_limited(certificate):
        said = "this CA can vouch for every host; excise ca rotate makes one that cannot."
        print(f"excise: {said}", file=sys.stderr)
    # What keychains index certificates by.
    sha1 = certificate.fingerprint(hashes.SHA1()).hex().upper()
    root = args.root.absolute()
    machine = Machine(root, Path(os.environ.get("HOME") or Path.home()), os.environ, sys.platform)
    plans = plan(machine, files.cert_pem.absolute(), sha1, args.store, undo=args.undo)
    if args.print:
        print(script(plans))
        return 0
    _refuse_others(plans, args)
    for name, steps in plans.items():
        for step in steps:
            _run(step)
        print(f"{name}: {'taken out of' if args.undo else 'put into'} {STORES[name].title}")
    return 0


def plan(
    machine: Machine, cert: Path, sha1: str, chosen: Sequence[str] | None, *, undo: bool
) -> dict[str, list[Step]]:
    """The steps by store. Raises `ConfigError` where a store that was asked for is not here."""
    plans = {}
    for name in chosen or STORES:
        store = STORES[name]
        steps = (store.leave if undo else store.enter)(machine, cert, sha1)
        if steps:
            plans[name] = steps
        elif chosen:
            raise ConfigError(
                "EXC-CFG-004",
                f"there is no such store here: {store.title}; or its tool is missing.",
                hint="For nss install libnss3-tools (certutil) and start the browser once.",
            )
    if not plans:
        raise ConfigError("EXC-CFG-004", "no store that is known is here.")
    return plans


def script(plans: Mapping[str, Sequence[Step]]) -> str:
    """The steps for a shell, to be read and then run by whoever may."""
    lines = ["set -e"]
    for name, steps in plans.items():
        lines.append(f"# {name}: {STORES[name].title}")
        lines += [shlex.join(step.words) + (" || true" if step.may_fail else "") for step in steps]
    return "\n".join(lines)


def _refuse_others(plans: Mapping[str, Sequence[Step]], args: argparse.Namespace) -> None:
    rooted = [name for name in plans if STORES[name].root]
    if args.root == Path("/") and rooted and os.geteuid() != 0:
        chosen = " ".join(f"--store {name}" for name in rooted)
        undo = " --undo" if args.undo else ""
        raise ConfigError(
            "EXC-CFG-008",
            f"only root may change: {', '.join(rooted)}.",
            hint=f"Read, then run: excise ca install{undo} {chosen} --print | sudo sh; name the "
            "others with --store.",
        )


def _run(step: Step) -> None:
    try:
        done = subprocess.run(
            step.words, capture_output=True, text=True, errors="replace", timeout=PATIENCE,
            check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        said, failed = done.stderr or done.stdout, done.returncode != 0
    except (OSError, subprocess.TimeoutExpired) as fault:
        said, failed = str(fault), True
    if failed and not step.may_fail:
        why = next((line.strip() for line in said.splitlines() if line.strip()), "no reason")
        raise ConfigError(
            "EXC-CFG-008", f"{shlex.join(step.words)} failed: {why.removesuffix('.')}."
        )
