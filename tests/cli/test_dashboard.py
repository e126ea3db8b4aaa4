"""`excise dashboard` serves this machine alone, tells its token once, ends when it is told to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from excise.cli.dashboard import limits_shown
from excise.cli.main import main
from excise.config import load_settings
from excise.state.counters import Charge, SqliteCounters

LINE = {"stage": "request", "time": "2030-01-01T00:00:00.000Z", "action": "allow", "would": "allow"}


def test_it_tells_an_address_serves_it_and_stops(tmp_path: Path) -> None:
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "audit.jsonl").write_text(json.dumps(LINE) + "\n")
    command = [sys.executable, "-m", "excise", "dashboard", "--at", "127.0.0.1:0"]
    with subprocess.Popen(
        [*command, "--state-dir", str(tmp_path)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        url, _, token = process.stdout.readline().strip().partition("#token=")
        headers = {"Content-Type": "application/json"}
        asked = urllib.request.Request(
            f"{url}login", json.dumps({"token": token}).encode(), headers
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
        asked = urllib.request.Request(f"{url}api/overview", headers={"Cookie": cookie})
        with urllib.request.urlopen(asked, timeout=20) as answer:
            assert json.load(answer)["totals"]["messages"] == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (["--at", "0.0.0.0:0"], "EXC-CFG-002"),
        (["--at", "192.0.2.7:80"], "EXC-CFG-002"),
        (["--at", ":8788"], "EXC-CFG-002"),
        (["--at", "nonsense"], "EXC-CFG-001"),
        (["--at", "127.0.0.1:99999"], "EXC-CFG-001"),
        (["--at", "0.0.0.0:0", "--certificate", "/nowhere.pem"], "EXC-CFG-003"),
    ],
)
def test_beyond_this_machine_it_wants_a_certificate(
    tmp_path: Path, more: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dashboard", "--state-dir", str(tmp_path), *more]) == 2
    assert code in capsys.readouterr().err


def test_limits_are_shown_fullest_first(tmp_path: Path) -> None:
    settings = load_settings({"state_dir": tmp_path}, environ={"HOME": str(tmp_path)})
    assert limits_shown(settings)["why"]
    counters = SqliteCounters(tmp_path / "limits.db", time.time)
    for key, amount in (("loops/user:a", 3), ("gone/user:b", 9)):
        counters.add([Charge(key, 10, 3600, amount)])
    told = limits_shown(settings)
    assert [(row["key"], row["used"], row["limit"]) for row in told["limits"]] == [
        ("gone/user:b", 9, 10),
        ("loops/user:a", 3, 10),
    ]
    assert told["limits"][0]["mode"] == "gone" and told["why"] == ""
