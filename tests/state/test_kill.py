"""A file is the switch; where nobody can tell, it is on."""

import os
from pathlib import Path

import pytest

from excise.state.kill import KillSwitch


def test_on_and_off(tmp_path: Path) -> None:
    switch = KillSwitch(tmp_path / "state")
    assert not switch.is_on()
    switch.turn_on("An incident.")
    assert switch.is_on() and switch.reason() == "An incident."
    assert KillSwitch(tmp_path / "state").is_on()
    assert switch.turn_off() and not switch.turn_off()
    assert not switch.is_on() and switch.reason() == ""


def test_where_nobody_can_tell_it_is_on(tmp_path: Path) -> None:
    (tmp_path / "state").symlink_to(tmp_path / "state")  # a loop
    assert KillSwitch(tmp_path / "state").is_on()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look everywhere")
def test_a_folder_that_is_locked_counts_as_on(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o000)
    assert KillSwitch(tmp_path / "state").is_on()
