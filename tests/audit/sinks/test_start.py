"""Settings become running sinks, or a refusal to start."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from excise.audit.sinks.start import SENDERS, start_sinks
from excise.audit.sinks.target import PORTS
from excise.errors import ConfigError


def test_every_kind_has_its_sender() -> None:
    assert {name.partition("+")[0] for name in PORTS} == set(SENDERS)


def test_a_sink_is_started_and_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        address = f"syslog+udp://127.0.0.1:{receiver.getsockname()[1]}"
        sinks = start_sinks([address])
        sinks.give(b'{"time": "t", "stage": "start"}\n{"time": "u", "stage": "stop"}\n')
        assert receiver.recv(1000).startswith(b"<110>1 t ")
        assert receiver.recv(1000).startswith(b"<110>1 u ")
        sinks.close()
        assert sinks.state()[address]["sent"] == 2


def test_a_ca_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="EXC-CFG-003"):
        start_sinks([f"syslog+tls://h#ca={tmp_path / 'absent'}"])
