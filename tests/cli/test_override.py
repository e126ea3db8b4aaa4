"""`excise override` writes one grant, for a reference and a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from excise.cli.main import main

ID = "ab" * 16


def test_a_grant_is_written(tmp_path: Path) -> None:
    """Where the proxy looks for it."""
    assert main(["override", ID, "--because", "for the audit", "--state-dir", str(tmp_path)]) == 0
    assert (tmp_path / "overrides" / "granted" / ID).read_text() == "for the audit"


@pytest.mark.parametrize(("reference", "because"), [("nonsense", "for the audit"), (ID, "ok")])
def test_a_mistake_is_told(
    tmp_path: Path, reference: str, because: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its code."""
    words = ["override", reference, "--because", because, "--state-dir", str(tmp_path)]
    assert main(words) == 2
    assert "EXC-STA-004" in capsys.readouterr().err
