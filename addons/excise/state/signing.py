"""Keys that sign: the audit trail's checkpoints, a folder of policies. Ed25519, made once,
owner-only."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from excise.errors import StateError
from excise.state.keys import load_or_create_key

SIGNING_KEY: Final = "audit-signing.key"
POLICY_KEY: Final = "policy-signing.key"
_ID_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs; `key_id` is the beginning of the SHA-256 of the public key's 32 bytes, in hex."""

    _key: Ed25519PrivateKey = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(message)

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self._key.public_key())

    @property
    def key_id(self) -> str:
        """Names the key in checkpoints."""
        return self.verifier.key_id


@dataclass(frozen=True, slots=True)
class Verifier:
    """Checks signatures; holds nothing secret."""

    _key: Ed25519PublicKey

    def check(self, signature: bytes, message: bytes) -> bool:
        """Whether our key made this signature of this message."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    @property
    def key_id(self) -> str:
        """Names the key in checkpoints."""
        return sha256(self._key.public_bytes_raw()).hexdigest()[:_ID_DIGITS]

    def to_pem(self) -> bytes:
        """SubjectPublicKeyInfo in PEM, as `openssl pkey -pubin` reads it."""
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def load_or_create_signer(folder: Path, name: str = SIGNING_KEY) -> Signer:
    """The signing key of this name in a folder, made on first use. Raises `StateError`."""
    return Signer(Ed25519PrivateKey.from_private_bytes(load_or_create_key(folder / name)))


def load_verifier(path: Path) -> Verifier:
    """A public key from a PEM file. Raises `StateError` (EXC-STA-002, EXC-STA-003)."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as fault:
        raise StateError(
            "EXC-STA-003", f"the public key cannot be read ({fault.strerror}).", at=str(path)
        ) from None
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise StateError(
            "EXC-STA-002",
            "the file holds no Ed25519 public key in PEM form; wanted what "
            "`excise audit key` or `excise policy key` prints.",
            at=str(path),
        )
    return Verifier(key)
