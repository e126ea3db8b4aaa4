"""`excise token`: shown once on standard output, listed without its secret, revoked by id."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from excise.cli.main import main
from excise.state.users import UserFile


def test_new_list_revoke(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = ["--state-dir", str(tmp_path)]
    UserFile(tmp_path).put_user("ada")
    assert main(["token", "new", "ada", "--device", "pc", "--days", "2", *state]) == 0
    secret = capsys.readouterr().out.strip()
    token = UserFile(tmp_path).read().of_token(secret, datetime.now(UTC))
    assert token is not None
    assert (token.user, token.device) == ("ada", "pc")
    assert main(["token", "list", *state]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{token.id}  ada  pc  since ")
    assert secret not in said
    assert [main(["token", "revoke", token.id, *state]) for _ in range(2)] == [0, 1]
    assert main(["token", "new", "nobody", *state]) == 2
    assert main(["token", "new", "ada", "--days", "-1", *state]) == 2
