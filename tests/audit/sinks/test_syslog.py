"""Real servers take what is sent, in the form of the standard, over each transport."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from live.upstream import make_certificate

from excise.audit.fields import Stage
from excise.audit.record import Facts, build_record
from excise.audit.sinks.feeder import SinkFault
from excise.audit.sinks.syslog import Syslog, render
from excise.audit.sinks.target import parse_target

FORM = re.compile(
    rb"<(\d+)>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (\S+) excise (\d+) (\w+) - (\{.*\})", re.S
)


def line(number: int, **more: str) -> bytes:
    record = build_record(Facts(stage=Stage.TUNNEL, id=f"x{number}"))
    return json.dumps({"time": "2026-01-02T03:04:05.678Z", **record, **more}).encode()


class Server:
    """Takes connections and reads octet-counted frames."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.tls = tls
        self.messages: list[bytes] = []
        self.got = threading.Semaphore(0)
        self.held: list[socket.socket] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                taken, _ = self.listener.accept()
            except OSError:
                return
            if self.tls:
                try:
                    taken = self.tls.wrap_socket(taken, server_side=True)
                except OSError:
                    continue
            self.held.append(taken)
            self._read(taken)

    def _read(self, taken: socket.socket) -> None:
        with suppress(OSError), taken, taken.makefile("rb") as stream:
            while length := b"".join(iter(lambda: stream.read(1).strip(b" "), b"")):
                self.messages.append(stream.read(int(length)))
                self.got.release()

    def await_messages(self, count: int) -> list[bytes]:
        for _ in range(count):
            assert self.got.acquire(timeout=5)
        return self.messages


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.listener.close()


def test_tcp_frames_by_counting_and_connects_anew(server: Server) -> None:
    syslog = Syslog(parse_target(f"syslog+tcp://127.0.0.1:{server.port}"))
    lines = [line(0), line(1)]
    syslog.send(lines)
    found = [FORM.fullmatch(each) for each in server.await_messages(2)]
    assert [hit[6] for hit in found if hit] == lines
    server.held[0].shutdown(socket.SHUT_RDWR)
    syslog.send([line(2)])
    assert server.await_messages(1)[-1].endswith(line(2))
    assert len(server.held) == 2
    syslog.close()


def test_tls_checks_the_server(tmp_path: Path) -> None:
    ca, leaf = make_certificate(tmp_path, ["localhost"])
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(leaf)
    server = Server(tls)
    with pytest.raises(ssl.SSLError):
        Syslog(parse_target(f"syslog+tls://localhost:{server.port}")).send([line(0)])
    assert server.messages == []
    trusting = Syslog(parse_target(f"syslog+tls://localhost:{server.port}#ca={ca}"))
    trusting.send([line(1), line(2)])
    trusting.send([line(3)])
    assert [each[-len(line(1)) :] for each in server.await_messages(3)] == [
        line(1), line(2), line(3),
    ]  # fmt: skip
    trusting.close()
    server.listener.close()


def test_udp_is_one_datagram_a_message() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        syslog = Syslog(parse_target(f"syslog+udp://127.0.0.1:{receiver.getsockname()[1]}"))
        syslog.send([line(0), line(1)])
        for number in range(2):
            found = FORM.fullmatch(receiver.recv(65_536))
            assert found and found[6] == line(number)
        with pytest.raises(SinkFault) as fault:
            syslog.send([line(0, profile="x" * 70_000)])
        assert fault.value.lasting


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        ({"stage": "fault"}, 3),
        ({"stage": "tunnel"}, 4),
        ({"stage": "request", "action": "block"}, 4),
        ({"stage": "request", "action": "redact"}, 5),
        ({"stage": "request", "action": "allow"}, 6),
        ({"stage": "checkpoint"}, 6),
    ],
)
def test_the_priority_tells_what_happened(more: dict[str, str], severity: int) -> None:
    found = FORM.fullmatch(render(line(0, **more), host="h", process=7))
    assert found and int(found[1]) == 13 * 8 + severity
    assert (found[3], found[4], found[5].decode()) == (b"h", b"7", more["stage"])


def test_a_dead_server_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(OSError):
        Syslog(parse_target(f"syslog+tcp://127.0.0.1:{port}")).send([line(0)])
