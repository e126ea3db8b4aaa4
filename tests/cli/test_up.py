"""`excise up`: options become settings, and what is wrong is said before anything is opened.

The running proxy is in tests/live/test_process.py.
"""

from __future__ import annotations

import argparse
import io
import resource
import socket
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from rich.console import Console

from excise.cli import up
from excise.config import SETTING_NAMES, load_settings
from excise.edge.settings import Settings
from excise.errors import AuditError, ConfigError, ExciseError, StateError
from excise.resources import policies_dir


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(up.NO_REEXEC, "1")
    monkeypatch.setattr(up, "serve", lambda *_: pytest.fail("must not serve"))


def _parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    up.add_parser(parser.add_subparsers())
    return parser.parse_args(["up", *words])


def _settings(tmp_path: Path, *words: str) -> Settings:
    args = _parse("--state-dir", str(tmp_path), *words)
    config = load_settings(vars(args), environ={"HOME": str(tmp_path)})
    return up._edge_settings(config, args.options)


def test_every_option_is_a_setting_or_mitmproxys() -> None:
    given = set(vars(_parse())) - {"func", "options"}
    assert given <= set(SETTING_NAMES)


@pytest.mark.parametrize(
    ("words", "name", "want"),
    [
        ((), "listen_port", 8080),
        (("--listen", "127.0.0.1:0"), "listen_port", 0),
        (("--listen", ":9"), "listen_host", "0.0.0.0"),
        (("--listen", "[::1]:9"), "listen_host", "::1"),
        (
            ("--mode", "reverse", "--upstream", "https://llm.test"),
            "upstream",
            "https://llm.test:443",
        ),
        (("--upstream-proxy", "http://a:b@p.test:1"), "upstream_proxy", "http://p.test:1"),
        (("--upstream-proxy", "http://a:b@p.test:1"), "upstream_auth", "a:b"),
        (("--drain-seconds", "3"), "drain_seconds", 3.0),
        (("--max-body", "5000"), "body_limit", 5000),
        (("--set", "tcp_timeout=5"), "options", (("tcp_timeout", "5"),)),
    ],
)
def test_options_reach_the_proxy(
    tmp_path: Path, words: tuple[str, ...], name: str, want: Any
) -> None:
    assert getattr(_settings(tmp_path, *words), name) == want


def test_resolve_may_be_given_again(tmp_path: Path) -> None:
    found = _settings(tmp_path, "--resolve", "a.test=127.0.0.1:1", "--resolve", "*:80=127.0.0.1:2")
    assert [(each.host, each.address_port) for each in found.resolve] == [("a.test", 1), ("*", 2)]


@pytest.mark.parametrize(
    ("words", "fault", "code"),
    [
        (("--listen", "0.0.0.0:0"), ConfigError, "EXC-CFG-002"),
        (("--set", "rawtcp=true"), ConfigError, "EXC-CFG-005"),
        (("--set", "stream_large_bodies=1"), ConfigError, "EXC-CFG-005"),
        (("--set", "nonsense"), ConfigError, "EXC-CFG-001"),
        (("--profile", "nowhere"), ExciseError, "EXC-"),
        (("--resolve", "nonsense"), ConfigError, "EXC-CFG-001"),
        (("--mode", "reverse"), ConfigError, "EXC-CFG-001"),
        (("--upstream-proxy", "socks5://p.test:1"), ConfigError, "EXC-CFG-001"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_opened(
    tmp_path: Path, words: tuple[str, ...], fault: type[ExciseError], code: str
) -> None:
    with pytest.raises(fault, match=code):
        up.run(_parse("--state-dir", str(tmp_path / "s"), *words))
    assert not (tmp_path / "s" / "audit").exists()


def test_several_workers_do_not_count_limits_each_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would grant the whole budget."""
    monkeypatch.setenv("EXCISE_LIMITS_STORE", "memory")
    with pytest.raises(ConfigError, match="EXC-CFG-001"):
        up.run(_parse("--state-dir", str(tmp_path / "s"), "--workers", "2"))


def test_a_port_in_use_is_told_before_anybody_is_forked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its number."""
    monkeypatch.setattr(up, "Supervisor", lambda *_, **__: pytest.fail("must not fork"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError, match="EXC-CFG-003"):
            up.run(_parse("--state-dir", str(tmp_path), "--workers", "2", "--listen", place))


def test_a_policy_that_does_not_load_leaves_the_last_good_one(tmp_path: Path) -> None:
    """For the workers that are forked from now on; and one that does is taken."""
    own = tmp_path / "mine.yaml"
    own.write_text(policies_dir().joinpath("profiles", "observe.yaml").read_text("utf-8"))
    words = {"state_dir": tmp_path / "s", "profile": str(own)}
    stock = up.Stock(load_settings(words, environ={"HOME": str(tmp_path)}))
    first = stock.engine
    stock.renew()
    assert stock.engine is first
    own.write_text("profile: [")
    stock.renew()
    assert stock.engine is first
    own.write_text(policies_dir().joinpath("profiles", "balanced.yaml").read_text("utf-8"))
    stock.renew()
    assert stock.engine.policy.profile.name == "balanced"


def test_a_ca_that_others_may_read_stops_the_start(tmp_path: Path) -> None:
    from excise.state.ca import ensure_ca

    ensure_ca(tmp_path / "ca").key_and_cert.chmod(0o644)
    with pytest.raises(StateError, match="EXC-STA-001"):
        up.run(_parse("--state-dir", str(tmp_path / "s"), "--ca-dir", str(tmp_path / "ca")))


def test_a_trail_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    words = ("--state-dir", str(tmp_path / "s"), "--audit", str(tmp_path / "file" / "a.jsonl"))
    with pytest.raises((AuditError, OSError)):
        up.run(_parse(*words))


def test_ready_is_one_line_on_stdout_and_the_panel_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a script waits for is not mixed with what a person reads."""
    prepared = Event()
    monkeypatch.setattr(up, "prepare", lambda engine: prepared.set())
    monkeypatch.setattr(up, "serve", lambda settings, parts, ready: ready("127.0.0.1", 4711))
    assert up.run(_parse("--state-dir", str(tmp_path / "s"), "--listen", "127.0.0.1:0")) == 0
    assert prepared.wait(5)
    shown = capsys.readouterr()
    assert shown.out == "ready 127.0.0.1:4711\n"
    for piece in ("127.0.0.1:4711", "balanced", "secrets", "mitmproxy-ca-cert.pem", "HTTPS_PROXY"):
        assert piece in shown.err.replace("\n", "")


def test_it_starts_over_optimised_once(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    monkeypatch.setattr(up.os, "execve", lambda *words: started.append(words))
    up._optimise()
    assert started == []
    monkeypatch.delenv(up.NO_REEXEC)
    monkeypatch.setattr(up.sys, "flags", argparse.Namespace(optimize=0))
    monkeypatch.setattr(up.sys, "argv", ["excise", "up", "--shadow"])
    up._optimise()
    assert started[0][1][1:] == ["-O", "-m", "excise", "up", "--shadow"]
    assert started[0][2][up.NO_REEXEC] == "1"
    assert started[0][2]["MALLOC_ARENA_MAX"] == "2"


def test_the_file_limit_is_only_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(up.resource, "setrlimit", lambda _, limits: told.append(limits))
    monkeypatch.setattr(up.resource, "getrlimit", lambda _: (1024, 4096))
    up._raise_file_limit()
    monkeypatch.setattr(up.resource, "getrlimit", lambda _: (1024, resource.RLIM_INFINITY))
    up._raise_file_limit()
    monkeypatch.setattr(up.resource, "getrlimit", lambda _: (100_000, 100_000))
    up._raise_file_limit()
    assert told == [(4096, 4096), (65_536, resource.RLIM_INFINITY)]


def test_the_panel_marks_packs_in_shadow(tmp_path: Path) -> None:
    config = load_settings({"state_dir": tmp_path, "shadow": True}, environ={"HOME": str(tmp_path)})
    engine = up.read_engine(config)
    out = Console(file=io.StringIO(), width=200)
    out.print(up._panel(config, engine, tmp_path / "ca.pem", "127.0.0.1:1"))
    assert "secrets (shadow)" in out.file.getvalue()  # type: ignore[attr-defined]
