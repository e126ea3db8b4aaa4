"""Whoever trusts the CA gets through to the stub; whoever does not leaves no trace there."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from cryptography import x509

from excise.cli.stub import is_limited, serve_stub
from excise.errors import StateError
from excise.state.ca import CaFiles, create_ca, ensure_ca


def fetch(url: str, cafile: Path | None) -> int:
    context = ssl.create_default_context(cafile=cafile)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with opener.open(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as answered:
        with answered:
            return answered.code


def test_only_those_who_trust_the_ca_are_counted(tmp_path: Path) -> None:
    files = ensure_ca(tmp_path / "ca")
    other = ensure_ca(tmp_path / "other")
    with serve_stub(files) as stub:
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            fetch(stub.url, other.cert_pem)
        assert stub.requests == 0
        assert fetch(stub.url, files.cert_pem) == 404
        assert stub.requests == 1


def test_a_ca_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StateError), serve_stub(CaFiles.under(tmp_path)):
        raise AssertionError("served without a CA")


@pytest.mark.parametrize(("only_for", "limited"), [((), False), (("openai.com",), True)])
def test_a_limited_ca_is_seen(tmp_path: Path, only_for: tuple[str, ...], limited: bool) -> None:
    pem = create_ca(tmp_path, only_for=only_for).cert_pem.read_bytes()
    assert is_limited(x509.load_pem_x509_certificate(pem)) is limited
