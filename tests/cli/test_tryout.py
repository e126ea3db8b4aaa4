"""What is said of a client is what the stubs saw of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from excise.cli.env import PROXY
from excise.cli.runtimes import CLIENTS, Client
from excise.cli.tryout import (
    Sight,
    Variables,
    post,
    see_led,
    see_trusting,
    variables_from,
    version_of,
    without_settings,
)
from excise.state.bundle import ensure_bundle
from excise.state.ca import CaFiles, ensure_ca
from excise.state.truststore import ensure_truststore

WORLD = {"PATH": os.environ["PATH"], "HOME": "/nowhere"}
BY_NAME = {client.name: client for client in CLIENTS}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> CaFiles:
    return ensure_ca(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def variables(files: CaFiles) -> Variables:
    folder = files.cert_pem.parent
    bundle = ensure_bundle(folder / "bundle.pem", files.cert_pem, {})
    return variables_from(files.cert_pem, bundle, ensure_truststore(folder / "t.p12", bundle))


def test_one_that_follows_and_trusts_is_seen_so(
    files: CaFiles, variables: Variables, tmp_path: Path
) -> None:
    assert see_led(BY_NAME["Python urllib"], files, WORLD, variables, tmp_path) == Sight(True, True)


def test_one_that_has_no_ca_comes_to_the_proxy_and_no_further(
    files: CaFiles, variables: Variables, tmp_path: Path
) -> None:
    def bare(url: str) -> dict[str, str]:
        return {name: text for name, text in variables(url).items() if name in PROXY}

    assert see_led(BY_NAME["Python urllib"], files, WORLD, bare, tmp_path) == Sight(True, False)


def test_one_that_goes_its_own_way_is_seen_by_neither_stub(
    files: CaFiles, variables: Variables, tmp_path: Path
) -> None:
    client = BY_NAME["Python http.client"]
    assert see_led(client, files, WORLD, variables, tmp_path) == Sight(False, False)
    settled = {**WORLD, **variables("http://127.0.0.1:9")}
    assert see_trusting(client, files, settled, tmp_path)
    assert not see_trusting(client, files, WORLD, tmp_path)


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


def test_no_setting_of_ours_is_left(variables: Variables) -> None:
    assert without_settings({**WORLD, **variables("http://127.0.0.1:1")}) == WORLD
