"""`excise ca rotate` and `import` as people call them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509

from excise.cli.main import main
from excise.state.ca import create_ca


def test_rotate_and_finish(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--ca-dir", str(tmp_path)]
    assert main(["ca", "rotate", *where]) == 2
    assert main(["ca", "create", "--any-host", *where]) == 0
    capsys.readouterr()
    assert main(["ca", "rotate", "--only-for", "llm.test", *where]) == 0
    following = Path(capsys.readouterr().out.strip())
    pem = following.read_bytes()
    assert following.parent.name == "next"
    assert main(["ca", "rotate", "--finish", *where]) == 0
    present = Path(capsys.readouterr().out.strip())
    assert present == tmp_path / "mitmproxy-ca-cert.pem" and present.read_bytes() == pem
    limits = x509.load_pem_x509_certificate(pem).extensions
    assert limits.get_extension_for_class(x509.NameConstraints).critical


def test_import(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = create_ca(tmp_path / "company")
    key, words = made.key_and_cert, ["--ca-dir", str(tmp_path / "ca")]
    assert main(["ca", "import", "--cert", str(made.cert_pem), "--key", str(key), *words]) == 0
    assert (tmp_path / "ca" / "mitmproxy-ca-cert.pem").read_bytes() == made.cert_pem.read_bytes()
    assert main(["ca", "import", "--cert", "/no/such", "--key", str(key), *words]) == 2
    assert "EXC-CFG-003" in capsys.readouterr().err
