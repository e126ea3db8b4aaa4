"""Where a sink sends to, read from one text: `KIND://HOST:PORT/PATH#OPTION=VALUE&…`.

Options stand behind `#`, which no server is ever sent, so that a query stays the receiver's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from excise.errors import ConfigError, closest

# Scheme → the port where none is named.
PORTS: Final = {
    "syslog+udp": 514,
    "syslog+tcp": 601,
    "syslog+tls": 6514,
    "webhook+http": 80,
    "webhook+https": 443,
    "otlp+http": 4318,
    "otlp+https": 4318,
    "otlp-traces+http": 4318,
    "otlp-traces+https": 4318,
    "kafka": 9092,
    "kafka+tls": 9093,
}
WHEN_FULL: Final = ("drop-oldest", "refuse")
OPTIONS: Final = ("queue", "when-full", "batch", "ca", "secret-file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One sink as it was asked for. `queue` and `batch` count lines."""

    scheme: str
    host: str
    port: int
    path: str = "/"  # with the query
    queue: int = 10_000
    refuse: bool = False
    batch: int = 100
    files: Mapping[str, Path] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How it is called in metrics and notices: nothing of its path or options."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def parse_target(text: str) -> Target:
    """A target from its text. Raises `ConfigError` (EXC-CFG-001)."""
    parts = urlsplit(text)
    if parts.scheme not in PORTS:
        raise _wrong(f'"{parts.scheme}" is no kind of sink', closest(parts.scheme, PORTS))
    try:
        port = parts.port or PORTS[parts.scheme]
    except ValueError:
        raise _wrong("its port is none", "") from None
    if not parts.hostname or "@" in parts.netloc:
        raise _wrong("it needs a host, and takes no user or password", "")
    options = dict(parse_qsl(parts.fragment, keep_blank_values=True))
    for name in options:
        if name not in OPTIONS:
            raise _wrong(f'"{name}" is no option', closest(name, OPTIONS))
    if (full := options.get("when-full", WHEN_FULL[0])) not in WHEN_FULL:
        raise _wrong(f'when-full cannot be "{full}"', closest(full, WHEN_FULL))
    return Target(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port,
        path=_path(parts),
        queue=_whole(options, "queue", 10_000),
        refuse=full == "refuse",
        batch=_whole(options, "batch", 100),
        files={name: Path(options[name]) for name in ("ca", "secret-file") if name in options},
    )


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _whole(options: Mapping[str, str], name: str, default: int) -> int:
    text = options.get(name, str(default))
    if not text.isdecimal() or not 1 <= int(text) <= 10**6:
        raise _wrong(f"{name} must be a whole number from 1 to 1000000", "")
    return int(text)


def _wrong(why: str, hint: str) -> ConfigError:
    # The text itself is not repeated: a path or a query may hold a token of the receiver's.
    hint = hint or f"Kinds: {', '.join(PORTS)}; options: {', '.join(OPTIONS)}."
    return ConfigError(
        "EXC-CFG-001", f"a sink cannot be used: {why}.", at="sinks, alerts", hint=hint
    )
