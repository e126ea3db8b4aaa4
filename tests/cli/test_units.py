"""The files say what the managers read back as it was meant, and confine the proxy."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.cli.units import MARK, Job, build_launchd, build_systemd

JOB = Job(
    words=("/bin/true", "up", "--profile", 'a b"c\\d$HOME%h'),
    environment={"EXCISE_LISTEN": "127.0.0.1:9", "EXCISE_RESOLVE": "a b%c"},
    folders=[Path("/srv/ada/state dir"), Path("/srv/ada/audit")],
    stop_seconds=20,
)
HOME = Path("/srv/ada")


def lines_of(text: str, key: str) -> list[str]:
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def read_back(text: str) -> list[str]:
    """The words of a line, by systemd.syntax(7) as far as we write it."""
    words, rest = [], text.strip()
    while rest:
        if rest[0] == '"':
            end, word = 1, ""
            while rest[end] != '"':
                end += rest[end] == "\\"
                word += rest[end]
                end += 1
            words.append(word)
            rest = rest[end + 1 :].lstrip()
        else:
            word, _, rest = rest.partition(" ")
            words.append(word)
    return [word.replace("%%", "%").replace("$$", "$") for word in words]


words = st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), min_size=1)


@given(st.lists(words, min_size=1, max_size=4))
def test_systemd_reads_back_the_words(meant: list[str]) -> None:
    unit = build_systemd(JOB._replace(words=meant), HOME, HOME / ".config")
    assert read_back(lines_of(unit.text, "ExecStart")[0]) == meant


def test_systemd_confines_it_to_its_folders() -> None:
    unit = build_systemd(JOB, HOME, HOME / ".config")
    assert unit.file == HOME / ".config/systemd/user/excise.service"
    assert read_back(lines_of(unit.text, "ReadWritePaths")[0]) == [str(f) for f in JOB.folders]
    confined = {
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "read-only",
        "SystemCallFilter": "@system-service",
        "RestrictNamespaces": "user net",
    }
    for name, value in confined.items():
        assert lines_of(unit.text, name) == [value]
    assert [read_back(line)[0] for line in lines_of(unit.text, "Environment")] == [
        "EXCISE_LISTEN=127.0.0.1:9", "EXCISE_RESOLVE=a b%c",
    ]  # fmt: skip


def test_without_user_namespaces_the_rest_stays() -> None:
    text = build_systemd(JOB, HOME, HOME, sandbox=False).text
    assert "PrivateUsers" not in text and "ProtectSystem" not in text
    assert lines_of(text, "NoNewPrivileges") == ["yes"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd on this machine")
@pytest.mark.parametrize("sandbox", [True, False])
def test_systemd_finds_no_fault_in_it(tmp_path: Path, sandbox: bool) -> None:
    unit = build_systemd(JOB, tmp_path, tmp_path, sandbox=sandbox)
    unit.file.parent.mkdir(parents=True)
    unit.file.write_text(unit.text)
    words = ["systemd-analyze", "verify", "--user", "--man=no", str(unit.file)]
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, env=env)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    unit.file.write_text(unit.text.replace("UMask=0077", "UMask=rwx").replace("[Unit]", "[Uni]"))
    broken = subprocess.run(words, capture_output=True, text=True, timeout=60, env=env)
    assert "excise.service" in broken.stderr


def test_launchd_reads_its_property_list() -> None:
    agent = build_launchd(JOB, HOME, HOME / "state", 501)
    read = plistlib.loads(agent.text.encode())
    assert agent.file == HOME / "Library/LaunchAgents/local.excise.proxy.plist"
    assert read["ProgramArguments"] == list(JOB.words)
    assert read["EnvironmentVariables"] == JOB.environment
    assert read["KeepAlive"] == {"SuccessfulExit": False} and read["RunAtLoad"] is True
    assert read["Umask"] == 0o077 and MARK in agent.text
    assert agent.leave == (("launchctl", "bootout", "gui/501/local.excise.proxy"),)
