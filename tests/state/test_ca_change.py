"""A newer CA with an overlap; a company's own, its chain served; nothing that cannot vouch."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from mitmproxy import certs

from excise.errors import StateError
from excise.state.bundle import ensure_bundle
from excise.state.ca import CaFiles, check_ca, ensure_ca
from excise.state.ca_change import FORMER, NEXT, begin_rotation, finish_rotation, import_ca

NOW = datetime.now(UTC)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def issue(
    name: str,
    key: Key,
    issuer: x509.Certificate | None,
    signer: Key,
    *,
    ca: bool = True,
    days: int = 30,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
         "key_agreement", "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=10))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(key_cert_sign=ca, crl_sign=ca, **usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )


def pem(*chain: x509.Certificate) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in chain)


def secret(key: Key, password: bytes = b"") -> bytes:
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


ROOT_KEY = ec.generate_private_key(ec.SECP256R1())
ROOT = issue("Company root", ROOT_KEY, None, ROOT_KEY)


def test_two_are_trusted_while_one_takes_over(tmp_path: Path) -> None:
    """The present one serves until the end; its key is gone then, its certificate is kept."""
    folder = tmp_path / "ca"
    before = ensure_ca(folder).cert_pem.read_bytes()
    following = begin_rotation(folder, only_for=["llm.test"]).cert_pem.read_bytes()
    assert CaFiles.under(folder).cert_pem.read_bytes() == before != following
    bundle = ensure_bundle(tmp_path / "bundle.pem", folder / "mitmproxy-ca-cert.pem", {})
    assert before.strip() in bundle.read_bytes() and following.strip() in bundle.read_bytes()
    with pytest.raises(StateError, match="already there"):
        begin_rotation(folder)
    old_key = CaFiles.under(folder).key_and_cert.read_bytes().partition(b"-----BEGIN CERT")[0]
    files = finish_rotation(folder)
    assert files.cert_pem.read_bytes() == following == pem(check_ca(files))
    assert not (folder / NEXT).exists() and (folder / FORMER).read_bytes() == before
    assert not any(old_key in path.read_bytes() for path in folder.iterdir())
    assert stat.S_IMODE(files.key_and_cert.stat().st_mode) == 0o600
    with pytest.raises(StateError):
        finish_rotation(folder)


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_companys_intermediate_serves_with_its_chain(tmp_path: Path, kind: str) -> None:
    """Clients that trust the root alone accept what it signs, as mitmproxy serves it."""
    key: Key = (
        ec.generate_private_key(ec.SECP256R1())
        if kind == "ec"
        else rsa.generate_private_key(65537, 2048)
    )
    middle = issue("Company proxies", key, ROOT, ROOT_KEY)
    password = b"open sesame"
    files = import_ca(tmp_path, pem(middle, ROOT), secret(key, password), password=password)
    assert check_ca(files) == middle and files.cert_pem.read_bytes() == pem(ROOT)
    assert stat.S_IMODE(files.key_and_cert.stat().st_mode) == 0o600
    store = certs.CertStore.from_store(tmp_path, "mitmproxy", 2048)
    entry = store.get_cert("llm.test", [x509.DNSName("llm.test")])
    assert entry.chain_file is not None
    leaf = tmp_path / "leaf.pem"
    leaf.write_bytes(secret(entry.privatekey) + entry.cert.to_pem() + pem(middle))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(leaf)
    assert shakes(server, ssl.create_default_context(cafile=str(files.cert_pem)))
    with pytest.raises(StateError, match="already there"):
        import_ca(tmp_path, pem(middle, ROOT), secret(key))


def shakes(server: ssl.SSLContext, client: ssl.SSLContext) -> bool:
    """A handshake in memory for llm.test."""
    wires = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(wires[0], wires[1], server_hostname="llm.test")
    theirs = server.wrap_bio(wires[1], wires[0], server_side=True)
    waiting = [ours, theirs]
    for _ in range(10):
        for each in list(waiting):
            try:
                each.do_handshake()
                waiting.remove(each)
            except ssl.SSLWantReadError:
                continue
    return not waiting


@pytest.mark.parametrize(
    "chain,why",
    [
        ("leaf", "may not vouch"),
        ("expired", "not valid now"),
        ("stranger", "behind it"),
        ("other-key", "do not fit"),
        ("rubbish", "cannot be read"),
        ("password", "cannot be read"),
    ],
)
def test_what_cannot_vouch_is_refused(tmp_path: Path, chain: str, why: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    middle = issue("Company proxies", key, ROOT, ROOT_KEY)
    told = {
        "leaf": pem(issue("x", key, ROOT, ROOT_KEY, ca=False), ROOT),
        "expired": pem(issue("x", key, ROOT, ROOT_KEY, days=-1), ROOT),
        "stranger": pem(middle, issue("Company root", key, None, key)),
        "other-key": pem(issue("x", ec.generate_private_key(ec.SECP256R1()), ROOT, ROOT_KEY)),
        "rubbish": b"rubbish",
        "password": pem(middle),
    }[chain]
    secrets = secret(key, b"x" if chain == "password" else b"")
    with pytest.raises(StateError, match=why) as caught:
        import_ca(tmp_path / "ca", told, secrets)
    assert caught.value.code == "EXC-STA-002" and not (tmp_path / "ca").exists()


def test_leaves_that_are_remembered_are_bounded(tmp_path: Path) -> None:
    """In mitmproxy's store: names that were asked for last."""
    ensure_ca(tmp_path)
    store = certs.CertStore.from_store(tmp_path, "mitmproxy", 2048)
    for number in range(250):
        store.get_cert(f"h{number}.test", [x509.DNSName(f"h{number}.test")])
    assert len(store.certs) <= store.STORE_CAP + 1
