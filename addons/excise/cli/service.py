"""`excise service`: the proxy as a service of its user, started at login and after a failure."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from excise.cli.authority import ensure_authority
from excise.cli.options import add_places, settings_of
from excise.cli.units import MARK, Job, Service, build_launchd, build_systemd
from excise.config import NOT_SETTINGS, Settings
from excise.errors import ConfigError

MANAGERS: Final = {"linux": "systemd", "darwin": "launchd"}
PATIENCE: Final = 60.0
# Where files are looked for: what a service is started with has none of the shell's.
_PLACES: Final = ("XDG_CONFIG_HOME", "XDG_STATE_HOME")
_NOT_KEPT: Final = NOT_SETTINGS - {"EXCISE_CONFIG"}


def add_parser(subparsers: Any) -> None:
    """`excise service install|remove|status`."""
    parser = subparsers.add_parser("service", help="the proxy as a service of its user")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    install = verbs.add_parser("install", help="write the service, start it now and at each login")
    remove = verbs.add_parser("remove", help="stop it and take it away; the CA and the trail stay")
    status = verbs.add_parser("status", help="what the manager of services says of it")
    for each in (install, remove, status):
        add_places(each)
        each.add_argument(
            "--manager", choices=sorted(MANAGERS.values()), help="default: this one's"
        )
    install.add_argument("--profile", metavar="NAME|FILE", help="default balanced")
    install.add_argument(
        "--no-sandbox",
        action="store_true",
        help="leave out what needs a user namespace, where the kernel grants users none",
    )
    for each in (install, remove):
        each.add_argument("--print", action="store_true", help="say what would be done, do nothing")
    install.set_defaults(func=run_install)
    remove.set_defaults(func=run_remove)
    status.set_defaults(func=run_status)


def run_install(args: argparse.Namespace) -> int:
    """Write the file and start it. Raises `ConfigError` where another's file is in its place."""
    settings = settings_of(args)
    service = _service(args, settings)
    if args.print:
        print(f"# {service.file}\n{service.text}\n{_shown(service.enter)}")
        return 0
    _refuse_foreign(service.file)
    _make_folders(settings)
    _write(service)
    for command in service.enter:
        _run(command)
    print(f"{service.file}: the proxy runs at {settings.url}; it starts at each login")
    print('Lead a shell to it: eval "$(excise env)". Take it away: excise service remove.')
    return 0


def run_remove(args: argparse.Namespace) -> int:
    """Stop the service and remove the file; nothing else is touched."""
    service = _service(args, settings_of(args))
    if args.print:
        print(f"{_shown(service.leave)}\nrm {shlex.quote(str(service.file))}")
        print(_shown(service.after))
        return 0
    if not service.file.exists():
        print(f"{service.file}: no service is installed")
        return 0
    _refuse_foreign(service.file)
    for command in service.leave:
        _run(command, must=False)  # it may have been stopped by hand
    service.file.unlink(missing_ok=True)
    for command in service.after:
        _run(command, must=False)
    print(f"{service.file}: removed")
    return 0


def run_status(args: argparse.Namespace) -> int:
    """What the manager says; 1 where the service is not there or does not run."""
    service = _service(args, settings_of(args))
    if not service.file.exists():
        print(f"{service.file}: no service is installed")
        return 1
    done = _run(service.ask, must=False)
    print((done.stdout or done.stderr).rstrip())
    return int(done.returncode != 0)


# -- what is to run -------------------------------------------------------------------------------


def build_job(args: Mapping[str, Any], settings: Settings, environ: Mapping[str, str]) -> Job:
    """`excise up` with what was given here: as options, or by variables, which come along."""
    given = [
        word
        for name in ("listen", "state_dir", "ca_dir", "profile")
        if args.get(name) is not None
        for word in (f"--{name.replace('_', '-')}", _absolute(name, str(args[name])))
    ]
    ours = (name for name in environ if name.startswith("EXCISE_") and name not in _NOT_KEPT)
    kept = {name: environ[name] for name in (*_PLACES, *ours) if environ.get(name)}
    home = Path(__file__).resolve().parents[2]
    if "site-packages" not in home.parts and "dist-packages" not in home.parts:
        kept["PYTHONPATH"] = str(home)
    folders = dict.fromkeys([settings.state_dir, settings.ca_dir, settings.audit.parent])
    return Job(
        words=(sys.executable, "-m", "excise", "up", *given),
        environment=dict(sorted(kept.items())),
        folders=[Path(os.path.abspath(folder)) for folder in folders],  # noqa: PTH100 links stay
        stop_seconds=int(settings.drain_seconds) + 10,
    )


def _absolute(name: str, text: str) -> str:
    """A service has a folder of its own: paths must not depend on this one."""
    is_path = name.endswith("_dir") or (name == "profile" and text.endswith((".yaml", ".yml")))
    return os.path.abspath(text) if is_path else text  # noqa: PTH100


def _service(args: argparse.Namespace, settings: Settings) -> Service:
    manager = args.manager or MANAGERS.get(sys.platform)
    if manager is None:
        raise ConfigError(
            "EXC-CFG-004",
            "no manager of services is known for this system.",
            hint="On Windows run it in WSL: docs/laptop.md.",
        )
    job = build_job(vars(args), settings, os.environ)
    home = Path(os.environ.get("HOME") or Path.home())
    if manager == "launchd":
        return build_launchd(job, home, settings.state_dir, os.getuid())
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    return build_systemd(job, home, config, sandbox=not getattr(args, "no_sandbox", False))


# -- doing it -------------------------------------------------------------------------------------


def _refuse_foreign(file: Path) -> None:
    if file.exists() and MARK not in file.read_text("utf-8", "replace"):
        raise ConfigError(
            "EXC-CFG-003", "this file is not one of ours; move it away first.", at=str(file)
        )


def _make_folders(settings: Settings) -> None:
    """What the service writes to has to be there before it is confined to it."""
    ensure_authority(settings)
    for folder in (settings.state_dir, settings.audit.parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _write(service: Service) -> None:
    try:
        service.file.parent.mkdir(parents=True, exist_ok=True)
        service.file.touch(0o600)
        service.file.chmod(0o600)  # settings may name a proxy with its password
        service.file.write_text(service.text, "utf-8")
    except OSError as fault:
        raise ConfigError(
            "EXC-CFG-003", f"cannot be written ({fault.strerror}).", at=str(service.file)
        ) from None


def _run(command: Sequence[str], *, must: bool = True) -> subprocess.CompletedProcess[str]:
    """One command of the manager's. Raises `ConfigError` where it is not here, or fails."""
    program = shutil.which(command[0])
    if program is None:
        raise ConfigError("EXC-CFG-004", f"{command[0]} is not here.")
    done = subprocess.run(
        [program, *command[1:]],
        capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False,
    )  # fmt: skip
    if must and done.returncode:
        why = next((line.strip() for line in done.stderr.splitlines() if line.strip()), "no reason")
        raise ConfigError(
            "EXC-CFG-008",
            f"{shlex.join(command)} failed: {why.removesuffix('.')}.",
            hint="The file is written; excise service remove takes it away.",
        )
    return done


def _shown(commands: Sequence[Sequence[str]]) -> str:
    return "\n".join(shlex.join(command) for command in commands)
