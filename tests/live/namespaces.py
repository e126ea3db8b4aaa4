"""Three machines in one: a client, a gateway and a server, each a network namespace, by veth.

    client 10.77.0.2 ── 10.77.0.1 gateway 11.77.0.1 ── 11.77.0.2 (LLM host), 11.77.0.3 server
    client fd77::2 ──── fd77::1 gateway 2a07:77::1 ─── 2a07:77::2 (LLM host), 2a07:77::3 server

The server's addresses are public ones to whoever asks, and never leave the namespaces.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

LLM: Final = {4: "11.77.0.2", 6: "2a07:77::2"}
PLAIN: Final = {4: "11.77.0.3", 6: "2a07:77::3"}
GATEWAY: Final = {4: "10.77.0.1", 6: "fd77::1"}
NEEDED: Final = ("ip", "nft", "setpriv", "curl", "sysctl")


def missing() -> str:
    """What keeps this machine from having such namespaces; "" where nothing does."""
    absent = [name for name in NEEDED if shutil.which(name) is None]
    if absent:
        return f"not installed: {', '.join(absent)}"
    if os.geteuid() != 0:
        return "network namespaces need root"
    name = f"ex{os.getpid()}t"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"network namespaces are not allowed here: {made.stderr.strip()}"
    rules = "add table inet x\nadd chain inet x c { type nat hook prerouting priority -110; }\n"
    tried = subprocess.run(
        ["ip", "netns", "exec", name, "nft", "-f", "-"],
        input=rules, capture_output=True, text=True, check=False,
    )  # fmt: skip
    forwards = subprocess.run(
        ["ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv4.ip_forward=1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    subprocess.run(["ip", "netns", "del", name], check=False)
    if tried.returncode:
        return f"nftables are not allowed here: {tried.stderr.strip()}"
    return (
        f"forwarding is not allowed here: {forwards.stderr.strip()}" if forwards.returncode else ""
    )


class Machines:
    """Open: the three exist and reach one another, and the gateway forwards."""

    def __init__(self, hosts: str) -> None:
        self._base = f"ex{os.getpid()}"
        self._hosts = hosts

    def __enter__(self) -> Machines:
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for role in ("c", "g", "s"):
            subprocess.run(
                ["ip", "netns", "del", self.name(role)], capture_output=True, check=False
            )
        shutil.rmtree(self._files, ignore_errors=True)

    def name(self, role: str) -> str:
        """The namespace of the client `c`, the gateway `g` or the server `s`."""
        return self._base + role

    def inside(self, role: str, *words: str) -> list[str]:
        """A command line that runs there."""
        return ["ip", "netns", "exec", self.name(role), *words]

    def run(
        self, role: str, *words: str, env: Mapping[str, str] | None = None, text: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end there, at most half a minute."""
        return subprocess.run(
            self.inside(role, *words), env=env, input=text,
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip

    @property
    def _files(self) -> Path:
        return Path("/etc/netns") / self.name("g")

    def tell(self, hosts: str) -> None:
        """What the gateway's resolver knows: lines of a hosts file, and nobody else is asked."""
        self._files.mkdir(parents=True, exist_ok=True)
        (self._files / "hosts").write_text(hosts)
        (self._files / "resolv.conf").write_text("nameserver 127.0.0.1\noptions attempts:1\n")

    def _make(self) -> None:
        self.tell(self._hosts)
        for role in ("c", "g", "s"):
            _do("ip", "netns", "add", self.name(role))
            self._at(role, "ip", "link", "set", "lo", "up")
        self._join("c", ["10.77.0.2/24", "fd77::2/64"], ["10.77.0.1/24", "fd77::1/64"])
        self._join(
            "s",
            [f"{a}/{24 if v == 4 else 64}" for known in (LLM, PLAIN) for v, a in known.items()],
            ["11.77.0.1/24", "2a07:77::1/64"],
        )
        self._at("g", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        for role, four, six in (
            ("c", "10.77.0.1", "fd77::1"),
            ("s", "11.77.0.1", "2a07:77::1"),
        ):
            self._at(role, "ip", "route", "add", "default", "via", four)
            self._at(role, "ip", "-6", "route", "add", "default", "via", six)

    def _join(self, role: str, here: Sequence[str], there: Sequence[str]) -> None:
        """A cable between one of them (`way`) and the gateway (`c0` or `s0`)."""
        _do("ip", "link", "add", "way", "netns", self.name(role),
            "type", "veth", "peer", "name", f"{role}0", "netns", self.name("g"))  # fmt: skip
        for at, device, addresses in ((role, "way", here), ("g", f"{role}0", there)):
            for address in addresses:
                more = ["nodad"] if ":" in address else []
                self._at(at, "ip", "address", "add", address, "dev", device, *more)
            self._at(at, "ip", "link", "set", device, "up")

    def _at(self, role: str, *words: str) -> None:
        _do(*self.inside(role, *words))


def _do(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
