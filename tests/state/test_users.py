"""Users: an owner-only file without a password in it, changed whole, read strictly."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from excise.errors import StateError
from excise.state.users import UserFile, hash_password, is_password

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def test_a_password_fits_its_hash_alone_and_none_fits_an_unknown_user() -> None:
    secret = hash_password("correct horse")
    assert is_password(secret, "correct horse")
    assert not is_password(secret, "correct horsf")
    assert not is_password("", "correct horse")
    assert not is_password("no hash at all", "correct horse")
    with pytest.raises(StateError, match="EXC-STA-005"):
        hash_password("short")


def test_users_and_tokens_live_in_one_owner_only_file(tmp_path: Path) -> None:
    file = UserFile(tmp_path / "state")
    assert file.read().users == {}
    before = file.stamp()
    file.put_user("ada", group="eng", secret="hash")
    token, secret = file.new_token("ada", "laptop", now=NOW, until=NOW + timedelta(days=1))
    assert file.stamp() != before
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert secret not in file.path.read_text()
    read = file.read()
    assert (read.users["ada"].group, read.users["ada"].secret) == ("eng", "hash")
    assert read.of_token(secret, NOW) == token
    assert read.of_token(secret, NOW + timedelta(days=2)) is None
    assert read.of_token("excise_other", NOW) is None


def test_revoking_and_removing_take_away_what_they_name(tmp_path: Path) -> None:
    file = UserFile(tmp_path)
    file.put_user("ada")
    file.put_user("bob")
    one, _ = file.new_token("ada", "one", now=NOW)
    two, _ = file.new_token("ada", "two", now=NOW)
    kept, _ = file.new_token("bob", "pc", now=NOW)
    assert (file.revoke_token(one.id), file.revoke_token(one.id)) == (True, False)
    assert set(file.read().tokens) == {two.digest, kept.digest}
    assert (file.remove_user("ada"), file.remove_user("ada")) == (True, False)
    assert set(file.read().tokens) == {kept.digest}


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 65, "a:b"])
def test_names_that_cannot_be_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StateError, match="EXC-STA-005"):
        UserFile(tmp_path).put_user(name)
    with pytest.raises(StateError, match="EXC-STA-005"):
        UserFile(tmp_path).new_token("nobody", "pc", now=NOW)


def test_what_others_may_read_and_what_is_no_list_is_refused(tmp_path: Path) -> None:
    file = UserFile(tmp_path)
    file.put_user("ada")
    file.path.chmod(0o644)
    with pytest.raises(StateError, match="EXC-STA-001"):
        file.read()
    for text in ("{", "[]", '{"version": 2}', '{"version": 1, "users": [1], "tokens": []}'):
        file.path.write_text(text)
        file.path.chmod(0o600)
        with pytest.raises(StateError, match="EXC-STA-002"):
            file.read()
