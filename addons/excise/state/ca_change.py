"""Another CA in the place of the one that is there: a newer one, with both trusted for a while, or
a company's own intermediate."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from excise.errors import StateError
from excise.state.ca import CaFiles, check_ca, create_ca, write_public

NEXT: Final = "next"  # the folder of the one that will take over
FORMER: Final = "former.pem"  # certificates of those that served before; their keys are gone


def begin_rotation(
    folder: Path, *, only_for: Sequence[str] = (), now: datetime | None = None
) -> CaFiles:
    """Make the CA that will take over; the present one goes on serving. Raises `StateError`, also
    where one is made already."""
    check_ca(CaFiles.under(folder))
    return create_ca(folder / NEXT, only_for=only_for, now=now)


def finish_rotation(folder: Path) -> CaFiles:
    """Put the next CA in the place of the present one, whose key is gone from then on. Raises
    `StateError` where there is none."""
    present, following = CaFiles.under(folder), CaFiles.under(folder / NEXT)
    check_ca(following)
    try:
        with (folder / FORMER).open("ab") as former:
            former.write(present.cert_pem.read_bytes())
        for name in ("key_and_cert", "cert_pem", "cert_cer", "cert_p12"):
            getattr(following, name).replace(getattr(present, name))
        (folder / NEXT).rmdir()
    except OSError as fault:
        raise StateError(
            "EXC-STA-003", f"the CA cannot be changed ({fault.strerror}).", at=str(folder)
        ) from None
    return present


def import_ca(
    folder: Path, chain: bytes, key: bytes, *, password: bytes | None = None,
    now: datetime | None = None,
) -> CaFiles:  # fmt: skip
    """Put a company's intermediate in `folder`. `chain` is PEM: its certificate, then those above
    it; the last one is what clients are to trust, the others are served. Raises `StateError`
    (EXC-STA-002 for what cannot be)."""
    files = CaFiles.under(folder)
    if files.key_and_cert.exists():
        raise StateError(
            "EXC-STA-002", "a CA is already there; move it away first.", at=str(files.key_and_cert)
        )
    certificates, private = _read(chain, key, password)
    _check(certificates, private, now or datetime.now(UTC))
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    served = b"".join(each.public_bytes(Encoding.PEM) for each in certificates)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(files.key_and_cert, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secret + served)
        write_public(files, certificates[-1])
    except OSError as fault:
        raise StateError(
            "EXC-STA-003", f"the CA cannot be written ({fault.strerror}).", at=str(folder)
        ) from None
    return files


_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def _read(chain: bytes, key: bytes, password: bytes | None) -> tuple[list[x509.Certificate], _Key]:
    try:
        certificates = x509.load_pem_x509_certificates(chain)
        private = load_pem_private_key(key, password)
    except (ValueError, TypeError):
        raise _wrong("certificate or key cannot be read, or the password is another one") from None
    if not isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise _wrong("TLS clients take EC and RSA keys alone")
    return certificates, private


def _check(certificates: Sequence[x509.Certificate], key: _Key, now: datetime) -> None:
    first = certificates[0]
    if first.public_key() != key.public_key():
        raise _wrong("key and certificate do not fit")
    for each in certificates:
        if not each.not_valid_before_utc <= now <= each.not_valid_after_utc:
            raise _wrong("a certificate of it is not valid now")
        if not _may_sign(each):
            raise _wrong("a certificate of it may not vouch for others")
    for below, above in pairwise(certificates):
        try:
            below.verify_directly_issued_by(above)
        except (ValueError, TypeError, InvalidSignature):
            raise _wrong("each certificate has to be vouched for by the one behind it") from None


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return basic.ca and usage.key_cert_sign


def _wrong(why: str) -> StateError:
    return StateError("EXC-STA-002", f"this CA cannot be used: {why}.")
