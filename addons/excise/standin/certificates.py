"""A throw-away CA and, per host name asked for, a leaf of it (P-256)."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from excise.leaf import issue_leaf


class Certificates:
    """Issues server certificates for whatever name a client asks for.

    Writes into `folder`: `standin-ca.pem`, and one PEM with key and chain per name, readable by
    the owner alone. All of it is worthless once the process has ended.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._ca = _self_signed(self._key)
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.ca = folder / "standin-ca.pem"
        self.ca.write_bytes(self._ca.public_bytes(Encoding.PEM))

    def context(self, name: str) -> ssl.SSLContext:
        """A server context that presents a leaf for `name`, made at its first use."""
        if name not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._issue(name))
            context.set_alpn_protocols(["http/1.1"])
            self._contexts[name] = context
        return self._contexts[name]

    def name_of(self, context: ssl.SSLContext) -> str:
        """The name a context was made for, or ""."""
        return next((name for name, known in self._contexts.items() if known is context), "")

    def _issue(self, name: str) -> Path:
        path = self._folder / f"leaf-{len(self._contexts)}.pem"
        path.touch(mode=0o600)
        path.write_bytes(issue_leaf(name, self._ca, self._key, datetime.now(UTC)))
        return path


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Stand-in model CA")])
    # Begun a day ago, for clients whose clock is a little behind.
    begin = datetime.now(UTC) - timedelta(days=1)
    public = key.public_key()
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(public)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=8))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(issuer, critical=False)
        .sign(key, hashes.SHA256())
    )
