"""The kernel's table through nft: what it says, and what becomes of its refusals."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from excise.cli import nft
from excise.errors import ConfigError

NFT = """\
#!/bin/sh
here=$(dirname "$0")
if [ -f "$here/fail" ]; then printf '\\n  Error: PLANTED not permitted.\\nmore\\n' >&2; exit 1; fi
case "$*" in
  "list tables") cat "$here/tables" ;;
  "list table inet excise") echo "table inet excise { }" ;;
  *) cat > "$here/told" ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "nft").write_text(NFT)
    (tmp_path / "nft").chmod(0o755)
    (tmp_path / "tables").write_text("table ip nat\ntable inet excise\n")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def test_the_table_is_listed_where_it_stands(folder: Path) -> None:
    assert nft.listed() == "table inet excise { }\n"
    (folder / "tables").write_text("table inet excise2\n")
    assert nft.listed() == ""


def test_rules_are_given_whole(folder: Path) -> None:
    nft.apply("add table inet excise\n")
    assert (folder / "told").read_text() == "add table inet excise\n"


def test_a_refusal_says_why(folder: Path) -> None:
    (folder / "fail").touch()
    for call in (nft.listed, lambda: nft.apply("x")):
        with pytest.raises(ConfigError, match=r"rules: Error: PLANTED not permitted\. "):
            call()


def test_without_the_program_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nft.shutil, "which", lambda *_, **__: None)
    with pytest.raises(ConfigError, match="Install nftables"):
        nft.listed()
