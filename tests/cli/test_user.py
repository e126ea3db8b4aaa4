"""`excise user`: the password comes from standard input and is never shown."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from excise.cli.main import main
from excise.state.users import UserFile, is_password


def test_add_list_remove(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    state = ["--state-dir", str(tmp_path)]
    monkeypatch.setattr("sys.stdin", io.StringIO("a long password\n"))
    assert main(["user", "add", "ada", "--group", "eng", *state]) == 0
    assert main(["user", "add", "bot", "--no-password", *state]) == 0
    assert is_password(UserFile(tmp_path).read().users["ada"].secret, "a long password")
    assert main(["user", "list", *state]) == 0
    said = capsys.readouterr().out
    assert "ada  group eng  password  0 tokens" in said
    assert "bot  group -  no password  0 tokens" in said
    assert "long password" not in said
    assert [main(["user", "remove", "ada", *state]) for _ in range(2)] == [0, 1]
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert main(["user", "add", "eve", *state]) == 2
