"""The certificate is handed out in each form; the key never is."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509

from excise.cli.main import main


def create(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["ca", "create", "--ca-dir", str(folder), *words]) == 0
    return capsys.readouterr().err


def test_create_makes_it_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "SHA-256 " in create(tmp_path, capsys)
    assert main(["ca", "create", "--ca-dir", str(tmp_path)]) == 2
    assert "already there" in capsys.readouterr().err


def test_it_can_be_limited_to_hosts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    create(tmp_path, capsys, "--only-for", "openai.com")
    pem = (tmp_path / "mitmproxy-ca-cert.pem").read_bytes()
    limits = x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(
        x509.NameConstraints
    )
    assert limits.value.permitted_subtrees == [x509.DNSName("openai.com")]


def test_both_forms_are_the_same_certificate(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    where = ["--ca-dir", str(tmp_path)]
    assert main(["ca", "create", *where]) == 0
    capsysbinary.readouterr()
    assert main(["ca", "export", *where]) == 0
    pem = capsysbinary.readouterr().out
    out = tmp_path / "out.cer"
    assert main(["ca", "export", "--format", "der", "--out", str(out), *where]) == 0
    assert x509.load_pem_x509_certificate(pem) == x509.load_der_x509_certificate(out.read_bytes())
    assert b"PRIVATE" not in pem


def test_what_cannot_be_is_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ca", "export", "--ca-dir", str(tmp_path)]) == 2
    assert "excise ca create" in capsys.readouterr().err
    create(tmp_path, capsys)
    assert main(["ca", "export", "--ca-dir", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert "EXC-CFG-003" in capsys.readouterr().err
