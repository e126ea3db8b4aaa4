"""`excise facts` keeps facts, and holds texts against them."""

from pathlib import Path

import pytest

from excise.cli.main import main

FACTS = """\
facts:
  - {name: refund, about: [refund], value: 30 days}
  - {name: seat, about: [head office], value: Oudenbosch, wrong: [Berlin]}
"""


def test_facts_are_loaded_asked_and_forgotten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--state-dir", str(tmp_path / "state")]
    file, text = tmp_path / "facts.yaml", tmp_path / "text"
    file.write_text(FACTS)
    text.write_text("A refund is paid within 14 days.")
    assert main(["facts", "load", "shop", str(file), *home]) == 0
    assert main(["facts", "test", str(text), *home]) == 1
    assert "14 days" in capsys.readouterr().out
    text.write_text("A refund is paid within 30 days.")
    assert main(["facts", "test", str(text), *home]) == 0
    assert main(["facts", "list", *home]) == 0
    assert "Oudenbosch" in capsys.readouterr().out
    assert main(["facts", "remove", "shop", *home]) == 0


@pytest.mark.parametrize(
    "text",
    [
        "facts: [{name: a, about: [x], value: yes}]",
        "facts: [{name: 'a b', about: [x], value: 3 days}]",
        "facts: [{name: a, about: [x], value: 3 days, more: 1}]",
    ],
)
def test_what_can_be_no_fact_is_refused_with_its_place(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "f.yaml").write_text(text)
    assert main(["facts", "load", "a", str(tmp_path / "f.yaml")]) != 0
    assert "f.yaml" in capsys.readouterr().err
