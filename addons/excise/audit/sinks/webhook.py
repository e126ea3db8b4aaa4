"""Lines as JSON arrays, posted. With a secret each body is signed, so that the receiver knows whose
it is: `x-excise-signature: sha256=HEX` is the HMAC of `x-excise-timestamp`, a dot and the body."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from excise.audit.sinks.feeder import SinkFault
from excise.audit.sinks.target import Target
from excise.errors import ConfigError

_TIMEOUT: Final = 10.0
_LONGEST_PAUSE: Final = 300.0
_FOR_NOW: Final = frozenset({408, 425, 429})


class Webhook:
    """One address that takes posts."""

    def __init__(self, target: Target, clock: Callable[[], float] = time.time) -> None:
        """Raises `ConfigError` for a secret that is missing or that others can read, and `OSError`
        where the CA file cannot be read."""
        self._target = target
        self._clock = clock
        secret = target.files.get("secret-file")
        self._secret = read_secret(secret) if secret else b""
        ca = target.files.get("ca")
        self._tls = ssl.create_default_context(cafile=str(ca) if ca else None)

    def send(self, lines: Sequence[bytes]) -> None:
        """One post with all of them; a status of 2xx takes them, redirects are not followed."""
        body = b"[" + b",".join(lines) + b"]"
        connection = self._connection()
        try:
            connection.request("POST", self._target.path, body, self._headers(body))
            answer = connection.getresponse()
            answer.read(65_536)
        finally:
            connection.close()
        if 200 <= answer.status < 300:
            return
        passing = answer.status in _FOR_NOW or answer.status >= 500
        raise SinkFault(
            f"status {answer.status}",
            lasting=not passing,
            after=_pause(answer.getheader("retry-after", "")),
        )

    def close(self) -> None:
        """Nothing stays open between posts."""

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._target.host, self._target.port
        if self._target.scheme == "webhook+https":
            return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=_TIMEOUT)

    def _headers(self, body: bytes) -> dict[str, str]:
        moment = str(int(self._clock()))
        headers = {"content-type": "application/json", "x-excise-timestamp": moment}
        if self._secret:
            headers["x-excise-signature"] = sign(self._secret, moment, body)
        return headers


def sign(secret: bytes, moment: str, body: bytes) -> str:
    """The signature of a body that is sent at a moment (seconds since the epoch, as text)."""
    return "sha256=" + hmac.new(secret, f"{moment}.".encode() + body, hashlib.sha256).hexdigest()


def read_secret(path: Path) -> bytes:
    """The secret in a file, white space around it apart. Raises `ConfigError`."""
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError(
                "EXC-STA-001", "others can read this secret.", at=str(path), hint="chmod 600."
            )
        secret = path.read_bytes().strip()
    except OSError as fault:
        raise ConfigError(
            "EXC-CFG-003", f"cannot be read ({fault.strerror}).", at=str(path)
        ) from None
    if len(secret) < 16:
        raise ConfigError("EXC-CFG-001", "a secret has at least 16 bytes.", at=str(path))
    return secret


def _pause(text: str) -> float:
    with suppress(ValueError):
        return min(max(float(text), 0.0), _LONGEST_PAUSE)
    return 0.0
