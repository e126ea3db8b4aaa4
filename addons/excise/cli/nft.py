"""The table of the gateway in the kernel, through `nft`: looked at, set and removed."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Final

from excise.errors import ConfigError
from excise.gateway import TABLE

_SECONDS: Final = 60  # for nft


def listed() -> str:
    """The table as it stands, in the words of nft; "" where there is none. Raises `ConfigError`."""
    if f"table {TABLE}" not in _run("list", "tables").splitlines():
        return ""
    return _run("list", "table", *TABLE.split())


def apply(rules: str) -> None:
    """All of these rules, or none of them. Raises `ConfigError`."""
    _run("-f", "-", told=rules)


def _run(*words: str, told: str = "") -> str:
    done = subprocess.run(
        [_program(), *words],
        input=told, capture_output=True, text=True, timeout=_SECONDS, check=False,
    )  # fmt: skip
    if done.returncode:
        said = (line.strip() for line in done.stderr.splitlines())
        why = next(filter(None, said), "no reason given").removesuffix(".")
        raise ConfigError(
            "EXC-CFG-007",
            f"nft did not take the rules: {why}.",
            hint="" if os.geteuid() == 0 else "Only root may set them: sudo excise gateway.",
        )
    return done.stdout


def _program() -> str:
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    found = shutil.which("nft", path=path)
    if found is None:
        raise ConfigError("EXC-CFG-004", "nft is not here.", hint="Install nftables.")
    return found
