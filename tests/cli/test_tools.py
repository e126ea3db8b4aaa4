"""What is pinned is listed by names of fields, accepted and forgotten."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from described import served

from excise.cli.main import main
from excise.detectors.tools.pins import Pins, Server
from excise.state.pins import NAME, SqlitePins

SERVER = Server(("mcp.example",), "mcp.example")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "200")
    seen(tmp_path, "Adds.", "Sends.")
    seen(tmp_path, "Adds all.", "Sends.")
    return tmp_path


def seen(state: Path, add: str, mail: str) -> list[str]:
    """The names of tools that are told."""
    pins = Pins(SqlitePins(state / NAME), clock=lambda: 86_400.0)
    tools = [{"name": "add", "description": add}, {"name": "mail", "description": mail}]
    return [each.name for each, *_ in pins.seen(SERVER, served(*tools), holds=True, more=False)]


def run(state: Path, *words: str) -> int:
    return main(["tools", "pins", *words, "--state-dir", os.fspath(state)])


def test_the_list_tells_what_changed_and_no_words_of_it(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(state, "list") == 1
    lines = [line for line in capsys.readouterr().out.splitlines() if "mcp.example" in line]
    assert [("add" in each, "description" in each, "waits" in each) for each in lines] == [
        (True, True, True), (False, False, False),
    ]  # fmt: skip
    assert "1970-01-02" in lines[0] and "Adds" not in "".join(lines)
    assert run(state, "list", "--waiting") == 1
    assert "mail" not in capsys.readouterr().out


def test_what_is_accepted_is_known_and_what_is_forgotten_is_new(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seen(state, "Adds all.", "Sends.") == ["add"]
    assert run(state, "accept", "--all") == 0
    assert "1 tools are accepted" in capsys.readouterr().out
    assert seen(state, "Adds all.", "Sends.") == seen(state, "Adds.", "Sends.") == []
    assert run(state, "list") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "mail" in line]
    assert run(state, "forget", line.split()[1]) == 0
    assert seen(state, "Adds.", "Sends mine.") == ["mail"]  # new, as it is now
    assert run(state, "list") == 0
    assert run(state, "forget", "--all") == 0 and seen(state, "Ads.", "Spends.") == []


def test_an_id_that_is_none_is_refused(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(state, "accept", "000000000000") == 2
    assert "EXC-CFG-003" in capsys.readouterr().err
