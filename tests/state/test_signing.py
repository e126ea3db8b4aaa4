"""A signing key is made once, stays the owner's, and its public half checks what it signed."""

from __future__ import annotations

from pathlib import Path

import pytest

from excise.errors import StateError
from excise.state.signing import SIGNING_KEY, load_or_create_signer, load_verifier


def test_the_public_half_checks_and_nothing_else_passes(tmp_path: Path) -> None:
    signer = load_or_create_signer(tmp_path)
    again = load_or_create_signer(tmp_path)
    assert (tmp_path / SIGNING_KEY).stat().st_mode & 0o777 == 0o600
    signature = signer.sign(b"words")
    assert len(signature) == 64
    (tmp_path / "public.pem").write_bytes(again.verifier.to_pem())
    verifier = load_verifier(tmp_path / "public.pem")
    assert verifier.key_id == signer.key_id and len(signer.key_id) == 16
    assert verifier.check(signature, b"words")
    assert not verifier.check(signature, b"other words")
    assert not verifier.check(bytes(64), b"words")
    other = load_or_create_signer(tmp_path / "other")
    assert not other.verifier.check(signature, b"words")
    held = (tmp_path / SIGNING_KEY).read_text().strip()
    assert held not in repr(signer)


@pytest.mark.parametrize(("content", "code"), [(None, "003"), (b"planted words", "002")])
def test_what_is_no_public_key_is_refused(tmp_path: Path, content: bytes | None, code: str) -> None:
    path = tmp_path / "k.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StateError, match=f"EXC-STA-{code}") as refused:
        load_verifier(path)
    assert "planted" not in str(refused.value)
