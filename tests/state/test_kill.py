"""A file is the switch; where nobody can tell, nothing passes either."""

import os
from pathlib import Path

import pytest

from excise.model import Halt
from excise.state.kill import STALE, KillSwitch, Watched


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


def test_who_cannot_wait_goes_by_the_last_look(tmp_path: Path) -> None:
    """And by nothing that is too old; what this process turned on itself holds at once."""
    now = [0.0]
    switch = KillSwitch(tmp_path)
    watched = Watched(switch, clock=lambda: now[0])
    assert watched.halt() is None
    switch.turn_on()
    assert watched.halt() is None
    watched.look()
    assert watched.halt() is Halt.SWITCHED
    switch.turn_off()
    watched.look()
    assert watched.halt() is None
    now[0] = STALE
    assert watched.halt() is Halt.AWAY
    watched.look()
    assert watched.halt() is None
    watched.turn_on()
    assert watched.halt() is Halt.SWITCHED is switch.halt()
