"""A company's CA for its clients: certificates, and the list of those that it took back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


class Office:
    """Issues what clients show, and what a server of the company shows to them."""

    def __init__(self, folder: Path, name: str = "clients") -> None:
        self._folder = folder
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} test CA")])
        self._key = ec.generate_private_key(ec.SECP256R1())
        made = (
            self._begun(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.ca = folder / f"{name}-ca.pem"
        self.ca.write_bytes(made.public_bytes(Encoding.PEM))

    def _begun(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, days: float = 30
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(now + timedelta(days=days))
        )

    def issue(
        self,
        *common: str,
        names: tuple[x509.GeneralName, ...] = (),
        units: tuple[str, ...] = (),
        days: float = 30,
        serves: bool = False,
    ) -> Path:
        """A file with certificate and key of whoever is called this."""
        key = ec.generate_private_key(ec.SECP256R1())
        told = [x509.NameAttribute(NameOID.COMMON_NAME, each) for each in common]
        told += [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, each) for each in units]
        use = ExtendedKeyUsageOID.SERVER_AUTH if serves else ExtendedKeyUsageOID.CLIENT_AUTH
        begun = self._begun(x509.Name(told), key.public_key(), days)
        begun = begun.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        if names:
            begun = begun.add_extension(x509.SubjectAlternativeName(names), critical=False)
        made = begun.sign(self._key, hashes.SHA256())
        path = self._folder / f"{made.serial_number:x}.pem"
        path.write_bytes(
            made.public_bytes(Encoding.PEM)
            + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        return path

    def revoke(self, *paths: Path) -> Path:
        """A file with the list of those that count no more."""
        now = datetime.now(UTC)
        begun = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(now - timedelta(days=1))
            .next_update(now + timedelta(days=1))
        )
        for path in paths:
            entry = x509.RevokedCertificateBuilder(load(path).serial_number, now)
            begun = begun.add_revoked_certificate(entry.build())
        listed = self._folder / "revoked.pem"
        listed.write_bytes(begun.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))
        return listed


def load(path: Path) -> x509.Certificate:
    """The certificate in a file."""
    return x509.load_pem_x509_certificate(path.read_bytes())
