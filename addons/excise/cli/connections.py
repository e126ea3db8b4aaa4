"""Who on this machine is connected to whom, as Linux tells it under /proc.

Of other users' programs the kernel shows the connections, not whose they are.
"""

from __future__ import annotations

import ipaddress
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
PROC: Final = Path("/proc")
ESTABLISHED: Final = 1
LISTENING: Final = 10
_AT_ONCE: Final = 32


class Connection(NamedTuple):
    """One line of the kernel's table: its state, both ports, the far address, whose it is."""

    state: int
    port: int
    far: Address
    far_port: int
    uid: int
    inode: int


class Process(NamedTuple):
    """A program that runs, and the proxy that its environment names."""

    pid: int
    name: str
    proxy: str


def read_connections(proc: Path = PROC) -> list[Connection]:
    """Every TCP connection of this network namespace; none where the system has no such table."""
    found: list[Connection] = []
    for name in ("tcp", "tcp6"):
        with suppress(OSError):
            found += parse_table((proc / "net" / name).read_text("ascii"))
    return found


def parse_table(text: str) -> Iterator[Connection]:
    """The lines of /proc/net/tcp or tcp6 (proc_net_tcp in the kernel's documentation)."""
    for line in text.splitlines()[1:]:
        words = line.split()
        _, port = words[1].split(":")
        far, far_port = words[2].split(":")
        yield Connection(
            state=int(words[3], 16),
            port=int(port, 16),
            far=_address(far),
            far_port=int(far_port, 16),
            uid=int(words[7]),
            inode=int(words[9]),
        )


def _address(text: str) -> Address:
    """Words of 32 bits, each in the order of the machine, of which only little ends are common."""
    raw = b"".join(bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8))
    address = ipaddress.ip_address(raw)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def find_holders(inodes: Collection[int], proc: Path = PROC) -> dict[int, Process]:
    """The programs that hold these sockets, as far as this user may see."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[int, Process] = {}
    for folder in proc.glob("[0-9]*"):
        with suppress(OSError):
            for link in (folder / "fd").iterdir():
                with suppress(OSError):
                    if inode := wanted.get(str(link.readlink())):
                        found[inode] = read_process(folder)
    return found


def read_process(folder: Path) -> Process:
    """What /proc says of a program. Raises `OSError` where it is gone or another user's."""
    name = (folder / "comm").read_text("utf-8", "replace").strip()
    pairs = (each.partition(b"=") for each in (folder / "environ").read_bytes().split(b"\0"))
    world = {key.decode("utf-8", "replace").lower(): text for key, _, text in pairs}
    return Process(int(folder.name), name, world.get("https_proxy", b"").decode("utf-8", "replace"))


def look_up(
    names: Sequence[str],
    addresses_of: Callable[[str], Iterable[Address]],
    seconds: float,
) -> dict[Address, str]:
    """The names by address, as far as they are known after `seconds`; a resolver that does not
    answer is not waited for."""
    asked: queue.SimpleQueue[str] = queue.SimpleQueue()
    told: queue.SimpleQueue[tuple[str, Iterable[Address]]] = queue.SimpleQueue()
    for name in names:
        asked.put(name)

    def work() -> None:
        with suppress(queue.Empty):
            while True:
                name = asked.get_nowait()
                told.put((name, addresses_of(name)))

    for _ in range(min(_AT_ONCE, len(names))):
        threading.Thread(target=work, daemon=True).start()
    found: dict[Address, str] = {}
    deadline = time.monotonic() + seconds
    with suppress(queue.Empty):
        for _ in names:
            name, addresses = told.get(timeout=max(0.0, deadline - time.monotonic()))
            found |= dict.fromkeys(addresses, name)
    return found
