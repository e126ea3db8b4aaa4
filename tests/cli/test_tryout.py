"""What is said of a client is what the stubs saw of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from excise.cli.env import PROXY
from excise.cli.runtimes import CLIENTS, Client
from excise.cli.tryout import (
    Probe,
    Sight,
    make_probe,
    post,
    see_led,
    see_trusting,
    version_of,
    without_settings,
)

WORLD = {"PATH": os.environ["PATH"], "HOME": "/nowhere"}
BY_NAME = {client.name: client for client in CLIENTS}


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Probe:
    return make_probe(tmp_path_factory.mktemp("probe"))


def test_one_that_follows_and_trusts_is_seen_so(probe: Probe, tmp_path: Path) -> None:
    assert see_led(BY_NAME["Python urllib"], probe, WORLD, tmp_path) == Sight(True, True)


def test_one_that_has_no_ca_comes_to_the_proxy_and_no_further(probe: Probe, tmp_path: Path) -> None:
    def bare(url: str) -> dict[str, str]:
        return {name: text for name, text in probe.variables(url).items() if name in PROXY}

    client = BY_NAME["Python urllib"]
    assert see_led(client, Probe(probe.files, bare), WORLD, tmp_path) == Sight(True, False)


def test_one_that_goes_its_own_way_is_seen_by_neither_stub(probe: Probe, tmp_path: Path) -> None:
    client = BY_NAME["Python http.client"]
    assert see_led(client, probe, WORLD, tmp_path) == Sight(False, False)
    settled = {**WORLD, **probe.variables("http://127.0.0.1:9")}
    assert see_trusting(client, probe.files, settled, tmp_path)
    assert not see_trusting(client, probe.files, WORLD, tmp_path)


def test_what_is_not_here_has_no_version_and_posts_nothing(tmp_path: Path) -> None:
    absent = Client("none", "no-such-program", ("{url}",), "", "")
    assert version_of(absent, WORLD) == ""
    assert post(absent, WORLD, "https://x.invalid/", b"", tmp_path) is None
    missing = BY_NAME["Python urllib"]._replace(version=("-c", "import no_such_library"))
    assert version_of(missing, WORLD) == ""
    assert version_of(BY_NAME["Python urllib"], WORLD).startswith("Python 3.")


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1", "curl 7.88.1"),
        ("urllib3 2.8.0", "urllib3 2.8.0"),
        ("go version go1.19.8 linux/amd64", "go version go1.19.8"),
        ("v22.21.0", "v22.21.0"),
        ("jdk.compiler@17.0.15", "jdk.compiler@17.0.15"),
        ("a build of today", "unknown"),
    ],
)
def test_a_version_ends_with_its_number(tmp_path: Path, said: str, version: str) -> None:
    tool = tmp_path / "tool"
    tool.write_text(f"#!/bin/sh\necho '{said}'\n")
    tool.chmod(0o755)
    client = Client("tool", "tool", ("{url}",), "", "")
    assert version_of(client, {"PATH": f"{tmp_path}:{WORLD['PATH']}"}) == version


def test_no_setting_of_ours_is_left(probe: Probe) -> None:
    assert without_settings({**WORLD, **probe.variables("http://127.0.0.1:1")}) == WORLD
