"""The bundle again in the form that Java reads: PKCS #12, each certificate marked as trusted."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import (
    PKCS12Certificate,
    serialize_java_truststore,
)

from excise.errors import StateError
from excise.state.bundle import read_certificates, replace_file

# Java takes no store of this form without a password; what is in it is public. This one is what
# its own stores have had for ever.
PASSWORD: Final = "changeit"


def ensure_truststore(path: Path, bundle: Path) -> Path:
    """Write the store where it is missing or older than the bundle; its path.

    Raises `StateError` where it cannot be written.
    """
    try:
        made = bundle.stat().st_mtime_ns
        if not path.exists() or path.stat().st_mtime_ns < made:
            replace_file(path, build_truststore(read_certificates(bundle)))
    except OSError as fault:
        raise StateError(
            "EXC-STA-003", f"cannot be written ({fault.strerror}).", at=str(path)
        ) from None
    return path


def build_truststore(certificates: list[str]) -> bytes:
    """The store with every certificate that can be read; a system's roots may hold odd ones."""
    kept = []
    for number, text in enumerate(certificates):
        try:
            # Some public roots have serial numbers that are zero, of which the library warns.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                certificate = x509.load_pem_x509_certificate(text.encode("ascii"))
        except ValueError:
            continue
        kept.append(PKCS12Certificate(certificate, f"root-{number}".encode()))
    return serialize_java_truststore(kept, BestAvailableEncryption(PASSWORD.encode()))
