"""What is held is judged over the second half of the way; the client's socket speaks RFC 6455."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import TextMessage

from excise.cli import bench_memory
from excise.cli.bench_memory import Talk, hold, is_flat
from excise.cli.bench_rig import Proxy, Rig
from excise.errors import ConfigError


@pytest.mark.parametrize(
    ("held", "flat"),
    [
        ({200: 90.0, 1000: 120.0, 2000: 121.0}, True),
        ({200: 90.0, 1000: 120.0, 2000: 110.0}, True),
        ({200: 90.0, 1000: 91.0, 2000: 97.0}, False),
    ],
)
def test_flat(held: dict[int, float], flat: bool) -> None:
    assert is_flat(held) is flat


class Wire:
    """A peer that says each message back, in the pieces that `size` cuts."""

    def __init__(self, size: int) -> None:
        self._side = Connection(ConnectionType.SERVER)
        self._out = b""
        self._upgraded = False
        self._size = size

    def send(self, data: bytes) -> None:
        if not self._upgraded:
            assert b"upgrade: websocket" in data
            self._upgraded = True
            self._out = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
            return
        self._side.receive_data(data)
        for event in self._side.events():
            assert isinstance(event, TextMessage)
            half = len(event.data) // 2
            self._out += self._side.send(TextMessage(event.data[:half], message_finished=False))
            self._out += self._side.send(TextMessage(event.data[half:]))

    def receive(self) -> bytes:
        data, self._out = self._out[: self._size], self._out[self._size :]
        return data


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("length", [1, 200, 60_000])
def test_messages_come_back(size: int, length: int) -> None:
    wire: Any = Wire(max(size, length // 100))
    talk = Talk(wire)
    for number in range(3):
        talk.say({"number": number, "text": "x" * length})
        assert talk.hear() == {"number": number, "text": "x" * length}


def test_a_mark_is_measured_while_the_client_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import json,sys\nfor mark in json.loads(sys.argv[1])['marks']:\n"
    code += "    print(mark, flush=True); sys.stdin.readline()"
    monkeypatch.setattr(bench_memory, "_CLIENT", [sys.executable, "-c", code])
    rig = Rig(tmp_path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        proxy: Any = Proxy("p", process, 1, tmp_path)  # type: ignore[arg-type]
        try:
            held = hold(rig, proxy, "streams", (1, 2))
            monkeypatch.setattr(bench_memory, "_CLIENT", [sys.executable, "-c", "print('no')"])
            with pytest.raises(ConfigError):
                hold(rig, proxy, "streams", (1,))
        finally:
            process.communicate(b"\n")
            rig.close()
    assert list(held) == [1, 2]
    assert all(0 < megabytes < 1000 for megabytes in held.values()) or not Path("/proc").exists()
