"""`excise kill` moves the switch that every proxy of the state folder looks at."""

from pathlib import Path

import pytest

from excise.cli.main import main
from excise.model import Halt
from excise.state.kill import KillSwitch


def test_on_status_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = ["--state-dir", str(tmp_path)]
    assert main(["kill", "status", *state]) == 0
    assert main(["kill", "on", "--because", "An incident.", *state]) == 0
    assert KillSwitch(tmp_path).halt() is Halt.SWITCHED
    capsys.readouterr()
    assert main(["kill", "status", *state]) == 1
    assert capsys.readouterr().out == "on: An incident.\n"
    assert main(["kill", "off", *state]) == 0
    assert KillSwitch(tmp_path).halt() is None
    assert main(["kill", "off", *state]) == 0


def test_where_nobody_can_tell_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And does not call it off."""
    (tmp_path / "state").symlink_to(tmp_path / "state")  # a loop
    assert main(["kill", "status", "--state-dir", str(tmp_path / "state")]) == 2
    said = capsys.readouterr()
    assert said.out == "" and "nobody can tell" in said.err and "EXC-STA-006" in said.err
