"""`excise topics`: trained from YAML, tested on texts, read by rules."""

from pathlib import Path

import pytest

from excise.cli.main import main

FILE = """\
topics:
  - name: wine
    examples:
      - How do I prune the vines before spring?
      - Which barrels suit a young red wine from our cellar?
      - The grapes of the southern vineyard ripen late this year.
      - Ferment the juice at eighteen degrees, then rack the wine.
      - What pairs with a dry riesling from the estate?
  - name: off-topic
    allowed: [finance, investment, banking]
"""


def written(tmp_path: Path, text: str, name: str = "topics.yaml") -> str:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return str(path)


def test_topics_are_trained_listed_tested_and_forgotten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = ["--state-dir", str(tmp_path / "state")]
    assert main(["topics", "train", written(tmp_path, FILE), *state]) == 0
    said = capsys.readouterr().out
    assert "wine: finds" in said
    assert "off-topic: everything but finance, investment, banking" in said
    assert main(["topics", "list", *state]) == 0
    assert "wine" in capsys.readouterr().out
    asked = written(tmp_path, "Should the wine of these grapes stay in oak barrels?", "a.txt")
    assert main(["topics", "test", asked, *state]) == 1
    assert "wine" in capsys.readouterr().out
    assert main(["topics", "remove", "wine", *state]) == 0
    banking = written(tmp_path, "Why was my debit card declined?", "b.txt")
    assert main(["topics", "test", banking, *state]) == 0


@pytest.mark.parametrize(
    "text",
    [
        "topics:\n  - name: wine\n    examples: [one, two]\n",
        "topics:\n  - name: wine\n",
        "topics:\n  - name: banking\n    allowed: [finance]\n",
        "topics:\n  - name: no/name\n    allowed: [finance]\n",
        "topics:\n  - name: off\n    allowed: [unicorns]\n",
    ],
)
def test_a_topic_that_cannot_be_made_is_an_error_with_its_place(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["topics", "train", written(tmp_path, text), "--state-dir", str(tmp_path / "state")]
    assert main(asked) == 2
    assert "topics.yaml:2" in capsys.readouterr().err
