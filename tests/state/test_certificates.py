"""Whose a certificate is, by which of its names; and which count no more."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from certified import Office, load
from cryptography import x509

from excise.errors import ConfigError
from excise.state.certificates import Revoked, clean_name, read_bearer, read_lists

ADA = (
    x509.RFC822Name("Ada@corp.example"),
    x509.DNSName("laptop-17.corp.example"),
    x509.UniformResourceIdentifier("spiffe://corp.example/ada"),
)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("cn", "ada lovelace"),
        ("email", "ada@corp.example"),
        ("dns", "laptop-17.corp.example"),
        ("uri", "spiffe://corp.example/ada"),
    ],
)
def test_a_bearer_is_called_by_the_chosen_name(tmp_path: Path, kind: str, name: str) -> None:
    shown = load(Office(tmp_path).issue("Ada Lovelace", names=ADA, units=("R&D", "Lab")))
    bearer = read_bearer(shown, kind)
    assert bearer is not None
    assert (bearer.name, bearer.units) == (name, ("R&D", "Lab"))
    assert bearer.until == shown.not_valid_after_utc


@pytest.mark.parametrize(
    ("common", "names", "kind"),
    [
        ((), ADA, "cn"),
        (("ada", "eve"), (), "cn"),  # which of them?
        (("ada",), (), "email"),
        (("ada",), (x509.DNSName("a.test"), x509.DNSName("b.test")), "dns"),
        (("ada\nuser:root",), (), "cn"),
    ],
)
def test_who_has_no_such_name_is_nobody(
    tmp_path: Path, common: tuple[str, ...], names: tuple[x509.GeneralName, ...], kind: str
) -> None:
    assert read_bearer(load(Office(tmp_path).issue(*common, names=names)), kind) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [(" Ada Lovelace ", "ada lovelace"), ("Zoë", "zoë"), ("", ""), ("a" * 129, ""), ("a\tb", "")],
)
def test_a_name_is_spelt_one_way(text: str, name: str) -> None:
    assert clean_name(text) == name


def test_a_list_is_read_anew_and_the_last_good_one_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    office = Office(tmp_path)
    one, other = office.issue("ada"), office.issue("eve")
    ada, eve = (read_bearer(load(path), "cn") for path in (one, other))
    assert ada is not None and eve is not None
    listed = office.revoke(one)
    revoked = Revoked(listed)
    assert revoked.has(ada.serial) and not revoked.has(eve.serial)
    office.revoke(one, other)
    assert revoked.has(eve.serial)
    listed.write_text("no list")
    with caplog.at_level(logging.ERROR):
        assert revoked.has(eve.serial)
    assert "last good" in caplog.text


def test_the_same_number_of_another_ca_is_another_certificate(tmp_path: Path) -> None:
    office, other = Office(tmp_path), Office(tmp_path, "others")
    mine = office.issue("ada")
    bearer = read_bearer(load(mine), "cn")
    assert bearer is not None
    assert not Revoked(other.revoke(mine)).has(bearer.serial)


@pytest.mark.parametrize("text", ["", "-----BEGIN X509 CRL-----\nx\n-----END X509 CRL-----\n"])
def test_what_is_no_list_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "crl.pem"
    with pytest.raises(ConfigError, match="EXC-CFG-003"):
        read_lists(path)
    path.write_text(text)
    with pytest.raises(ConfigError, match="EXC-CFG-001"):
        read_lists(path)
