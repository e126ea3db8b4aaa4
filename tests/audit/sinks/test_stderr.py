"""A line for each alert, of words alone."""

from __future__ import annotations

import pytest

from excise.audit.sinks.stderr import Stderr, render


def test_an_alert_is_a_line_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    Stderr().send([b'{"alert":"own.code","done":"alert","id":"7","more":3}', b'{"alert":"x"}'])
    Stderr().close()
    assert capsys.readouterr().err == "alert: own.code and 3 more done=alert id=7\nalert: x\n"


def test_what_no_operator_asked_for_is_left_out() -> None:
    assert render({"alert": "a", "seq": 1, "worker": "w"}) == "alert: a"
