"""The newest line is remembered outside the trail, owner-only."""

from __future__ import annotations

from pathlib import Path

import pytest

from excise.audit.chain import Head
from excise.audit.heads import HeadFile, head_path, read_head
from excise.errors import AuditError


def test_a_head_reads_back_and_is_written_over(tmp_path: Path) -> None:
    path = head_path(tmp_path / "state", tmp_path / "audit.jsonl")
    assert read_head(path) is None
    held = HeadFile(path)
    for seq in (1, 999_999_999_999):
        held.write(Head(seq, "a" * 64))
        assert read_head(path) == Head(seq, "a" * 64)
    held.close()
    held.close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_trails_of_one_name_in_two_places_have_two_heads(tmp_path: Path) -> None:
    paths = {head_path(tmp_path, tmp_path / place / "audit.jsonl") for place in "ab"}
    assert len(paths) == 2


def test_what_is_no_head_is_refused_without_showing_it(tmp_path: Path) -> None:
    path = tmp_path / "t.head"
    path.write_bytes(b"")
    assert read_head(path) is None
    path.write_bytes(b"planted words")
    with pytest.raises(AuditError, match="EXC-AUD-004") as refused:
        read_head(path)
    assert "planted" not in str(refused.value)
    with pytest.raises(AuditError, match="EXC-AUD-001"):
        read_head(tmp_path)
