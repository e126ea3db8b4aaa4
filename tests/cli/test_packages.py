"""`excise packages` keeps lists of names as filters, and holds texts against them."""

from pathlib import Path

import pytest

from excise.cli.main import main


def test_a_list_is_made_asked_and_forgotten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--state-dir", str(tmp_path / "state")]
    names, text = tmp_path / "names", tmp_path / "text"
    names.write_text("requests\nFlask\n\n# a comment\n")
    assert main(["packages", "index", "pip", str(names), *home]) == 0
    assert "2 packages" in capsys.readouterr().out
    text.write_text("pip install flask\nnpm install express\n")
    assert main(["packages", "test", str(text), *home]) == 0
    assert "no list" in capsys.readouterr().out
    text.write_text("pip install flazk\n")
    assert main(["packages", "test", str(text), *home]) == 1
    assert main(["packages", "list", *home]) == 0
    assert "pip: 2 packages" in capsys.readouterr().out
    assert main(["packages", "remove", "pip", *home]) == 0
    assert main(["packages", "test", str(text), *home]) == 0


def test_an_empty_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "names").write_text("# nothing\n")
    assert main(["packages", "index", "npm", str(tmp_path / "names")]) != 0
