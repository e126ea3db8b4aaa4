"""`excise gateway`: what is asked for becomes rules, and nothing is run that was not meant.

With the real program and the kernel behind it: tests/live/test_gateway.py.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from excise.cli import gateway
from excise.cli.main import main

# Stands in for `nft`: keeps what it is told; fails where a file says so.
NFT = """\
#!/bin/sh
here=$(dirname "$0")
if [ -f "$here/fail" ]; then echo "Error: Operation not permitted" >&2; exit 1; fi
if [ "$1" = list ]; then cat "$here/tables"; else cat > "$here/told"; fi
"""


@pytest.fixture
def nft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with such a program, and a resolver that knows two hosts."""
    program = tmp_path / "nft"
    program.write_text(NFT)
    program.chmod(0o755)
    (tmp_path / "tables").write_text("table inet excise\n")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(socket, "getaddrinfo", _known)
    return tmp_path


def _known(name: str, *_: Any, **__: Any) -> list[Any]:
    known = {"api.openai.com": ["192.0.2.1", "2001:db8::1"], "mine.openai.azure.com": ["192.0.2.7"]}
    if name not in known:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")
    return [(0, 0, 0, "", (address, 443)) for address in known[name]]


def test_show_prints_what_up_sets(nft: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--user", "990", "--listen", ":9000", "--leave", "10.1.2.3/8", "--interface", "lan0"]
    words += ["--host", "mine.openai.azure.com", "--quic", "llm", "--no-local"]
    assert main(["gateway", "show", *words]) == 0
    shown = capsys.readouterr()
    assert not (nft / "told").exists()
    assert "elements = { 192.0.2.1, 192.0.2.7 }" in shown.out
    assert "redirect to :9000" in shown.out
    assert "10.0.0.0/8" in shown.out
    assert "hook output priority -110" not in shown.out
    assert "LLM hosts have no address here: " in shown.err
    assert main(["gateway", "up", *words]) == 0
    assert (nft / "told").read_text() == shown.out


def test_refresh_adds_and_down_removes(nft: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gateway", "refresh"]) == 0
    assert "add element inet excise llm4 { 192.0.2.1 }" in (nft / "told").read_text()
    assert main(["gateway", "down"]) == 0
    assert (nft / "told").read_text() == "add table inet excise\ndelete table inet excise\n"
    (nft / "tables").write_text("table inet other\n")
    assert main(["gateway", "down"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2 addresses of LLM hosts", "table inet excise is removed", "no rules were set",
    ]  # fmt: skip
    assert main(["gateway", "refresh"]) == 2
    assert "[EXC-CFG-007]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--user", "0"], "EXC-CFG-005"),
        (["--user", "root"], "EXC-CFG-005"),
        (["--user", "no-such-user-here"], "useradd --system excise"),
        (["--listen", ":0"], "needs the port"),
        (["--interface", 'x"; }'], "no name of an interface"),
        (["--leave", "everything"], "wanted 10.0.0.0/8"),
        (["--host", "a b"], "no name of a host"),
    ],
)
def test_what_cannot_be_is_refused_before_nft_is_asked(
    nft: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    given = ["--user", "990", *words]
    assert main(["gateway", "up", *given]) == 2
    assert said in capsys.readouterr().err
    assert not (nft / "told").exists()


def test_what_nft_says_is_passed_on(nft: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (nft / "fail").touch()
    for words in (["up", "--user", "990"], ["down"], ["refresh"]):
        assert main(["gateway", *words]) == 2
        assert "Operation not permitted" in capsys.readouterr().err


def test_a_resolver_that_says_nothing_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _known)
    assert gateway.addresses_of("unknown.example") == []
    assert [str(each) for each in gateway.addresses_of("api.openai.com")] == [
        "192.0.2.1", "2001:db8::1",
    ]  # fmt: skip
