"""The page of runtimes: what was seen bears out what the table claims, and what is added stays."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

from excise.cli.runtimes import CLIENTS, should_be_led

ROOT: Final = Path(__file__).resolve().parents[2]
SEEN: Final[list[dict[str, Any]]] = json.loads(
    (ROOT / "docs/reference/runtimes.json").read_text("utf-8")
)
BY_NAME: Final = {client.name: client for client in CLIENTS}


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import reference_runtimes

        yield reference_runtimes
    finally:
        sys.path.remove(str(ROOT / "scripts"))
        sys.modules.pop("reference_runtimes", None)


@pytest.mark.parametrize("row", SEEN, ids=lambda row: f"{row['client']} {row['version']}")
def test_what_was_seen_is_what_the_table_claims(row: dict[str, Any]) -> None:
    client = BY_NAME[row["client"]]
    assert row["led"] is should_be_led(client, row["version"])
    assert row["trusted"] or not client.trust
    if row["led"] and row["trusted"]:
        assert row["verdict"] == ("proven" if client.posts else "comes to the proxy")


def test_every_client_that_can_be_run_was_run_once_at_least() -> None:
    assert {row["client"] for row in SEEN} == {each.name for each in CLIENTS if each.words}


def test_a_newer_sight_takes_the_place_of_an_older_one(script: ModuleType) -> None:
    one = {"client": "curl", "version": "curl 8.1", "led": True, "trusted": True,
           "verdict": "proven", "sent": "x", "received": "y", "mend": ""}  # fmt: skip
    first = script.merge([], [one], "Linux")
    assert first == script.merge(first, [one], "Linux")
    assert set(first[0]) == {*script.KEPT, "system"}
    later = script.merge(first, [{**one, "client": "Node fetch"}, one], "Darwin")
    assert [row["client"] for row in later] == ["Node fetch", "curl", "curl"]
    with pytest.raises(SystemExit, match="LEAKED"):
        script.merge(first, [{**one, "verdict": "LEAKED"}], "Linux")
