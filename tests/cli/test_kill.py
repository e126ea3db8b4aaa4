"""`excise kill` moves the switch that every proxy of the state folder looks at."""

from pathlib import Path

import pytest

from excise.cli.main import main
from excise.state.kill import KillSwitch


def test_on_status_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = ["--state-dir", str(tmp_path)]
    assert main(["kill", "status", *state]) == 0
    assert main(["kill", "on", "--because", "An incident.", *state]) == 0
    assert KillSwitch(tmp_path).is_on()
    capsys.readouterr()
    assert main(["kill", "status", *state]) == 1
    assert capsys.readouterr().out == "on: An incident.\n"
    assert main(["kill", "off", *state]) == 0
    assert not KillSwitch(tmp_path).is_on()
    assert main(["kill", "off", *state]) == 0
