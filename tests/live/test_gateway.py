"""The transparent gateway end to end: real rules, real traffic, three network namespaces."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from edge.test_sniff import hello_for, with_ech
from live.namespaces import GATEWAY, LLM, PLAIN, Machines, missing
from live.test_process import fake_key
from live.upstream import make_certificate

from excise.gateway import read_rules

ROOT = Path(__file__).resolve().parents[2]
HOST, OTHER = "api.openai.com", "plain.example"
PROFILE = """\
profile: gateway
title: Secrets alone
level: 2
packs: [{pack: secrets}]
uninspectable: {otherwise: alert}
on-fault: block
"""
NOBODY, SOMEBODY = 65534, 65533
HOSTS = "".join(f"{LLM[v]} {HOST}\n{PLAIN[v]} {OTHER}\n" for v in (4, 6))
WHY = missing()

pytestmark = [pytest.mark.live, pytest.mark.skipif(bool(WHY), reason=f"LEFT OUT, {WHY}")]
both = pytest.mark.parametrize("version", [4, 6])


@dataclass
class World:
    """The three machines with all that runs on them."""

    machines: Machines
    folder: Path
    proxy: subprocess.Popen[str] | None = None

    def excise(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command on the gateway, as root."""
        return self.machines.run("g", sys.executable, "-m", "excise", *words, env=environment())

    def post(
        self, at: str, url: str, address: str, body: str, *, role: str = "c", uid: int = 0,
        ca: str = "ours", more: tuple[str, ...] = (),
    ) -> tuple[int, str]:  # fmt: skip
        """curl on one of the machines: its exit status, and what it printed."""
        name, _, port = at.partition(":")
        trusted = {
            "ours": self.folder / "state/ca/mitmproxy-ca-cert.pem",
            "theirs": self.folder / "upstream-ca.pem",
        }[ca]
        shown = f"[{address}]" if ":" in address else address
        words = [
            "curl", "-sS", "--max-time", "8", "--cacert", str(trusted),
            "--resolve", f"{name}:{port}:{shown}", "--data-binary", body,
            "-H", "content-type: application/json", *more, url,
        ]  # fmt: skip
        done = self.machines.run(role, *(as_user(uid) if uid else []), *words)
        return done.returncode, done.stdout + done.stderr

    def serve(self, *options: str) -> str:
        """Start the proxy on the gateway, as nobody; what it says once it is ready."""
        words = [*as_user(NOBODY), sys.executable, "-m", "excise", "up"]
        words += ["--mode", "transparent", "--listen", ":8080"]
        words += ["--profile", str(self.folder / "gateway.yaml")]
        words += ["--allow-clients", "10.77.0.0/24,fd77::/64"]
        words += ["--state-dir", str(self.folder / "state")]
        words += ["--upstream-ca", str(self.folder / "upstream-ca.pem"), *options]
        said = self.folder / "said"
        self.proxy = start(self.machines.inside("g", *words), said, HOME=str(self.folder))
        assert self.proxy.stdout
        return self.proxy.stdout.readline() or said.read_text()

    def stop(self) -> None:
        """End the proxy in good order."""
        if self.proxy is not None:
            self.proxy.terminate()
            self.proxy.communicate(timeout=20)
            self.proxy = None

    def received(self) -> list[dict[str, Any]]:
        """What reached the server since the last call."""
        log = self.folder / "received.jsonl"
        lines = log.read_text().splitlines() if log.exists() else []
        log.write_text("")
        log.chmod(0o666)
        return [json.loads(line) for line in lines]

    def trail(self, stage: str) -> list[dict[str, Any]]:
        """The audit lines of a stage."""
        files = sorted((self.folder / "state/audit").glob("*.jsonl"))
        lines = [line for file in files for line in file.read_text().splitlines()]
        return [line for line in map(json.loads, lines) if line["stage"] == stage]

    def python(self, role: str, code: str) -> str:
        """What a few lines of Python print there, with the functions below."""
        return self.machines.run(role, sys.executable, "-c", ASK + textwrap.dedent(code)).stdout


# Whether a datagram is echoed, refused by ICMP, or neither within a second; and what is answered to
# the first bytes of a connection.
ASK = """
import socket
def ask(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as out:
        out.settimeout(1)
        out.connect((address, port))
        try:
            out.send(b"hello")
            return out.recv(100).decode()
        except ConnectionRefusedError:
            return "refused"
        except TimeoutError:
            return "lost"
def begin(address, first):
    with socket.create_connection((address, 443), timeout=5) as out:
        out.sendall(first)
        try:
            return out.recv(5)
        except ConnectionResetError:
            return b""
"""


# Two connections to servers over HTTP: what becomes of each once a line was read.
HOLD = """
import http.client, sys
kept = [http.client.HTTPConnection(each, timeout=5) for each in sys.argv[1:]]
for each in kept:
    each.connect()
print("open")
input()
for each in kept:
    try:
        each.request("POST", "/", b"hello", {"content-length": "5"})
        print(each.getresponse().status)
    except ConnectionError:
        print("cut")
"""


def as_user(uid: int) -> list[str]:
    """Another user without any right, save to read files where this tree is closed to others."""
    plain = [
        "setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--no-new-privs",
        "--inh-caps=-all", "--bounding-set=-all",
    ]  # fmt: skip
    done = subprocess.run(
        [*plain, sys.executable, "-c", f"open({str(ROOT / 'addons/firewall.py')!r})"],
        capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode == 0:
        return plain
    rights = ["inh-caps", "ambient-caps", "bounding-set"]
    return [*plain[:-2], *(f"--{each}=-all,+dac_read_search" for each in rights)]


def environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("EXCISE_")}
    return {**kept, "PYTHONPATH": str(ROOT / "addons"), "PYTHONDONTWRITEBYTECODE": "1"}


def question(text: str) -> str:
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]})


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Everything is up; the proxy runs as nobody, the rules were set by root."""
    folder = Path(tempfile.mkdtemp(prefix="gateway-"))
    folder.chmod(0o777)  # so that nobody may write here
    (folder / "gateway.yaml").write_text(PROFILE)
    make_certificate(folder, [HOST, OTHER, "other.example"])
    with Machines(HOSTS) as machines:
        server = [sys.executable, str(Path(__file__).with_name("outside.py"))]
        server += [str(folder / "upstream-leaf.pem"), str(folder / "received.jsonl")]
        server += [*LLM.values(), *PLAIN.values()]
        outside = start(machines.inside("s", *server), folder / "outside")
        made = World(machines, folder)
        try:
            assert outside.stdout
            assert outside.stdout.readline() == "ready\n"
            assert made.serve() == "ready 0.0.0.0:8080\n"
            up = made.excise("gateway", "up", "--user", str(NOBODY), "--interface", "c0")
            assert (up.returncode, up.stdout) == (
                0, "table inet excise is set; excise gateway down removes it\n",
            )  # fmt: skip
            made.received()
            yield made
        finally:
            made.stop()
            outside.kill()
            outside.communicate()
            shutil.rmtree(folder)


def start(words: list[str], said: Path, **more: str) -> subprocess.Popen[str]:
    """A program that stays, under no settings of whoever runs this; `said` takes its errors."""
    with said.open("w") as file:
        return subprocess.Popen(
            words, env={**environment(), **more}, stdout=subprocess.PIPE, stderr=file, text=True
        )


def test_the_proxy_has_no_rights_and_show_changes_nothing(world: World) -> None:
    assert world.proxy
    status = Path(f"/proc/{world.proxy.pid}/status").read_text()
    rights = int(status.partition("CapEff:")[2].split()[0], 16)
    assert (f"Uid:\t{NOBODY}" in status, rights & ~(1 << 2)) == (True, 0)
    before = world.machines.run("g", "nft", "list", "ruleset").stdout
    shown = world.excise("gateway", "show", "--user", str(NOBODY))
    assert f"elements = {{ {LLM[4]} }}" in shown.stdout
    assert f"elements = {{ {LLM[6]} }}" in shown.stdout
    assert world.machines.run("g", "nft", "list", "ruleset").stdout == before


def test_the_rules_that_stand_are_read_back(world: World) -> None:
    """As `excise doctor` does, from the kernel's own words."""
    standing = read_rules(world.machines.run("g", "nft", "list", "table", "inet", "excise").stdout)
    assert (standing.ports, standing.refuses_quic) == ({8080}, True)
    assert {str(each) for each in standing.addresses} == {LLM[4], LLM[6]}


@both
def test_what_is_planted_is_cut_on_the_way_to_an_llm_host(world: World, version: int) -> None:
    """A client that knows nothing of a proxy; the answer has the value again."""
    key, url = fake_key(), f"https://{HOST}/v1/chat/completions"
    status, said = world.post(f"{HOST}:443", url, LLM[version], question(f"the key is {key}"))
    assert (status, key in said) == (0, True), said
    [got] = world.received()
    assert (got["host"], got["sni"]) == (HOST, HOST)
    assert key not in got["body"]
    assert "[AWS_ACCESS_KEY" in got["body"]
    assert (
        world.trail("request")[-1]["principal"]["id"]
        == f"address:{'10.77.0.2' if version == 4 else 'fd77::2'}"
    )


@both
def test_plain_http_to_an_llm_host_is_read_too(world: World, version: int) -> None:
    key, url = fake_key(), f"http://{HOST}/v1/chat/completions"
    status, said = world.post(f"{HOST}:80", url, LLM[version], question(f"the key is {key}"))
    assert (status, key in said) == (0, True), said
    assert "[AWS_ACCESS_KEY" in world.received()[0]["body"]


@both
def test_another_host_is_passed_on_undecrypted(world: World, version: int) -> None:
    """The client sees the server's own certificate, the server the very bytes."""
    body = question(f"the key is {fake_key()}")
    url = f"https://{OTHER}/v1/chat/completions"
    status, said = world.post(f"{OTHER}:443", url, PLAIN[version], body, ca="theirs")
    assert status == 0, said
    assert [got["body"] for got in world.received()] == [body]


@both
def test_quic_is_refused_so_that_clients_fall_back(world: World, version: int) -> None:
    code = f"print(ask({LLM[version]!r}, 443), ask({PLAIN[version]!r}, 443), end=' ')\n"
    code += f"print(ask({PLAIN[version]!r}, 9000), ask({LLM[version]!r}, 9000))"
    assert world.python("c", code).split() == ["refused", "refused", "hello", "refused"]


@both
def test_no_other_port_of_an_llm_host_is_reached(world: World, version: int) -> None:
    url, body = f"https://{HOST}:8443/v1/chat/completions", question("hello")
    status, said = world.post(f"{HOST}:8443", url, LLM[version], body, ca="theirs")
    assert (status, world.received()) == (7, []), said
    url = f"https://{OTHER}:8443/"
    assert world.post(f"{OTHER}:8443", url, PLAIN[version], body, ca="theirs")[0] == 0
    assert len(world.received()) == 1


@both
def test_the_proxys_port_takes_only_what_was_handed_over(world: World, version: int) -> None:
    url = f"http://{HOST}:8080/"
    status, said = world.post(f"{HOST}:8080", url, GATEWAY[version], "x")
    assert (status, world.received()) == (7, []), said


@both
def test_the_gateways_own_programs_are_read_save_the_proxy(world: World, version: int) -> None:
    key, url = fake_key(), f"https://{HOST}/v1/chat/completions"
    where, body = f"{HOST}:443", question(f"the key is {key}")
    status, said = world.post(where, url, LLM[version], body, role="g", uid=SOMEBODY)
    assert (status, key in said) == (0, True), said
    assert "[AWS_ACCESS_KEY" in world.received()[0]["body"]
    status, said = world.post(where, url, LLM[version], body, role="g", uid=NOBODY, ca="theirs")
    assert status == 0, said
    assert world.received()[0]["body"] == body


@both
def test_names_that_are_false_or_hidden_lead_nowhere(world: World, version: int) -> None:
    """No SNI, a name of a front with ECH, a Host unlike the SNI: at the address of an LLM host."""
    url, body = f"https://{HOST}/v1/chat/completions", question("hello")
    for hello in (hello_for(None), with_ech(hello_for("cloudflare-ech.com"))):
        code = f"print(begin({LLM[version]!r}, bytes.fromhex({hello.hex()!r})))"
        assert world.python("c", code) == "b''\n"
    more = ("-H", "host: plain.example")
    status, said = world.post(f"{HOST}:443", url, LLM[version], body, more=more)
    assert (status, "firewall" in said, world.received()) == (0, True, []), said
    hello = with_ech(hello_for(OTHER))  # as browsers send it to everybody
    code = f"print(begin({PLAIN[version]!r}, bytes.fromhex({hello.hex()!r}))[:1])"
    assert world.python("c", code) == "b'\\x16'\n"
    address = "10.77.0.2" if version == 4 else "fd77::2"
    for _ in range(50):  # the trail is written behind the traffic
        tunnels = [each for each in world.trail("tunnel") if each["client"]["address"] == address]
        if len(tunnels) == 2:
            break
        time.sleep(0.1)
    assert [each["anomalies"] for each in tunnels] == [["unknown-sni"], ["ech"]]


def test_addresses_that_are_found_later_are_added(world: World) -> None:
    world.machines.tell(f"{HOSTS}11.77.0.9 {HOST}\n")
    done = world.excise("gateway", "refresh", "--host", OTHER)
    assert (done.returncode, done.stdout) == (0, "5 addresses of LLM hosts\n")
    listed = world.machines.run("g", "nft", "list", "set", "inet", "excise", "llm4").stdout
    assert f"{LLM[4]}, {PLAIN[4]},\n" in listed
    assert "11.77.0.9" in listed
    world.machines.tell(HOSTS)


def test_several_workers_serve_a_gateway_as_one_does(world: World) -> None:
    """They share one socket of both families."""
    world.stop()
    assert world.serve("--workers", "2") == "ready [::]:8080\n"
    for version, client in ((4, "10.77.0.2"), (6, "fd77::2")):
        key, url = fake_key(), f"https://{HOST}/v1/chat/completions"
        status, said = world.post(f"{HOST}:443", url, LLM[version], question(f"the key is {key}"))
        assert (status, key in said) == (0, True), said
        assert "[AWS_ACCESS_KEY" in world.received()[0]["body"]
        lines = [each["client"]["address"] for each in world.trail("request")]
        assert lines.count(client) >= 1
        assert not [each for each in lines if each.startswith("::ffff:")]


def test_without_the_proxy_nothing_passes_and_down_leaves_nothing(world: World) -> None:
    """It ends the proxy, then takes the rules away; so only one that needs neither may follow."""
    world.stop()
    url, body = f"https://{HOST}/v1/chat/completions", question("hello")
    for version in (4, 6):
        for role, ca in (("c", "ours"), ("c", "theirs"), ("g", "theirs")):
            status, said = world.post(
                f"{HOST}:443", url, LLM[version], body, role=role, ca=ca, uid=SOMEBODY
            )
            assert (status, world.received()) == (7, []), said
    down = world.excise("gateway", "down")
    assert (down.returncode, down.stdout) == (0, "table inet excise is removed\n")
    assert world.machines.run("g", "nft", "list", "ruleset").stdout == ""
    assert world.post(f"{HOST}:443", url, LLM[4], body, ca="theirs")[0] == 0
    assert len(world.received()) == 1
    assert world.excise("gateway", "down").stdout == "no rules were set\n"


def test_connections_that_were_open_before_are_cut(world: World) -> None:
    """To an LLM host; the rules do not wait until they end."""
    world.excise("gateway", "down")
    held = world.machines.inside("c", sys.executable, "-u", "-c", ASK + HOLD, LLM[4], PLAIN[4])
    with subprocess.Popen(held, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout and client.stdin
        assert client.stdout.readline() == "open\n"
        up = world.excise("gateway", "up", "--user", str(NOBODY), "--interface", "c0")
        assert up.returncode == 0
        client.stdin.write("go on\n")
        client.stdin.close()
        assert client.stdout.read() == "cut\n200\n"
