"""Each check tells a good state from each bad one, and the bad ones name a mend."""

from __future__ import annotations

import shutil
import socket
import sys
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from excise.cli import checks
from excise.cli.checks import (
    CHECKS,
    Check,
    Status,
    check_authority,
    check_interpreter,
    check_policy,
    check_port,
    check_proxy_variables,
    check_settings,
    check_trail,
)
from excise.config import Settings, load_settings
from excise.errors import PolicyError
from excise.state.ca import create_ca, ensure_ca

URL = "http://127.0.0.1:8080"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(environ={"HOME": str(tmp_path)}, platform="linux")


def statuses(found: list[Check]) -> list[Status]:
    assert all(check.mend for check in found if check.status in (Status.WARN, Status.FAIL))
    return [check.status for check in found]


def test_the_interpreter_of_the_tests_is_fine(settings: Settings) -> None:
    assert statuses(check_interpreter(settings)) == [Status.OK, Status.OK]


@pytest.mark.parametrize("version", ["11.0.2", None])
def test_a_wrong_or_missing_host_fails(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, version: str | None
) -> None:
    def tell(name: str) -> str:
        if name == "mitmproxy" and version is None:
            raise metadata.PackageNotFoundError(name)
        return version or "1"

    monkeypatch.setattr(metadata, "version", tell)
    monkeypatch.setattr(sys, "version_info", (3, 11, 0))
    assert statuses(check_interpreter(settings)) == [Status.FAIL, Status.FAIL]


def test_settings_name_where_they_come_from(tmp_path: Path) -> None:
    given = load_settings(environ={"HOME": str(tmp_path), "EXCISE_LISTEN": ":9"})
    assert check_settings(given)[0].found == "EXCISE_LISTEN"


def test_the_ca_is_missing_fine_exposed_or_old(settings: Settings) -> None:
    assert statuses(check_authority(settings)) == [Status.WARN]
    files = ensure_ca(settings.ca_dir)
    assert statuses(check_authority(settings)) == [Status.OK]
    files.key_and_cert.chmod(0o644)
    assert "EXC-STA-001" in check_authority(settings)[0].found


@pytest.mark.parametrize(
    ("age", "status"), [(5 * 365 - 10, Status.WARN), (5 * 365 + 10, Status.FAIL)]
)
def test_an_old_ca_is_told(settings: Settings, age: int, status: Status) -> None:
    create_ca(settings.ca_dir, now=datetime.now(UTC) - timedelta(days=age))
    assert statuses(check_authority(settings)) == [status]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, [Status.WARN, Status.WARN]),
        (
            dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"), URL),
            ["ok"] * 2,
        ),
        ({"HTTPS_PROXY": URL, "https_proxy": "http://other:1"}, [Status.FAIL, Status.WARN]),
        ({"HTTPS_PROXY": URL}, [Status.WARN, Status.WARN]),
        ({"NO_PROXY": "localhost,.openai.com"}, [Status.WARN, Status.WARN, Status.FAIL]),
        ({"no_proxy": "*"}, [Status.WARN, Status.WARN, Status.FAIL]),
    ],
)
def test_proxy_variables_that_leave_a_way_around_are_seen(
    settings: Settings, environ: dict[str, str], expected: list[str]
) -> None:
    assert statuses(check_proxy_variables(settings, environ)) == expected


def test_a_password_in_a_proxy_url_is_not_shown(settings: Settings) -> None:
    found = check_proxy_variables(settings, {"HTTPS_PROXY": "http://ann:planted@proxy:1"})
    assert "planted" not in repr(found)


def test_the_port_is_free_taken_or_out_of_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at(listen: str) -> Settings:
        return load_settings({"listen": listen}, environ={"HOME": str(tmp_path)})

    with socket.create_server(("127.0.0.1", 0)) as server:
        listen = f"127.0.0.1:{server.getsockname()[1]}"
        assert statuses(check_port(at(listen))) == [Status.OK]
    assert statuses(check_port(at(listen))) == [Status.WARN]
    # An address for documentation, which no interface has (RFC 5737); it is only bound, not called.
    monkeypatch.setattr(checks, "answers", lambda _: False)
    assert statuses(check_port(at("192.0.2.1:1"))) == [Status.FAIL]


def test_a_policy_that_does_not_load_fails(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PolicyError("EXC-POL-001", "not YAML.", at="x.yaml:3")

    monkeypatch.setattr("excise.assemble.load_engine", refuse)
    [check] = check_policy(settings)
    assert check.status is Status.FAIL and "x.yaml:3" in check.found


def test_a_trail_that_cannot_be_opened_fails(settings: Settings, tmp_path: Path) -> None:
    assert statuses(check_trail(settings)) == [Status.OK]
    (tmp_path / "file").write_text("")
    broken = load_settings({"audit": tmp_path / "file" / "a.jsonl"}, environ={"HOME": "/nowhere"})
    assert statuses(check_trail(broken)) == [Status.FAIL]


def test_a_full_disk_and_an_open_trail_are_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_trail(settings)
    settings.audit.chmod(0o644)
    assert statuses(check_trail(settings)) == [Status.WARN]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 0))  # type: ignore[attr-defined]
    assert "free" in check_trail(settings)[0].found


def test_every_check_is_in_the_table() -> None:
    named = {name for name in vars(checks) if name.startswith("check_")} - {"check_ca"}
    assert {check.__name__ for check in CHECKS} == named
