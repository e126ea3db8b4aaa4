"""The table of clients holds together, and its versions decide as they should."""

from __future__ import annotations

from pathlib import Path

import pytest

from excise.cli.env import build_variables
from excise.cli.runtimes import (
    CLIENTS,
    COMPILED,
    Client,
    build_command,
    find_program,
    should_be_led,
)

BY_NAME = {client.name: client for client in CLIENTS}


def test_each_row_names_variables_that_are_exported() -> None:
    known = build_variables("http://127.0.0.1:1", extra="a", bundle="b", truststore="c")
    assert len(BY_NAME) == len(CLIENTS)
    for client in CLIENTS:
        named = {client.trust, *client.led.split(" with ")} - {"", COMPILED}
        assert named <= set(known), client.name
        assert (client.led and client.trust and not client.since) or client.mend, client.name


@pytest.mark.parametrize("client", [c for c in CLIENTS if c.words], ids=lambda c: c.name)
def test_a_command_is_complete(client: Client, tmp_path: Path) -> None:
    body = tmp_path / "body"
    words = build_command(client, "/x", url="https://u/", body=body, folder=tmp_path)
    assert words[0] == "/x" and "https://u/" in words
    assert any(str(body) in word for word in words) is client.posts
    assert not any(mark in word for word in words for mark in ("{url}", "{body}", "{folder}"))
    name, text = client.source
    assert not name or (tmp_path / name).read_text() == text


@pytest.mark.parametrize(
    ("name", "version", "led"),
    [
        ("Node fetch", "v20.20.2", False),
        ("Node fetch", "v22.20.0", False),
        ("Node fetch", "v22.21.0", True),
        ("Node fetch", "v23.0.0", False),
        ("Node fetch", "v24.4.1", False),
        ("Node fetch", "v24.5.0", True),
        ("Node fetch", "v26.1.0", True),
        ("Python http.client", "Python 3.13.1", False),
        ("curl", "curl 7.88.1", True),
        ("curl", "", True),
    ],
)
def test_versions_decide_where_they_matter(name: str, version: str, led: bool) -> None:
    assert should_be_led(BY_NAME[name], version) is led


def test_only_what_can_be_run_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "curl").write_text("#!/bin/sh\n")
    (tmp_path / "curl").chmod(0o755)
    world = {"PATH": str(tmp_path)}
    here = [client.name for client in CLIENTS if find_program(client, world)]
    assert here == ["curl"]
