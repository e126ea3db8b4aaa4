"""What `excise up` does when something of its own fails: the failure table of
docs/failure-modes.md, cause by cause, on a real process."""

from __future__ import annotations

import http.client
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from live.stage import Stage, key, start, warmed

from excise.cli.demo_scenes import chat_body
from excise.cli.demo_stage import ProxyProcess
from excise.errors import ConfigError
from excise.resources import policies_dir
from excise.standin.server import StandIn

pytestmark = pytest.mark.live
HOST, CHAT = "api.openai.com", "/v1/chat/completions"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with start(tmp_path_factory.mktemp("faults")) as stage:
        yield stage


def ask(stage: Stage, prompt: str = "hello", **more: Any) -> Any:
    return stage.plain.plain(HOST, CHAT, chat_body(prompt, **more))[0]


# -- at the start: do not start, and say why ------------------------------------------------------


def broken_profile(folder: Path) -> list[str]:
    home = folder / "own" / "profiles"
    home.mkdir(parents=True)
    shipped = (policies_dir() / "profiles" / "balanced.yaml").read_text()
    (home / "mine.yaml").write_text(
        shipped.replace("profile: balanced", "profile: mine").replace(
            "on-fault: block", "on-fault: blok"
        )
    )
    return ["--policies", str(folder / "own"), "--profile", "mine"]


def broken_pack(folder: Path) -> list[str]:
    home = folder / "own" / "packs" / "secrets"
    home.mkdir(parents=True)
    (home / "pack.yaml").write_text("pack: secrets\nversion: 1\n  engine: 1\n")
    return ["--policies", str(folder / "own")]


def audit_is_a_folder(folder: Path) -> list[str]:
    (folder / "trail").mkdir()
    return ["--audit", str(folder / "trail")]


def audit_below_a_file(folder: Path) -> list[str]:
    (folder / "file").write_text("")
    return ["--audit", str(folder / "file" / "audit.jsonl")]


def audit_is_read_only(folder: Path) -> list[str]:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (folder / "trail").mkdir(mode=0o500)
    return ["--audit", str(folder / "trail" / "audit.jsonl")]


def exposed_ca(folder: Path) -> list[str]:
    (folder / "ca").mkdir()
    (folder / "ca" / "mitmproxy-ca.pem").write_text("")
    (folder / "ca" / "mitmproxy-ca.pem").chmod(0o644)
    return ["--ca-dir", str(folder / "ca")]


def open_to_all(folder: Path) -> list[str]:
    return ["--listen", "0.0.0.0:0"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (broken_profile, r"mine\.yaml:\d+: .*blok.*EXC-POL-006"),
        (broken_pack, r"pack\.yaml:\d+: .*EXC-POL-001"),
        (audit_is_a_folder, r"EXC-(AUD-001|CFG-003)"),
        (audit_below_a_file, r"EXC-(AUD-001|CFG-003)"),
        (audit_is_read_only, r"EXC-(AUD-001|CFG-003)"),
        (exposed_ca, r"EXC-STA-001"),
        (open_to_all, r"EXC-CFG-002"),
        (lambda folder: ["--profile", "balancd"], r"balancd.*balanced.*EXC-CFG-003"),
    ],
)
def test_it_does_not_start_on_a_broken_footing(
    tmp_path: Path, spoil: Callable[[Path], list[str]], said: str
) -> None:
    proxy = ProxyProcess(tmp_path / "proxy", StandIn(tmp_path / "standin"), spoil(tmp_path))
    with pytest.raises(ConfigError, match=said), warmed(proxy):
        pass
    assert proxy.process.poll() == 2
    assert proxy.output.read_text() == ""
    assert "Traceback" not in proxy.errors.read_text()


def test_a_full_device_is_no_place_for_the_trail(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    words = ["--audit", "/dev/full"]
    proxy = ProxyProcess(tmp_path / "proxy", StandIn(tmp_path / "standin"), words)
    with pytest.raises(ConfigError, match="EXC-AUD-001"), warmed(proxy):
        pass
    assert proxy.process.poll() == 2


# -- a trail that cannot be written any more ------------------------------------------------------


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux' prlimit")
@pytest.mark.parametrize("prompt", ["hello", f"my key {key('disk')}"])
def test_a_full_disk_refuses_until_there_is_room(stage: Stage, prompt: str) -> None:
    assert ask(stage).status == 200
    asked, pid = len(stage.standin.received), stage.proxy.process.pid
    size = stage.proxy.trail.stat().st_size
    # Standard error is a file too: nothing can be said there either, and that must not matter.
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        # Allowed exchanges are queued, so the first of them may have passed before it is noticed.
        statuses = [ask(stage, prompt).status for _ in range(6)]
        got = ask(stage, prompt)
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    assert (got.status, statuses[-1]) == (400, 400)
    assert json.loads(got.text)["error"]["type"] == "invalid_request_error"
    assert len(stage.standin.received) - asked <= 2, "no more went out than were in the queue"
    if "key" in prompt:
        assert 200 not in statuses, "a redaction is on disk before it takes effect"
    deadline = time.monotonic() + 20
    while (back := ask(stage).status) != 200 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert back == 200
    stage.settle()
    assert "gap" in [line["stage"] for line in stage.proxy.lines()]


# -- upstream -------------------------------------------------------------------------------------


def test_upstream_that_dies_in_a_stream(stage: Stage) -> None:
    """What came is given on, what was held back is not lost, nothing is made up, a line says so."""
    said = "word " * 40
    with stage.openai() as client, stage.exchange(2) as traffic:
        text = ""
        try:
            for part in client.chat.completions.create(
                model="m",
                messages=[{"role": "user", "content": f"{said} standin:die=20"}],
                stream=True,
            ):
                text += part.choices[0].delta.content or ""
        except Exception as fault:
            assert type(fault).__module__.partition(".")[0] in ("openai", "httpx", "httpcore")
    whole = f"You said: {said}"
    assert text.startswith(whole[:40])
    assert whole.startswith(text) or "Reference" in text
    streams = [line for line in traffic.lines if line["stage"] == "stream"]
    assert [line["upstream"]["ended"] for line in streams] == ["cut"]
    assert len(traffic.received) == 1


def test_upstream_that_dies_in_a_whole_answer(stage: Stage) -> None:
    with stage.exchange(1) as traffic:
        got = ask(stage, f"{key('half')} standin:die=1")
    assert got.status == 502
    assert key("half") not in got.text
    assert traffic.actions()[0] == "redact"


def test_upstream_that_is_not_there(tmp_path: Path) -> None:
    standin = StandIn(tmp_path / "standin")
    with standin:
        port = standin.port
    # The port is free again, and nobody listens on it.
    standin.port = port
    with warmed(ProxyProcess(tmp_path / "proxy", standin)) as proxy:
        got = ask(Stage(standin, proxy))
    assert got.status == 502


def test_upstream_with_a_foreign_certificate(tmp_path: Path) -> None:
    with StandIn(tmp_path / "a") as standin, StandIn(tmp_path / "b") as other:
        trusted = standin.ca
        standin.ca = other.ca
        proxy = ProxyProcess(tmp_path / "proxy", standin)
        standin.ca = trusted
        with warmed(proxy):
            got = ask(Stage(standin, proxy), key("foreign"))
        assert got.status == 502
        assert list(standin.received) == []


# -- the end --------------------------------------------------------------------------------------


def test_a_stop_lets_exchanges_finish(tmp_path: Path) -> None:
    """SIGTERM: no new connections, what is under way ends whole, status 0, a line says stop."""
    with start(tmp_path) as stage:
        secret, got = key("stop"), []

        def stream() -> None:
            with stage.openai() as client:
                parts = client.chat.completions.create(
                    model="m",
                    messages=[{"role": "user", "content": f"it is {secret} standin:slow"}],
                    stream=True,
                )
                for part in parts:
                    begun.set()
                    got.append(part.choices[0].delta.content or "")

        begun = threading.Event()
        thread = threading.Thread(target=stream)
        thread.start()
        assert begun.wait(20)
        stage.proxy.process.send_signal(signal.SIGTERM)
        thread.join(30)
        assert stage.proxy.process.wait(30) == 0
        assert "".join(got) == f"You said: it is {secret}"
        lines = stage.proxy.lines()
        assert [line["stage"] for line in lines][-1] == "stop"
        assert "stream" in [line["stage"] for line in lines]
        with pytest.raises((OSError, http.client.HTTPException)):
            ask(stage)


def test_a_stop_does_not_wait_for_ever(tmp_path: Path) -> None:
    with start(tmp_path, ["--drain-seconds", "0.3"]) as stage:
        got: list[Any] = []

        def stream() -> None:
            try:
                got.append(ask(stage, "x" * 2000 + " standin:slow", stream=True))
            except (OSError, http.client.HTTPException) as fault:
                got.append(fault)

        thread = threading.Thread(target=stream)
        thread.start()
        stage.proxy.await_lines(0, 2)
        stage.proxy.process.send_signal(signal.SIGTERM)
        assert stage.proxy.process.wait(20) == 0
        thread.join(20)
        assert got, "the client was told, one way or another"
        assert stage.proxy.lines()[-1]["stage"] == "stop"


def test_the_stand_in_runs_by_itself(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "excise.standin", "--dir", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout
    with process.stdout as out:
        word, place, ca = out.readline().split()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert (word, place.rpartition(":")[0], ca) == (
        "ready",
        "127.0.0.1",
        str(tmp_path / "standin-ca.pem"),
    )
