"""The throw-away CA and its leaves."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography import x509

from excise.standin.certificates import Certificates


@pytest.mark.parametrize("name", ["api.openai.com", "localhost"])
def test_a_leaf_verifies_against_the_ca_for_its_own_name_only(tmp_path: Path, name: str) -> None:
    certificates = Certificates(tmp_path)
    certificates.context(name)
    ca = x509.load_pem_x509_certificate(certificates.ca.read_bytes())
    leaf = x509.load_pem_x509_certificate((tmp_path / "leaf-0.pem").read_bytes())
    leaf.verify_directly_issued_by(ca)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [name]


def test_keys_are_the_owners_alone(tmp_path: Path) -> None:
    Certificates(tmp_path).context("api.openai.com")
    assert stat.S_IMODE((tmp_path / "leaf-0.pem").stat().st_mode) == 0o600


def test_a_name_gets_one_context_and_the_context_knows_its_name(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    one, other = certificates.context("a.test"), certificates.context("b.test")
    assert certificates.context("a.test") is one
    assert [certificates.name_of(each) for each in (one, other)] == ["a.test", "b.test"]


def test_an_address_is_named_as_an_address(tmp_path: Path) -> None:
    Certificates(tmp_path).context("127.0.0.1")
    leaf = x509.load_pem_x509_certificate((tmp_path / "leaf-0.pem").read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
