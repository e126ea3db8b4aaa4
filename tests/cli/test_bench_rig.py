"""Processes of a benchmark and what they cost."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from excise.cli.bench_rig import Proxy, Rig, _cpu, tree
from excise.errors import ConfigError

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


@linux
def test_the_tree_holds_children_of_children() -> None:
    code = "import subprocess,sys; subprocess.run([sys.executable, '-c', 'input()'])"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    try:
        while len(tree(process.pid)) < 2:
            assert process.poll() is None
        assert tree(process.pid)[0] == process.pid
        assert os.getpid() not in tree(process.pid)
    finally:
        process.communicate(b"\n", timeout=10)


@linux
def test_cpu_time_only_grows_and_is_nothing_for_who_is_gone() -> None:
    before = _cpu(os.getpid())
    assert before > 0
    while _cpu(os.getpid()) == before:
        sum(range(10_000))
    assert _cpu(2**22 + 1) == 0


@linux
def test_the_cost_of_a_proxy_is_that_of_its_tree() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True)
    try:
        assert Proxy("x", process, 1, Path()).cpu_seconds() >= 0
    finally:
        process.communicate("\n", timeout=10)


@linux
def test_measuring_waits_until_the_work_of_the_start_is_over(tmp_path: Path) -> None:
    """And not for ever."""
    busy = "import time; end = time.monotonic() + 0.6\nwhile time.monotonic() < end: pass\ninput()"
    rig = Rig(tmp_path)
    process = rig.start([sys.executable, "-c", busy], stdin=subprocess.PIPE)
    rig.proxies.append(Proxy("x", process, 1, Path()))
    try:
        rig.settle(quiet=0.1, patience=0.01)
        assert rig.proxies[0].cpu_seconds() < 0.5
        rig.settle(quiet=0.5, patience=30)
        before = rig.proxies[0].cpu_seconds()
        assert before > 0.05
        time.sleep(0.1)
        assert rig.proxies[0].cpu_seconds() == before
    finally:
        process.communicate("\n", timeout=10)
        rig.close()


def test_what_does_not_start_is_told_with_its_own_words(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    code = "import sys; sys.exit('it says why')"
    with pytest.raises(ConfigError, match="it says why"):
        rig.start_excise("x", [sys.executable, "-c", code], [])
    rig.close()


def test_everything_started_is_ended(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.start_upstream(3)
    assert rig.upstream > 0
    process = rig._started[0]
    rig.close()
    assert process.returncode is not None
