"""Java's store holds what the bundle holds, and is made anew when that was."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from excise.errors import StateError
from excise.state.bundle import read_certificates
from excise.state.ca import ensure_ca
from excise.state.truststore import PASSWORD, build_truststore, ensure_truststore


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "bundle.pem"
    pems = [ensure_ca(tmp_path / name).cert_pem.read_text() for name in ("one", "two")]
    path.write_text("".join(pems))
    return path


def test_it_holds_every_certificate_of_the_bundle(tmp_path: Path, bundle: Path) -> None:
    store = ensure_truststore(tmp_path / "t.p12", bundle)
    held = load_pkcs12(store.read_bytes(), PASSWORD.encode()).additional_certs
    assert len(held) == len(read_certificates(bundle)) == 2


def test_it_is_made_anew_only_for_a_newer_bundle(tmp_path: Path, bundle: Path) -> None:
    store = ensure_truststore(tmp_path / "t.p12", bundle)
    inode = store.stat().st_ino
    assert ensure_truststore(store, bundle).stat().st_ino == inode
    later = store.stat().st_mtime_ns + 1
    os.utime(bundle, ns=(later, later))
    assert ensure_truststore(store, bundle).stat().st_ino != inode


def test_what_is_no_certificate_is_left_out(bundle: Path) -> None:
    pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
    store = build_truststore([pem, *read_certificates(bundle)])
    assert len(load_pkcs12(store, PASSWORD.encode()).additional_certs) == 2


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path, bundle: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="EXC-STA-003"):
        ensure_truststore(tmp_path / "file" / "t.p12", bundle)


@pytest.mark.skipif(not shutil.which("keytool"), reason="no Java on this machine")
def test_keytool_reads_it_as_trusted_entries(tmp_path: Path, bundle: Path) -> None:
    store = ensure_truststore(tmp_path / "t.p12", bundle)
    words = ["keytool", "-list", "-keystore", str(store), "-storepass", PASSWORD]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.stdout.count("trustedCertEntry") == 2
