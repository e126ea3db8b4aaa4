"""`excise canary` shows a value once and keeps none of it."""

from pathlib import Path

import pytest

from excise.cli.canary import STYLES
from excise.cli.main import main


@pytest.mark.parametrize("style", STYLES)
def test_a_canary_is_made_listed_and_forgotten(
    style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its value stands in no file, and no two are alike."""
    home = ["--state-dir", str(tmp_path)]
    shown = []
    for name in ("one", "two"):
        assert main(["canary", "new", name, "--style", style, *home]) == 0
        shown.append(capsys.readouterr().out.strip())
    assert shown[0] != shown[1]
    assert main(["canary", "new", "one", *home]) != 0
    capsys.readouterr()
    assert main(["canary", "list", *home]) == 0
    assert capsys.readouterr().out.split() == ["one", "two"]
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not any(
        word.encode() in kept for text in shown for word in text.split() if len(word) > 16
    )
    assert main(["canary", "remove", "one", *home]) == 0
    assert main(["canary", "new", "a/b", *home]) != 0
