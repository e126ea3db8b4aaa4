"""The interception CA: made once, readable by its owner alone, named as mitmproxy names its own."""

from __future__ import annotations

import ipaddress
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from excise.errors import StateError

NAME: Final = "Excise interception CA"
YEARS: Final = 5
# A certificate that begins "now" is refused by clients whose clock is a little behind.
_SLACK: Final = timedelta(days=2)
# Permitted DNS names say nothing of addresses: without these every IP could be vouched for.
_EVERY_ADDRESS: Final = [
    x509.IPAddress(ipaddress.ip_network("0.0.0.0/0")),
    x509.IPAddress(ipaddress.ip_network("::/0")),
]
LOOPBACK: Final = "localhost"  # among names it stands for the addresses of this machine, too
_HERE: Final = [
    x509.IPAddress(ipaddress.ip_network("127.0.0.0/8")),
    x509.IPAddress(ipaddress.ip_network("::1/128")),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaFiles:
    """Where the CA lies."""

    key_and_cert: Path
    cert_pem: Path
    cert_cer: Path
    cert_p12: Path

    @classmethod
    def under(cls, folder: Path) -> CaFiles:
        """The files of a CA in this folder, whether or not they exist."""
        return cls(
            key_and_cert=folder / "mitmproxy-ca.pem",
            cert_pem=folder / "mitmproxy-ca-cert.pem",
            cert_cer=folder / "mitmproxy-ca-cert.cer",
            cert_p12=folder / "mitmproxy-ca-cert.p12",
        )


def ensure_ca(
    folder: Path, *, now: datetime | None = None, only_for: Sequence[str] = ()
) -> CaFiles:
    """The CA in `folder`, made where there is none, then limited to names as by `create_ca`.

    Raises `StateError` where one is there that others may read or that does not load.
    """
    files = CaFiles.under(folder)
    if not files.key_and_cert.exists():
        return create_ca(folder, now=now, only_for=only_for)
    check_ca(files)
    return files


def create_ca(
    folder: Path, *, now: datetime | None = None, only_for: Sequence[str] = ()
) -> CaFiles:
    """Make a P-256 CA in `folder`.

    `only_for` limits it to these DNS names and what is below them (RFC 5280 §4.2.1.10), so that
    even a stolen key vouches for nothing else; `localhost` stands for its addresses, too. Raises
    `StateError` where one is already there.
    """
    files = CaFiles.under(folder)
    key = ec.generate_private_key(ec.SECP256R1())
    cert = _certificate(key, now or datetime.now(UTC), only_for)
    pem = cert.public_bytes(Encoding.PEM)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(files.key_and_cert, secret + pem, 0o600, os.O_EXCL)
        write_public(files, cert)
    except FileExistsError:
        raise StateError(
            "EXC-STA-002", "a CA is already there; move it away first.", at=str(files.key_and_cert)
        ) from None
    except OSError as fault:
        raise StateError(
            "EXC-STA-003", f"the CA cannot be written: {fault.strerror}.", at=str(folder)
        ) from None
    return files


def write_public(files: CaFiles, cert: x509.Certificate) -> None:
    """The certificate that clients are to trust, in each form. Raises `OSError`."""
    pem = cert.public_bytes(Encoding.PEM)
    _write(files.cert_pem, pem, 0o644, os.O_TRUNC)
    _write(files.cert_cer, pem, 0o644, os.O_TRUNC)
    bundle = pkcs12.serialize_key_and_certificates(
        NAME.encode(), None, None, [cert], NoEncryption()
    )
    _write(files.cert_p12, bundle, 0o644, os.O_TRUNC)


def not_vouched_for(certificate: x509.Certificate, names: Sequence[str]) -> list[str]:
    """Those of these names, and of all below them, that a CA may not vouch for."""
    try:
        limits = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return []
    permitted = [
        each.value for each in limits.permitted_subtrees or () if isinstance(each, x509.DNSName)
    ]
    return [name for name in names if not any(is_below(name, each) for each in permitted)]


def is_below(name: str, domain: str) -> bool:
    """Whether a name is a domain's, or below it."""
    return f".{name}".endswith(f".{domain}")


def check_ca(files: CaFiles) -> x509.Certificate:
    """The CA's certificate. Raises `StateError` where the files are exposed or do not fit."""
    try:
        mode = files.key_and_cert.stat().st_mode
        raw = files.key_and_cert.read_bytes()
    except OSError as fault:
        raise StateError(
            "EXC-STA-003", f"the CA cannot be read: {fault.strerror}.", at=str(files.key_and_cert)
        ) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise StateError(
            "EXC-STA-001",
            "others may read the key of the CA; whoever has it can impersonate every LLM host.",
            at=str(files.key_and_cert),
            hint="Make a new CA, or chmod 600 where you know that nobody has read it.",
        )
    try:
        key = load_pem_private_key(raw, None)
        cert = x509.load_pem_x509_certificate(raw[raw.index(b"-----BEGIN CERTIFICATE") :])
    except (ValueError, TypeError):
        raise StateError(
            "EXC-STA-002", "this is no key with its certificate.", at=str(files.key_and_cert)
        ) from None
    if key.public_key() != cert.public_key():
        raise StateError(
            "EXC-STA-002", "key and certificate do not fit.", at=str(files.key_and_cert)
        )
    return cert


def _certificate(
    key: ec.EllipticCurvePrivateKey, now: datetime, only_for: Sequence[str]
) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, NAME),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Excise"),
        ]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .not_valid_after(now + timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if only_for:
        names = [x509.DNSName(host.removeprefix("*.")) for host in only_for]
        limits = (
            x509.NameConstraints([*names, *_HERE], excluded_subtrees=None)
            if LOOPBACK in only_for
            else x509.NameConstraints(names, excluded_subtrees=_EVERY_ADDRESS)
        )
        builder = builder.add_extension(limits, critical=True)
    return builder.sign(key, hashes.SHA256())


def _usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: Path, data: bytes, mode: int, how: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | how, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
