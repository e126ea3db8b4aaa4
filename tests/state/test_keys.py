"""A key is made once, whoever asks, and is nobody else's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from excise.errors import StateError
from excise.state import keys
from excise.state.keys import KEY_BYTES, derive, load_or_create_key


def test_a_key_is_made_once_and_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "state" / "key"
    key = load_or_create_key(path)
    assert len(key) == KEY_BYTES
    assert load_or_create_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    load_or_create_key(path)
    path.chmod(mode)
    with pytest.raises(StateError) as refused:
        load_or_create_key(path)
    assert refused.value.code == "EXC-STA-001"


def test_a_key_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    load_or_create_key(path)
    real = os.fstat

    def foreign(fd: int) -> os.stat_result:
        facts = list(real(fd))
        facts[4] = os.geteuid() + 1
        return os.stat_result(facts)

    monkeypatch.setattr(keys.os, "fstat", foreign)
    with pytest.raises(StateError, match="EXC-STA-001"):
        load_or_create_key(path)


@pytest.mark.parametrize("text", [b"", b"zz" * 32, b"ab" * 31, b"ab" * 33, b"\xff" * 64])
def test_a_malformed_key_is_refused_and_not_shown(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(text)
    path.chmod(0o600)
    with pytest.raises(StateError) as refused:
        load_or_create_key(path)
    assert refused.value.code == "EXC-STA-002"
    assert "abab" not in str(refused.value)


def test_a_link_and_a_folder_that_cannot_be_made_are_refused(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("ab" * 32)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for path in (tmp_path / "link", tmp_path / "real" / "key"):
        with pytest.raises(StateError) as refused:
            load_or_create_key(path)
        assert refused.value.code == "EXC-STA-003"


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from excise.state.keys import load_or_create_key;"
        "sys.stdin.readline(); print(load_or_create_key(Path(sys.argv[1])).hex())"
    )
    source = str(Path(keys.__file__).parents[2])
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "state" / "key")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": source},
        )
        for _ in range(4)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    said = {child.communicate(timeout=60)[0] for child in children}
    assert len(said) == 1 and len(said.pop().strip()) == 2 * KEY_BYTES


def test_purposes_get_keys_of_their_own() -> None:
    key = bytes(range(KEY_BYTES))
    derived = {derive(key, purpose) for purpose in ("placeholders", "fingerprints")}
    assert len(derived | {key}) == 3
    assert derive(key, "placeholders") in derived


def test_derivation_is_the_standard_one() -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    key = bytes(range(KEY_BYTES))
    reference = HKDF(hashes.SHA256(), 32, salt=None, info=b"excise placeholders").derive(key)
    assert derive(key, "placeholders") == reference
