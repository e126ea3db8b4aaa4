"""The CA: owner-only, P-256, named as mitmproxy names its files, never overwritten."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from mitmproxy import certs

from excise.errors import StateError
from excise.state.ca import CaFiles, check_ca, create_ca, ensure_ca


def test_first_use_makes_owner_only_files_with_known_names(tmp_path: Path) -> None:
    files = ensure_ca(tmp_path / "ca")
    assert {path.name for path in (tmp_path / "ca").iterdir()} == {
        "mitmproxy-ca.pem",
        "mitmproxy-ca-cert.pem",
        "mitmproxy-ca-cert.cer",
        "mitmproxy-ca-cert.p12",
    }
    assert stat.S_IMODE(files.key_and_cert.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "ca").stat().st_mode) == 0o700
    for path in (files.cert_pem, files.cert_cer, files.cert_p12):
        assert b"PRIVATE" not in path.read_bytes()


def test_it_is_a_p256_ca_that_signs_leaves_only(tmp_path: Path) -> None:
    cert = check_ca(ensure_ca(tmp_path))
    key = cert.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    basic = cert.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (basic.ca, basic.path_length) == (True, 0)


def test_mitmproxy_takes_it(tmp_path: Path) -> None:
    """The host finds key and certificate, and signs a leaf with it."""
    ensure_ca(tmp_path)
    store = certs.CertStore.from_store(tmp_path, "mitmproxy", 2048)
    entry = store.get_cert("llm.test", [x509.DNSName("llm.test")])
    assert entry.cert.to_cryptography().issuer == check_ca(CaFiles.under(tmp_path)).subject


def test_a_second_start_uses_the_first_ca(tmp_path: Path) -> None:
    first = ensure_ca(tmp_path).cert_pem.read_bytes()
    assert ensure_ca(tmp_path).cert_pem.read_bytes() == first


def test_one_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    before = ensure_ca(tmp_path).key_and_cert.read_bytes()
    with pytest.raises(StateError, match="EXC-STA-002"):
        create_ca(tmp_path)
    assert CaFiles.under(tmp_path).key_and_cert.read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    ensure_ca(tmp_path).key_and_cert.chmod(mode)
    with pytest.raises(StateError, match="EXC-STA-001"):
        ensure_ca(tmp_path)


@pytest.mark.parametrize("content", [b"", b"rubbish", b"-----BEGIN CERTIFICATE-----\nxx\n"])
def test_a_file_that_is_no_ca_is_refused(tmp_path: Path, content: bytes) -> None:
    files = ensure_ca(tmp_path)
    files.key_and_cert.write_bytes(content)
    with pytest.raises(StateError, match="EXC-STA-002"):
        check_ca(files)


def test_a_key_of_another_ca_is_refused(tmp_path: Path) -> None:
    files = ensure_ca(tmp_path)
    stranger = rsa.generate_private_key(65537, 2048)
    key = stranger.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    files.key_and_cert.write_bytes(key + files.cert_pem.read_bytes())
    with pytest.raises(StateError, match="do not fit"):
        check_ca(files)


def test_a_missing_ca_is_named(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="EXC-STA-003"):
        check_ca(CaFiles.under(tmp_path))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="EXC-STA-003"):
        create_ca(tmp_path / "file" / "ca")


def test_it_can_be_limited_to_names(tmp_path: Path) -> None:
    """And then vouches for no address either."""
    cert = check_ca(create_ca(tmp_path, only_for=["api.llm.test", "*.other.test"]))
    limits = cert.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    assert [name.value for name in limits.value.permitted_subtrees or ()] == [
        "api.llm.test",
        "other.test",
    ]
    assert len(limits.value.excluded_subtrees or ()) == 2


def test_it_began_before_now(tmp_path: Path) -> None:
    """A client whose clock is a day behind still takes it."""
    now = datetime(2030, 1, 1, tzinfo=UTC)
    cert = check_ca(create_ca(tmp_path, now=now))
    assert (now - cert.not_valid_before_utc).days >= 1
    assert (cert.not_valid_after_utc - now).days > 4 * 365
