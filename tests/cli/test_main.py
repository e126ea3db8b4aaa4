"""The command line finds its commands, and turns faults into one line."""

import importlib

import pytest

from excise import __version__
from excise.cli.main import COMMANDS, build_parser, main


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_explains_itself(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each module can be imported, and `--help` ends well."""
    importlib.import_module(f"excise.cli.{name}")
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"excise {name}" in capsys.readouterr().out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Without loading any command."""
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"excise {__version__}\n"


@pytest.mark.parametrize("words", [[], ["nonsense"], ["scan", "--nonsense"]])
def test_a_wrong_line_ends_with_two(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """And says on standard error what was wrong."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "excise" in capsys.readouterr().err


def test_a_fault_somebody_can_mend_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback, exit status 2, with the code."""
    assert main(["policy", "lint", "--profile", "nowhere"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("excise: ")
    assert "EXC-CFG-003" in error
    assert error.count("\n") == 1


def test_only_the_asked_command_is_imported() -> None:
    """The others are named with their summaries."""
    assert all(name in build_parser(None).format_help() for name in COMMANDS)
