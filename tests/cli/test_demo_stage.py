"""Starting, reading and stopping a proxy process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from excise.cli.demo_stage import ProxyProcess
from excise.errors import ConfigError
from excise.standin.server import StandIn


@pytest.fixture
def proxy(tmp_path: Path) -> ProxyProcess:
    return ProxyProcess(tmp_path / "proxy", StandIn(tmp_path / "standin"))


@pytest.mark.live
def test_a_proxy_that_does_not_start_says_why(tmp_path: Path) -> None:
    standin = StandIn(tmp_path / "standin")
    proxy = ProxyProcess(tmp_path / "proxy", standin, ["--mode", "sideways"])
    with pytest.raises(ConfigError, match=r"did not start: .*sideways|EXC-CFG-001"), proxy:
        pass
    assert proxy.process.poll() == 2


def test_only_whole_lines_of_the_trail_are_read(proxy: ProxyProcess) -> None:
    assert proxy.lines() == []
    proxy.trail.parent.mkdir(parents=True)
    proxy.trail.write_text("\n".join(json.dumps({"n": n}) for n in range(3)) + '\n{"n": ')
    assert proxy.lines(1) == [{"n": 1}, {"n": 2}]
    assert proxy.await_lines(1, 2) == [{"n": 1}, {"n": 2}]
    assert proxy.await_lines(1, 3, seconds=0.05) == [{"n": 1}, {"n": 2}]


def test_values_are_found_in_every_file_below(proxy: ProxyProcess) -> None:
    for name, text in [("stderr.txt", "x planted y"), ("state/deep/f", "planted"), ("ca/z", "no")]:
        path = proxy.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert proxy.find_leaks(["planted", "other"]) == ["state/deep/f", "stderr.txt"]
