"""Each kind of client is told from the others, and each that is wrong has its mend."""

from __future__ import annotations

import ipaddress
import json
import os
from pathlib import Path

import pytest

from excise.cli import checks_clients
from excise.cli.authority import ensure_authority
from excise.cli.checks import Check, Status
from excise.cli.checks_clients import (
    CHECKS,
    check_clients,
    check_direct,
    check_pinned,
    judge_direct,
)
from excise.cli.connections import ESTABLISHED, LISTENING, Connection
from excise.cli.env import prepare_variables
from excise.cli.runtimes import CLIENTS, Client
from excise.config import Settings, load_settings
from excise.state.ca import create_ca

BARE = {"PATH": os.environ["PATH"], "HOME": "/nowhere"}
FAR = ipaddress.ip_address("192.0.2.7")
KNOWN = {FAR: "api.openai.com"}
BY_NAME = {client.name: client._replace(quick=True) for client in CLIENTS}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(environ={"HOME": str(tmp_path)}, platform="linux")


def statuses(found: list[Check]) -> list[Status]:
    assert all(check.mend for check in found if check.status in (Status.WARN, Status.FAIL))
    return [check.status for check in found]


def asking(monkeypatch: pytest.MonkeyPatch, *clients: Client) -> None:
    monkeypatch.setattr(checks_clients, "CLIENTS", clients)


def test_runtimes_are_tried_with_real_requests(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    follows, past = BY_NAME["Python urllib"], BY_NAME["Python http.client"]
    store = "import sys, ssl; ssl.SSLContext.load_default_certs = lambda *a: None\n"
    pinned = follows._replace(
        name="pinned", words=("-c", store + follows.words[1], *follows.words[2:])
    )
    absent = follows._replace(name="absent", program="no-such-program")
    asking(monkeypatch, follows, past, pinned, absent)
    assert statuses(check_clients(settings, BARE)) == [Status.SKIP]
    ensure_authority(settings)
    bare = check_clients(settings, BARE)
    assert statuses(bare) == [Status.WARN, Status.WARN, Status.FAIL, Status.SKIP]
    assert "only with our settings" in bare[0].found and "past the proxy" in bare[1].found
    asking(monkeypatch, follows)
    settled = {**BARE, **prepare_variables(settings, BARE)}
    assert statuses(check_clients(settings, settled)) == [Status.OK]


def test_a_ca_that_may_not_vouch_for_this_machine_is_not_tried_on_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = create_ca(settings.ca_dir, only_for=["openai.com"])
    asking(monkeypatch, BY_NAME["Python urllib"])
    [check] = check_clients(settings, BARE)
    assert check.status is Status.OK and "from our settings" in check.found
    files.key_and_cert.chmod(0o644)
    assert statuses(check_clients(settings, BARE)) == [Status.FAIL]


def test_clients_that_refused_the_certificate_are_counted_by_host(settings: Settings) -> None:
    assert statuses(check_pinned(settings)) == [Status.OK]
    settings.audit.parent.mkdir(parents=True)
    line = {"stage": "tunnel", "anomalies": ["certificate-refused"], "time": "2030-01-01T00:00:00Z"}
    lines = [{**line, "host": host} for host in ("a.test", "b.test", "a.test")]
    lines += [{"stage": "tunnel", "anomalies": ["ech"], "host": "c.test"}, {"stage": "request"}]
    settings.audit.write_text("".join(json.dumps(each) + "\n" for each in lines))
    found = check_pinned(settings)
    assert statuses(found) == [Status.WARN, Status.WARN]
    assert "a.test" in found[0].what and "2 times" in found[0].found


def connection(state: int, inode: int, *, port: int = 40000, uid: int = 7) -> Connection:
    return Connection(state, port, FAR, 443, uid, inode)


def process(proc: Path, pid: int, inode: int, name: str, proxy: str = "") -> None:
    folder = proc / str(pid)
    (folder / "fd").mkdir(parents=True)
    (folder / "comm").write_text(f"{name}\n")
    (folder / "environ").write_bytes(f"HTTPS_PROXY={proxy}".encode())
    (folder / "fd" / "3").symlink_to(f"socket:[{inode}]")


def test_who_goes_past_is_named_with_what_would_lead_it(settings: Settings, tmp_path: Path) -> None:
    process(tmp_path, 10, 1, "proxy")
    (tmp_path / "10" / "fd" / "4").symlink_to("socket:[2]")
    process(tmp_path, 11, 3, "stray")
    process(tmp_path, 12, 4, "stubborn", settings.url)
    listening = [connection(LISTENING, 1, port=8080)]
    direct = [connection(ESTABLISHED, inode, uid=inode) for inode in (2, 3, 4, 5)]
    found = judge_direct(direct, listening, KNOWN, settings, tmp_path)
    assert [check.what for check in found] == [
        "direct: stray (11)", "direct: stubborn (12)", "direct: a program of user 5",
    ]  # fmt: skip
    assert statuses(found) == [Status.WARN] * 3
    assert "excise run -- stray" in found[0].mend and "ignores HTTPS_PROXY" in found[1].mend
    assert all("api.openai.com" in check.found for check in found)


def test_a_proxy_of_another_user_is_known_by_that_user(settings: Settings, tmp_path: Path) -> None:
    listening = [connection(LISTENING, 1, port=8080, uid=99)]
    direct = [connection(ESTABLISHED, 2, uid=99)]
    assert statuses(judge_direct(direct, listening, KNOWN, settings, tmp_path)) == [Status.OK]


def test_the_kernels_tables_lead_to_the_hosts(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert statuses(check_direct(settings, tmp_path)) == [Status.SKIP]
    (tmp_path / "net").mkdir()
    # 8.8.8.8, which is no documentation's address: those are not of the open internet
    line = "   0: 0100007F:9C40 08080808:01BB 01 0:0 00:0 0 1000 0 5 1 0 20\n"
    (tmp_path / "net" / "tcp").write_text(f"head\n{line}")
    dns = ipaddress.ip_address("8.8.8.8")
    for known, status in (({dns: "api.openai.com"}, Status.WARN), ({}, Status.OK)):
        monkeypatch.setattr(checks_clients, "look_up", lambda *_, known=known: known)
        assert statuses(check_direct(settings, tmp_path)) == [status]


def test_every_check_is_in_the_table() -> None:
    named = {name for name in vars(checks_clients) if name.startswith("check_")}
    assert {check.__name__ for check in CHECKS} == named - {"check_ca", "check_client"}
