"""Metrics and health of several workers as those of one proxy.

Each worker serves its own on a port of this machine and writes that port down in the state folder;
who is asked for all of them asks each, and adds up. What each of them says of the same thing is
not added: there the worst counts.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

_FOLDER: Final = "workers"
_SECONDS: Final = 5.0  # that one worker may take to answer
# Families of which the sum says nothing, and what says something.
_OF_ONE: Final[Mapping[str, Callable[[float, float], float]]] = {
    "excise_ready": min,
    "excise_audit_writable": min,
    "excise_kill_switch": max,
    "excise_policy": max,
    "excise_start_time_seconds": min,
}


def announce(state_dir: Path, worker: str, port: int) -> None:
    """Write down where a worker serves its numbers. Raises `OSError`."""
    folder = state_dir / _FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f".{worker}.{os.getpid()}"
    draft.write_text(f"{port}\n", "utf-8")
    draft.replace(folder / f"{worker}.port")


class Gathered:
    """Implements `Watch` for the workers of these names."""

    def __init__(self, state_dir: Path, names: Sequence[str]) -> None:
        self._folder = state_dir / _FOLDER
        self._names = tuple(names)

    def render(self) -> bytes:
        """The text that Prometheus scrapes, of all that answer."""
        told = (self._ask(name, "/metrics") for name in self._names)
        return merge([text.decode() for status, text in told if status == 200]).encode()

    def alive(self) -> bool:
        """Whether the event loop of each worker turns."""
        return all(self._ask(name, "/healthz")[0] == 200 for name in self._names)

    def ready(self) -> dict[str, bool]:
        """What each check says in all workers."""
        found = {"workers": True}
        for name in self._names:
            _, text = self._ask(name, "/readyz")
            checks: dict[str, bool] = {}
            with suppress(ValueError, KeyError):
                checks = json.loads(text)["checks"]
            found["workers"] = found["workers"] and bool(checks)
            for check, holds in checks.items():
                found[check] = found.get(check, True) and holds
        return found

    def _ask(self, name: str, path: str) -> tuple[int, bytes]:
        try:
            port = int((self._folder / f"{name}.port").read_text("utf-8"))
            asked = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
            try:
                asked.request("GET", path)
                answer = asked.getresponse()
                return answer.status, answer.read()
            finally:
                asked.close()
        except (OSError, ValueError, http.client.HTTPException):
            return 0, b""


def merge(texts: Sequence[str]) -> str:
    """Prometheus' text format 0.0.4 of several processes as that of one."""
    samples: dict[str, float] = {}
    order: dict[str, None] = {}
    for text in texts:
        for line in text.splitlines():
            if line.startswith("#"):
                order.setdefault(line)
                continue
            name, _, number = line.rpartition(" ")
            join = _OF_ONE.get(name.partition("{")[0], float.__add__)
            held = samples.get(name)
            samples[name] = float(number) if held is None else join(held, float(number))
            order.setdefault(name)
    # Series that only a later process has stand behind the comments of their family.
    families = _by_family(order)
    return "".join(
        f"{each}\n" if each.startswith("#") else f"{each} {samples[each]}\n"
        for family in families.values()
        for each in family
    )


def _by_family(lines: Mapping[str, None]) -> dict[str, list[str]]:
    families: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("#"):
            families.setdefault(line.split(" ")[2], []).append(line)
    for line in lines:
        if not line.startswith("#"):
            name = line.partition("{")[0]
            family = name if name in families else name.rpartition("_")[0]
            families.setdefault(family, []).append(line)
    return families
