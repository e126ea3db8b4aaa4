"""The service is written, started, asked for and taken away; `--print` does none of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from excise.cli.main import main
from excise.cli.service import build_job
from excise.config import load_settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, and in place of systemctl one that notes what it is told."""
    tool = tmp_path / "bin" / "systemctl"
    tool.parent.mkdir()
    tool.write_text(
        f'#!/bin/sh\necho "$@" >>{tmp_path}/told\n'
        'case "$*$BROKEN" in *daemon-reload1) echo "No bus." >&2; exit 1;; esac\n'
        "echo active\n"
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    return tmp_path


def service(verb: str, *words: str) -> int:
    return main(["service", verb, "--manager", "systemd", *words])


def unit(home: Path) -> Path:
    return home / ".config/systemd/user/excise.service"


def told(home: Path) -> list[str]:
    return (home / "told").read_text().splitlines() if (home / "told").exists() else []


def test_print_says_everything_and_does_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(home.rglob("*"))
    assert service("install", "--print", "--listen", "127.0.0.1:9") == 0
    shown = capsys.readouterr().out
    assert "--listen 127.0.0.1:9" in shown and "systemctl --user enable excise.service" in shown
    assert service("remove", "--print") == 0
    assert f"rm {unit(home)}" in capsys.readouterr().out
    assert sorted(home.rglob("*")) == before


def test_install_twice_then_remove_leaves_nothing_but_the_state(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert service("status") == 1
    assert service("install") == service("install", "--no-sandbox") == 0
    assert "PrivateUsers" not in unit(home).read_text()
    assert unit(home).stat().st_mode & 0o777 == 0o600
    assert told(home)[:3] == [
        "--user daemon-reload", "--user enable excise.service", "--user restart excise.service",
    ]  # fmt: skip
    assert (home / ".local/state/excise/ca/mitmproxy-ca.pem").exists()
    capsys.readouterr()
    assert service("status") == 0
    assert capsys.readouterr().out == "active\n"
    assert service("remove") == 0
    assert not unit(home).exists()
    assert told(home)[-2:] == ["--user disable --now excise.service", "--user daemon-reload"]
    assert service("remove") == 0
    assert (home / ".local/state/excise/ca/mitmproxy-ca.pem").exists()


def test_a_file_of_somebody_elses_stays(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unit(home).parent.mkdir(parents=True)
    unit(home).write_text("[Service]\nExecStart=mine\n")
    for verb in ("install", "remove"):
        assert service(verb) == 2
        assert "EXC-CFG-003" in capsys.readouterr().err
    assert "mine" in unit(home).read_text() and not told(home)


def test_a_manager_that_fails_is_quoted(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BROKEN", "1")
    assert service("install") == 2
    said = capsys.readouterr().err
    assert "daemon-reload failed: No bus. " in said and "EXC-CFG-008" in said


def test_a_system_without_a_known_manager_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "plan9")
    assert main(["service", "install"]) == 2
    assert "docs/laptop.md" in capsys.readouterr().err


def test_what_was_given_here_comes_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {"HOME": str(tmp_path), "EXCISE_WORKERS": "2", "EXCISE_PYTHON": "x", "OTHER": "y",
               "XDG_STATE_HOME": "/s"}  # fmt: skip
    given = {"listen": "127.0.0.1:9", "state_dir": Path("here"), "profile": "own.yaml"}
    job = build_job(given, load_settings(given, environ=environ), environ)
    assert job.words[3:] == (
        "up", "--listen", "127.0.0.1:9", "--state-dir", str(tmp_path / "here"),
        "--profile", str(tmp_path / "own.yaml"),
    )  # fmt: skip
    assert set(job.environment) == {"EXCISE_WORKERS", "XDG_STATE_HOME", "PYTHONPATH"}
    assert job.folders[0] == tmp_path / "here"
