"""Leaves of a CA: verified by a strict client for their own name alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import verification

from excise.leaf import issue_leaf
from excise.state.ca import check_ca, create_ca


@pytest.mark.parametrize("name", ["api.openai.com", "127.0.0.1"])
def test_it_is_good_for_its_own_name_alone(tmp_path: Path, name: str) -> None:
    files = create_ca(tmp_path)
    ca, now = check_ca(files), datetime.now(UTC)
    key = load_pem_private_key(files.key_and_cert.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    pem = issue_leaf(name, ca, key, now)
    leaf = x509.load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERTIFICATE") :])
    assert load_pem_private_key(pem, None).public_key() == leaf.public_key()
    leaf.verify_directly_issued_by(ca)
    named = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert [str(each.value) for each in named.value] == [name]
    if name[0] == "a":
        builder = verification.PolicyBuilder().store(verification.Store([ca])).time(now)
        assert builder.build_server_verifier(x509.DNSName(name)).verify(leaf, [])
        with pytest.raises(verification.VerificationError):
            builder.build_server_verifier(x509.DNSName("other.test")).verify(leaf, [])
