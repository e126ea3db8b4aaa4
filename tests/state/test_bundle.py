"""A bundle holds our CA and every root the user trusted before."""

from __future__ import annotations

from pathlib import Path

import pytest

from excise.errors import StateError
from excise.state import bundle
from excise.state.bundle import ensure_bundle, find_roots, read_certificates
from excise.state.ca import ensure_ca


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    return ensure_ca(tmp_path / "ca").cert_pem


def test_it_holds_our_ca_first_and_public_roots(tmp_path: Path, ca: Path) -> None:
    path = ensure_bundle(tmp_path / "state" / "bundle.pem", ca, {})
    certificates = read_certificates(path)
    assert certificates[0] == read_certificates(ca)[0]
    assert len(certificates) > 50
    assert len(set(certificates)) == len(certificates)
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_companys_roots_come_along(tmp_path: Path, ca: Path) -> None:
    other = ensure_ca(tmp_path / "other").cert_pem
    for variable in ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "DENO_CERT", "REQUESTS_CA_BUNDLE"):
        path = ensure_bundle(tmp_path / variable, ca, {variable: str(other)})
        assert read_certificates(other)[0] in read_certificates(path)


def test_it_is_written_again_only_when_a_source_changed(tmp_path: Path, ca: Path) -> None:
    path = ensure_bundle(tmp_path / "bundle.pem", ca, {})
    inode = path.stat().st_ino
    assert ensure_bundle(path, ca, {"SSL_CERT_FILE": str(path)}).stat().st_ino == inode
    newer = ensure_ca(tmp_path / "newer").cert_pem
    ensure_bundle(path, newer, {})
    assert read_certificates(path)[0] == read_certificates(newer)[0]
    assert read_certificates(ca)[0] not in read_certificates(path)


def test_certifi_stands_in_where_the_system_has_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "_readable", lambda path: False)
    [only] = find_roots({})
    assert only.name == "cacert.pem"


def test_a_missing_or_foreign_ca_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="EXC-STA-003"):
        ensure_bundle(tmp_path / "b", tmp_path / "none", {})
    (tmp_path / "text").write_text("no certificate")
    with pytest.raises(StateError, match="EXC-STA-002"):
        ensure_bundle(tmp_path / "b", tmp_path / "text", {})


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, ca: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="file/bundle"):
        ensure_bundle(tmp_path / "file" / "bundle.pem", ca, {})
