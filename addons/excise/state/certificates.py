"""Certificates of clients: whose one is, and which were revoked."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.x509.oid import NameOID

from excise.errors import ConfigError

log = logging.getLogger("excise.state")

NAMES: Final = ("cn", "email", "dns", "uri")  # of a certificate, what its bearer is called by
_NAME: Final = re.compile(r"[\w.@:/+-][\w.@:/+ -]{0,127}")
_Alternative = type[x509.RFC822Name] | type[x509.DNSName] | type[x509.UniformResourceIdentifier]
_ALTERNATIVES: Final[Mapping[str, _Alternative]] = {
    "email": x509.RFC822Name,
    "dns": x509.DNSName,
    "uri": x509.UniformResourceIdentifier,
}


class Serial(NamedTuple):
    """One certificate of one CA."""

    issuer: bytes
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Whose a certificate is; `units` are its organizational units."""

    name: str
    units: tuple[str, ...] = ()
    serial: Serial
    until: datetime


def read_bearer(certificate: x509.Certificate, kind: str) -> Bearer | None:
    """Whose a certificate is that was verified, by the name of this kind in it; None where it has
    none, or more than one, or what is no name of ours."""
    found = _texts(certificate, kind)
    name = clean_name(found[0]) if len(found) == 1 else ""
    if not name:
        return None
    units = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    return Bearer(
        name=name,
        units=tuple(str(unit.value) for unit in units),
        serial=Serial(certificate.issuer.public_bytes(), certificate.serial_number),
        until=certificate.not_valid_after_utc,
    )


def clean_name(text: str) -> str:
    """A name as policy, budgets and the trail spell it; "" where it can be none."""
    text = text.strip().lower()
    return text if _NAME.fullmatch(text) else ""


def _texts(certificate: x509.Certificate, kind: str) -> Sequence[str]:
    if kind == "cn":
        found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return [str(each.value) for each in found]
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return []
    return extension.value.get_values_for_type(_ALTERNATIVES[kind])


class Revoked:
    """The revocation lists of a file (PEM, several), read anew when it has changed.

    Raises `ConfigError` where the file cannot be read at first; later the last good lists stay.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = stamp_of(path)
        self._serials = _serials(read_lists(path))

    def has(self, serial: Serial) -> bool:
        """Whether a certificate is on one of the lists, as the file is now."""
        stamp = stamp_of(self._path)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._serials = _serials(read_lists(self._path))
            except ConfigError as fault:
                log.error("the last good list of revoked certificates stays: %s", fault.code)
        return serial in self._serials


def read_lists(path: Path) -> list[x509.CertificateRevocationList]:
    """Every revocation list of a file. Raises `ConfigError`."""
    try:
        parts = path.read_bytes().split(b"-----BEGIN X509 CRL-----")[1:]
        lists = [x509.load_pem_x509_crl(b"-----BEGIN X509 CRL-----" + part) for part in parts]
    except OSError as fault:
        raise ConfigError(
            "EXC-CFG-003", f"client-crl cannot be read ({fault.strerror}).", at=str(path)
        ) from None
    except ValueError:
        lists = []
    if not lists:
        raise ConfigError(
            "EXC-CFG-001", "client-crl holds no revocation list in PEM form.", at=str(path)
        )
    return lists


def _serials(lists: Sequence[x509.CertificateRevocationList]) -> frozenset[Serial]:
    return frozenset(
        Serial(each.issuer.public_bytes(), entry.serial_number) for each in lists for entry in each
    )


def stamp_of(path: Path | None) -> tuple[int, int, int]:
    """What changes when a file does; zeros where there is none."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        found = None
    return (found.st_mtime_ns, found.st_size, found.st_ino) if found else (0, 0, 0)
