"""The vault of several processes: what one of them cut out, another one puts back.

Values lie on a shelf under keyed digests of principal and placeholder, encrypted, so the shelf
knows neither who sent what nor what it was. Beside it each process remembers what passed through
itself, and asks the shelf for the rest only.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from excise.state.keys import derive
from excise.state.memory import IN_TOTAL, TTL, MemoryVault
from excise.state.ports import Clock, Shelf

_NONCE: Final = 12  # bytes; AES-GCM (NIST SP 800-38D), at random for each value
_AGAIN: Final = 0.5  # part of its time after which a value that is used again is put anew


class SharedVault:
    """Implements `Vault` over a shelf. Thread-safe.

    `key` is the same 32 bytes in all processes that share the shelf. A value is forgotten `ttl`
    seconds after it was last sent, up to half of that sooner by other processes than the one it was
    sent through. Methods raise `StateError` where the shelf cannot be used.
    """

    def __init__(
        self, shelf: Shelf, key: bytes, *, own: MemoryVault, clock: Clock, ttl: float = TTL
    ) -> None:
        """`own` is what this process remembers by itself."""
        self._shelf = shelf
        self._own = own
        self._clock = clock
        self._ttl = ttl
        # When each was last put on the shelf: most are sent again with every turn of a chat.
        self._put: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()
        self._names = derive(key, "vault names")
        self._cipher = AESGCM(derive(key, "vault values"))

    def __repr__(self) -> str:
        return "<SharedVault>"

    def keep(self, principal: str, kept: Mapping[str, str]) -> None:
        """Remember values by their placeholders."""
        fresh = {}
        for placeholder, value in kept.items():
            name = self._name(principal, placeholder)
            if self._is_due(name) or self._own.find(principal, placeholder) != value:
                fresh[name] = self._closed(name, value)
        if fresh:
            self._shelf.put(fresh, self._ttl)
            self._remember(fresh)
        self._own.keep(principal, kept)

    def find(self, principal: str, placeholder: str) -> str | None:
        """The value this principal sent, through whichever process."""
        found = self._own.find(principal, placeholder)
        if found is not None:
            return found
        name = self._name(principal, placeholder)
        closed = self._shelf.get(name)
        if closed is None:
            return None
        found = self._opened(name, closed)
        if found is not None:
            self._own.keep(principal, {placeholder: found})
        return found

    def sweep(self) -> int:
        """Forget everything that has expired; how many entries of this process that was."""
        self._shelf.sweep()
        return self._own.sweep()

    def _is_due(self, name: bytes) -> bool:
        with self._lock:
            put = self._put.get(name)
        return put is None or self._clock() - put > self._ttl * _AGAIN

    def _remember(self, names: Mapping[bytes, bytes]) -> None:
        now = self._clock()
        with self._lock:
            for name in names:
                self._put[name] = now
                self._put.move_to_end(name)
            while len(self._put) > IN_TOTAL:
                self._put.popitem(last=False)

    def _name(self, principal: str, placeholder: str) -> bytes:
        said = f"{len(principal)}\0{principal}{placeholder}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._names, said, "sha256")

    def _closed(self, name: bytes, value: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, value.encode("utf-8", "surrogatepass"), name)

    def _opened(self, name: bytes, closed: bytes) -> str | None:
        try:
            data = self._cipher.decrypt(closed[:_NONCE], closed[_NONCE:], name)
        except (InvalidTag, ValueError):
            return None  # of another key, or altered: as if it were not there
        return data.decode("utf-8", "surrogatepass")
