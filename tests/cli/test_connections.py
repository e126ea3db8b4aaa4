"""The kernel's tables are read as they are, and sockets are found with who holds them."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.cli.connections import (
    ESTABLISHED,
    LISTENING,
    find_holders,
    look_up,
    parse_table,
    read_connections,
    read_process,
)

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these tables")
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  inode\n"


def spell(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """As the kernel of a little-endian machine prints it."""
    raw = address.packed
    return b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4)).hex().upper()


@given(st.ip_addresses(), st.integers(1, 65535), st.integers(0, 2**31))
def test_a_line_is_read_back(
    far: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int, inode: int
) -> None:
    line = f"   0: 0100007F:1F90 {spell(far)}:{port:04X} 01 0:0 00:0 0 1000 0 {inode} 1 0 20\n"
    [read] = parse_table(HEAD + line)
    mapped = far.ipv4_mapped if isinstance(far, ipaddress.IPv6Address) else None
    assert (read.far, read.far_port, read.port) == (mapped or far, port, 0x1F90)
    assert (read.state, read.uid, read.inode) == (ESTABLISHED, 1000, inode)


@linux
def test_a_connection_of_ours_is_found_with_its_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            table = read_connections()
            [asking] = [c for c in table if c.state == ESTABLISHED and c.far_port == port]
            [listening] = [c for c in table if c.state == LISTENING and c.port == port]
            held = find_holders({asking.inode, listening.inode})
    assert {process.pid for process in held.values()} == {os.getpid()}
    assert str(asking.far) == "127.0.0.1"


def test_what_a_process_is_led_by_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "42"
    (folder / "fd").mkdir(parents=True)
    (folder / "comm").write_text("node\n")
    (folder / "environ").write_bytes(b"A=1\0HTTPS_PROXY=http://127.0.0.1:8080\0B")
    (folder / "fd" / "3").symlink_to("socket:[77]")
    (tmp_path / "43").mkdir()  # another user's
    assert read_process(folder) == (42, "node", "http://127.0.0.1:8080")
    assert find_holders({77, 78}, tmp_path) == {77: (42, "node", "http://127.0.0.1:8080")}
    assert read_connections(tmp_path) == []


def test_a_resolver_that_hangs_is_not_waited_for() -> None:
    here, hang = ipaddress.ip_address("192.0.2.1"), threading.Event()

    def addresses_of(name: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
        if name == "slow":
            hang.wait(30)
        return [here]

    before = time.monotonic()
    assert look_up(["quick", "slow"], addresses_of, 0.5) == {here: "quick"}
    assert time.monotonic() - before < 20
    hang.set()
    assert look_up([], addresses_of, 0.5) == {}
