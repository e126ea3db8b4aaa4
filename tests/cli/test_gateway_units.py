"""Files for systemd: its own judge finds nothing wrong, and words come back as they were."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from excise.cli.gateway_units import REFRESH, RULES, TIMER, build_units
from excise.cli.main import main

VERIFY = shutil.which("systemd-analyze")


def test_each_verb_is_called_with_its_options() -> None:
    texts = build_units(["/usr/bin/excise"], ["--leave", "10.0.0.0/8"], ["--host", "a.test"])
    assert list(texts) == [RULES, REFRESH, TIMER]
    called = re.findall(r"^Exec(\w+)=(.*)$", texts[RULES], re.MULTILINE)
    assert called == [
        ("Start", "/usr/bin/excise gateway up --leave 10.0.0.0/8"),
        ("Reload", "/usr/bin/excise gateway refresh --host a.test"),
        ("Stop", "/usr/bin/excise gateway down"),
    ]
    assert f"ExecStart={called[1][1]}\n" in texts[REFRESH]
    assert "OnUnitActiveSec=5min" in texts[TIMER]


def test_the_command_writes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--user", "990", "--listen", ":9000", "--interface", "lan0", "--no-local"]
    words += ["--leave", "10.0.0.0/8", "--host", "mine.test", "--quic", "llm"]
    assert main(["gateway", "units", "--to", str(tmp_path), *words]) == 0
    assert {each.name for each in tmp_path.iterdir()} == {RULES, REFRESH, TIMER}
    text = (tmp_path / RULES).read_text()
    assert (
        "gateway up --listen :9000 --user 990 --quic llm --interface lan0 --leave 10.0.0.0/8 "
        "--no-local --host mine.test\n"
    ) in text
    assert f"systemctl enable --now {RULES} {TIMER}" in capsys.readouterr().out
    assert main(["gateway", "units", "--to", str(tmp_path / "none"), *words]) == 2
    assert main(["gateway", "units", "--to", str(tmp_path), "--interface", "no name"]) == 2


@pytest.mark.skipif(VERIFY is None, reason="LEFT OUT: systemd-analyze is not installed")
def test_systemd_takes_them(tmp_path: Path) -> None:
    for name, text in build_units(["/bin/true"], ["--leave", "10.0.0.0/8"], []).items():
        (tmp_path / name).write_text(text)
    words = [str(VERIFY), "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    ours = [line for line in done.stderr.splitlines() if "excise" in line]
    assert (done.returncode, ours) == (0, [])
