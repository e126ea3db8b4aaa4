"""What the certificates vouch for that clients are shown."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from mitmproxy.certs import CertStore
from mitmproxy.test import taddons

from excise.edge.leaves import Leaves


def names_shown(folder: Path, sni: str | None) -> list[str]:
    """To a client of 192.0.2.1 that was on its way to 192.0.2.9."""
    leaves = Leaves()
    with taddons.context(leaves) as context:
        context.options.upstream_cert = False
        leaves.certstore = CertStore.from_store(folder, "mitmproxy", 2048)
        met: Any = SimpleNamespace(
            client=SimpleNamespace(sni=sni, sockname=("192.0.2.1", 443)),
            server=SimpleNamespace(certificate_list=[], address=("192.0.2.9", 443)),
        )
        leaf = leaves.get_cert(met).cert.to_cryptography()
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in names]


@pytest.mark.parametrize(
    ("sni", "shown"),
    [
        ("api.openai.com", ["api.openai.com"]),
        ("192.0.2.7", ["192.0.2.7"]),
        (None, ["192.0.2.1", "192.0.2.9"]),
    ],
)
def test_a_leaf_names_what_was_asked_for(tmp_path: Path, sni: str | None, shown: list[str]) -> None:
    assert names_shown(tmp_path, sni) == shown
