"""A file is the switch; where nobody can tell, nothing passes either."""

import os
from pathlib import Path

import pytest

from excise.model import Halt
from excise.state.kill import KillSwitch


def test_on_and_off(tmp_path: Path) -> None:
    switch = KillSwitch(tmp_path / "state")
    assert switch.halt() is None
    switch.turn_on("An incident.")
    assert switch.halt() is Halt.SWITCHED and switch.reason() == "An incident."
    assert KillSwitch(tmp_path / "state").halt() is Halt.SWITCHED
    assert switch.turn_off() and not switch.turn_off()
    assert switch.halt() is None and switch.reason() == ""


def test_where_nobody_can_tell_nothing_passes_either(tmp_path: Path) -> None:
    (tmp_path / "state").symlink_to(tmp_path / "state")  # a loop
    assert KillSwitch(tmp_path / "state").halt() is Halt.AWAY


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look everywhere")
def test_in_a_folder_that_is_locked_nobody_can_tell(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o000)
    assert KillSwitch(tmp_path / "state").halt() is Halt.AWAY
