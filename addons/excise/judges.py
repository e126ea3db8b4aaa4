"""Settings → a judge that can be asked: its endpoint, its template and its memory."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from excise.detectors.asked.judge_template import parse_template
from excise.errors import ConfigError
from excise.folders import Folders
from excise.pipeline.judging import Judging
from excise.state.keys import derive
from excise.workers.asking import Asking
from excise.workers.judge import Endpoint

PLAIN: Final = ("127.0.0.1", "[::1]", "localhost")
"""Hosts to which redacted texts may go without TLS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings:
    """As the settings of these names say; without `url` there is no judge."""

    url: str = ""
    model: str = ""
    template: str = "general"
    key: Path | None = None
    same_family: bool = False


def open_judge(
    said: JudgeSettings, folders: Folders, key: bytes, entities: Iterable[str] = ()
) -> Judging | None:
    """The judge that is asked, or None. `key` keys what is remembered, `entities` are those of
    the rules: a general model is asked for the topics among them. Raises `ConfigError`,
    `PolicyError`."""
    if not said.url:
        return None
    if not said.model:
        raise ConfigError(
            "EXC-CFG-001", "a judge needs a model.", hint="Name it: judge-model: llama-guard3:8b"
        )
    if not is_guarded(said.url):
        raise ConfigError(
            "EXC-CFG-005",
            "texts would go to another machine in the clear; wanted https://, or this machine.",
            at="judge",
        )
    text, origin = folders.template(said.template)
    endpoint = Endpoint(said.url, read_secret(said.key))
    return Judging(
        template=parse_template(text, origin),
        model=said.model,
        ask=endpoint.ask,
        asking=Asking(),
        key=derive(key, "judge"),
        timer=time.monotonic,
        topics=topics_in(entities),
        forced=said.same_family,
    )


def topics_in(entities: Iterable[str]) -> tuple[str, ...]:
    """The topics that rules name."""
    named = (each.partition(".") for each in entities)
    return tuple(sorted({name for family, _, name in named if family == "topic" and name != "*"}))


def is_guarded(url: str) -> bool:
    """Whether what is sent there cannot be read on the way."""
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0]
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return scheme == "https" or (scheme == "http" and name in PLAIN)


def read_secret(path: Path | None) -> str:
    """The key that a file holds; "" without one. Raises `ConfigError`."""
    if path is None:
        return ""
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "not ASCII"
        raise ConfigError("EXC-CFG-003", f"{why}; wanted a key.", at=str(path)) from None
