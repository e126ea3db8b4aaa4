"""`excise policy allow`: write an exception into the operator's file, shown as a diff."""

from __future__ import annotations

import argparse
import difflib
import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from excise.cli.options import settings_of
from excise.errors import ConfigError
from excise.folders import Folders, exceptions_path
from excise.policy.waivers import parse_waivers

HEAD: Final = "# What is excused, why, and until when: docs/exceptions.md\nexceptions:\n"
_LISTS: Final = ("entity", "rule", "principal", "group", "path")
_PLURAL: Final = {"entity": "entities"}


def add_parser(
    verbs: Any, shared: Callable[[argparse.ArgumentParser, Callable[..., int]], None]
) -> None:
    """The verb; `shared` gives it the options of every other."""
    allow = verbs.add_parser("allow", help="excuse a value that a rule finds, until a day")
    allow.add_argument(
        "fingerprint", nargs="?", default="", help="of the value, as the trail shows it"
    )
    allow.add_argument("--because", required=True, metavar="TEXT", help="why; it reaches the trail")
    allow.add_argument("--until", required=True, metavar="YYYY-MM-DD", help="the last day, UTC")
    for name in _LISTS:
        allow.add_argument(
            f"--{name}", action="append", default=[], metavar=name.upper(),
            help=f"only this {name}; repeatable",
        )  # fmt: skip
    shared(allow, _allow)


def with_exception(text: str, entry: dict[str, Any]) -> str:
    """A file's text with one exception more at its end; nothing else in it is touched."""
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in entry.items()]
    body = text if text.strip() else HEAD
    return body.rstrip("\n") + "\n  - " + "\n    ".join(lines) + "\n"


def _allow(args: argparse.Namespace) -> int:
    settings = settings_of(args)
    path = exceptions_path(settings.state_dir, settings.policies)
    try:
        last = date.fromisoformat(args.until)
    except ValueError:
        raise ConfigError("EXC-CFG-001", "--until is no day; wanted YYYY-MM-DD.") from None
    if last < datetime.now(UTC).date():
        raise ConfigError("EXC-CFG-001", f"--until {last} is past already.")
    entry: dict[str, Any] = {"fingerprints": [args.fingerprint]} if args.fingerprint else {}
    for name in _LISTS:
        if given := getattr(args, name):
            entry[_PLURAL.get(name, f"{name}s")] = given
    entry |= {"because": args.because, "until": args.until}
    parse_waivers(with_exception("", entry), "the new exception")
    before, _ = Folders(settings.policies).exceptions(settings.state_dir)
    after = with_exception(before, entry)
    parse_waivers(after, str(path))
    _write(path, after)
    print("".join(difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), str(path), str(path)
    )), end="")  # fmt: skip
    return 0


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)
    except OSError as fault:
        raise ConfigError("EXC-CFG-003", f"{fault.strerror}.", at=str(path)) from None
