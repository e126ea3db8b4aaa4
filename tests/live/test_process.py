"""`excise up` and `mitmdump -s` as processes, with the real pipeline behind them."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live.upstream import Received, Upstream, make_certificate, plain

from excise.audit.fields import BOOKKEEPING

ROOT = Path(__file__).resolve().parents[2]
HOST = "api.openai.com"
pytestmark = pytest.mark.live


def fake_key() -> str:
    """The shape of an AWS access key id, made up."""
    chance = random.Random("process")
    return "AK" + "IA" + "".join(chance.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16))


class _Back:
    """An upstream that repeats what it got."""

    def __init__(self, folder: Path) -> None:
        self.ca, leaf = make_certificate(folder, [HOST])
        self.server = Upstream(self.ca, leaf, self._respond)
        self.server.start()

    async def _respond(self, got: Received, out: Any) -> bool:
        said = json.loads(got.body)["messages"][0]["content"]
        message = {"role": "assistant", "content": said}
        out.write(plain(json.dumps({"choices": [{"index": 0, "message": message}]}).encode()))
        return True


@pytest.fixture(scope="module")
def back(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Back]:
    made = _Back(tmp_path_factory.mktemp("back"))
    yield made
    made.server.stop()


def _environment(folder: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("EXCISE_")}
    return {**kept, "HOME": str(folder), "PYTHONPATH": str(ROOT / "addons")}


def _up(folder: Path, *options: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "excise", "up", "--state-dir", str(folder / "state"), *options],
        env={**_environment(folder), **environment},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def _ask(port: int, ca: list[Path], text: str) -> tuple[int, str]:
    context = ssl.create_default_context(cafile=str(ca[0]))
    client = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=20)
    client.set_tunnel(HOST, 443)
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]})
    try:
        client.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
        answer = client.getresponse()
        return answer.status, answer.read().decode()
    finally:
        client.close()


def test_up_serves_cuts_restores_and_stops(back: _Back, tmp_path: Path) -> None:
    """The whole of it, over TLS, with the shipped profile."""
    process = _up(
        tmp_path, "--listen", "127.0.0.1:0", "--upstream-ca", str(back.ca),
        "--resolve", f"*=127.0.0.1:{back.server.port}",
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("ready 127.0.0.1:")
    port = int(line.rpartition(":")[2])
    ca = tmp_path / "state" / "ca" / "mitmproxy-ca-cert.pem"
    key = fake_key()
    status, answer = _ask(port, [ca], f"the access key is {key}, keep it")
    assert status == 200
    assert key in answer
    sent = back.server.received[-1].body.decode()
    assert key not in sent
    assert "[AWS_ACCESS_KEY" in sent
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    assert "balanced" in err
    trail = (tmp_path / "state" / "audit" / "audit.jsonl").read_text()
    stages = [json.loads(each)["stage"] for each in trail.splitlines()]
    assert [each for each in stages if each not in BOOKKEEPING] == [
        "start", "request", "response", "stop",
    ]  # fmt: skip
    assert key not in trail + err


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--listen", "0.0.0.0:0"), "EXC-CFG-002"),
        (("--audit", "/dev/null/x/audit.jsonl"), "EXC-AUD"),
    ],
)
def test_what_is_wrong_is_said_before_the_port_is_open(
    tmp_path: Path, options: tuple[str, ...], code: str
) -> None:
    process = _up(tmp_path, *options, EXCISE_NO_REEXEC="1")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert code in err
    assert "Traceback" not in err


def test_mitmdump_with_the_script_reads_the_same(back: _Back, tmp_path: Path) -> None:
    """For trials: the same pipeline, fail-closed, in a mitmdump of somebody else."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    steer = tmp_path / "steer.py"
    steer.write_text(
        f"def server_connect(data):\n    data.server.address = ('127.0.0.1', {back.server.port})\n"
    )
    home = tmp_path / "conf"
    process = subprocess.Popen(
        [
            sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()",
            "--listen-host", "127.0.0.1", "--listen-port", str(port), "--set", f"confdir={home}",
            "--set", f"ssl_verify_upstream_trusted_ca={back.ca}",
            "-s", str(ROOT / "addons" / "firewall.py"), "-s", str(steer),
        ],
        env=_environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    said: list[str] = []
    reading = threading.Thread(target=lambda: said.extend(process.stderr))  # type: ignore[arg-type]
    reading.start()
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        time.sleep(0.5)
        key = fake_key()
        status, answer = _ask(port, [home / "mitmproxy-ca-cert.pem"], f"the access key is {key} ok")
        assert (status, key in answer) == (200, True)
        assert key not in back.server.received[-1].body.decode()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        reading.join(10)
        process.stderr.close()
    assert key not in "".join(said)
