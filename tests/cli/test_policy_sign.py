"""The key is made once, and what is printed is its public half."""

from __future__ import annotations

from pathlib import Path

import pytest

from excise.cli.main import main
from excise.state.seals import SEAL, read_seal
from excise.state.signing import POLICY_KEY, load_verifier


def test_signing_and_printing_use_one_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, folder = tmp_path / "state", tmp_path / "policy"
    folder.mkdir()
    (folder / "limits.yaml").write_text("limits: []\n")
    words = ["--state-dir", str(state)]
    assert main(["policy", "sign", "--policies", str(folder), *words]) == 0
    capsys.readouterr()
    assert main(["policy", "key", *words]) == 0
    public = tmp_path / "public.pem"
    public.write_text(capsys.readouterr().out)
    assert set(read_seal(folder, load_verifier(public)).digests) == {"limits.yaml"}
    assert (state / POLICY_KEY).stat().st_mode & 0o077 == 0
    assert not (folder / SEAL).with_suffix(".draft").exists()
