"""Text that must not be seen: a wrapper that will not print, and keyed fingerprints."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A string that shows nothing of itself until somebody asks by name."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """The string itself, for comparing and cutting only."""
        return self._value

    def __str__(self) -> str:
        return "<sensitive>"

    def __format__(self, spec: str) -> str:
        return format("<sensitive>", spec)


def fingerprint(key: bytes, value: str) -> str:
    """Sixteen hex digits by which the holder of `key` recognises `value` again (HMAC, RFC 2104)."""
    mac = hmac.new(key, value.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return mac.hexdigest()[:16]
