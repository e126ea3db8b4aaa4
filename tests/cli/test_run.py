"""A command runs as itself, with the settings, and only when the proxy is there."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import excise
from excise.cli.main import main


@pytest.fixture
def listening() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def excise_run(state: Path, listen: str, *command: str, **options: Any) -> subprocess.Popen[str]:
    source = str(Path(excise.__file__).parents[1])
    words = ["run", "--listen", listen, "--state-dir", str(state), "--", *command]
    return subprocess.Popen(
        [sys.executable, "-m", "excise", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": source},
        **options,
    )


def test_the_command_sees_the_settings_and_its_status_comes_through(
    tmp_path: Path, listening: str
) -> None:
    child = excise_run(tmp_path, listening, "sh", "-c", 'echo "$HTTPS_PROXY $1"; exit 7', "x", "-a")
    out, _ = child.communicate(timeout=60)
    assert out == f"http://{listening} -a\n"
    assert child.returncode == 7


def test_signals_reach_the_command(tmp_path: Path, listening: str) -> None:
    code = 'trap "echo heard; exit 3" TERM; echo up; while :; do sleep 0.05; done'
    child = excise_run(tmp_path, listening, "sh", "-c", code)
    assert child.stdout is not None
    assert child.stdout.readline() == "up\n"
    child.send_signal(signal.SIGTERM)
    out, _ = child.communicate(timeout=60)
    assert (out, child.returncode) == ("heard\n", 3)


def test_without_a_proxy_it_says_how_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    words = ["run", "--listen", f"127.0.0.1:{port}", "--state-dir", str(tmp_path), "--", "true"]
    assert main(words) == 2
    assert "excise up" in capsys.readouterr().err


@pytest.mark.parametrize(("command", "status"), [("no-such-command-here", 127), ("/", 126)])
def test_a_command_that_cannot_run_ends_as_in_a_shell(
    tmp_path: Path, listening: str, command: str, status: int
) -> None:
    child = excise_run(tmp_path, listening, command)
    _, said = child.communicate(timeout=60)
    assert child.returncode == status
    assert said.startswith(f"excise: {command}: ") and said.count("\n") == 1


def test_no_command_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--"]) == 2
    assert "no command" in capsys.readouterr().err
