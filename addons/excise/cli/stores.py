"""Where systems and programs keep the CAs that they trust, and how ours gets in and out.

Everything is a command, so that what would be done can be read, and run by somebody with the right
to. Nothing here runs one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from excise.state.ca import NAME
from excise.state.truststore import PASSWORD

ALIAS: Final = "excise"
DEBIAN: Final = Path("usr/local/share/ca-certificates/excise.crt")
RHEL: Final = Path("etc/pki/ca-trust/source/anchors/excise.pem")
# Below the user's home: Firefox as packaged, by snap, by flatpak, on macOS; and Chromium's own.
PROFILES: Final = (
    ".mozilla/firefox/*/cert9.db",
    "snap/firefox/common/.mozilla/firefox/*/cert9.db",
    ".var/app/org.mozilla.firefox/.mozilla/firefox/*/cert9.db",
    "Library/Application Support/Firefox/Profiles/*/cert9.db",
    ".pki/nssdb/cert9.db",
    "snap/chromium/current/.pki/nssdb/cert9.db",
)
_TOOLS: Final = ("/usr/sbin", "/sbin")


class Machine(NamedTuple):
    """Where to look: the root folder, or a copy of it; the user's home, environment, platform."""

    root: Path
    home: Path
    environ: Mapping[str, str]
    platform: str

    @property
    def is_itself(self) -> bool:
        """Whether this is the machine, and no copy of its folders to try things on."""
        return self.root == Path("/")

    def find(self, program: str) -> str | None:
        """Where a program is; tools of the administrator are not on everybody's path."""
        return shutil.which(program, path=os.pathsep.join([self.environ.get("PATH", ""), *_TOOLS]))


class Step(NamedTuple):
    """One command; `may_fail` where there may be nothing for it to do."""

    words: tuple[str, ...]
    may_fail: bool = False


class Store(NamedTuple):
    """One kind of store: whose it is, whether only root may change it, and what is to be done on a
    machine to have a certificate (a PEM file, its SHA-1) in it or out of it; nothing where the
    machine has no such store."""

    title: str
    root: bool
    enter: Callable[[Machine, Path, str], list[Step]]
    leave: Callable[[Machine, Path, str], list[Step]]


def _copy(machine: Machine, cert: Path, place: Path) -> Step:
    return Step(("install", "-D", "-m", "644", str(cert), str(machine.root / place)))


def _remove(machine: Machine, place: Path) -> Step:
    return Step(("rm", "-f", str(machine.root / place)))


def _update_debian(machine: Machine) -> list[str]:
    """`update-ca-certificates`; on a copy of its folders, by options that name each."""
    tool = machine.find("update-ca-certificates")
    if tool is None or not (machine.root / "etc/ssl/certs").is_dir():
        return []
    if machine.is_itself:
        return [tool]
    places = {
        "--certsconf": "etc/ca-certificates.conf",
        "--certsdir": "usr/share/ca-certificates",
        "--localcertsdir": "usr/local/share/ca-certificates",
        "--etccertsdir": "etc/ssl/certs",
        "--hooksdir": "etc/ca-certificates/update.d",
    }
    return [tool, *(w for name, to in places.items() for w in (name, str(machine.root / to)))]


def _enter_debian(machine: Machine, cert: Path, _: str) -> list[Step]:
    update = _update_debian(machine)
    return [_copy(machine, cert, DEBIAN), Step(tuple(update))] if update else []


def _leave_debian(machine: Machine, _: Path, __: str) -> list[Step]:
    update = _update_debian(machine)
    # Without `--fresh` a link to what is gone would stay.
    return [_remove(machine, DEBIAN), Step((*update, "--fresh"))] if update else []


def _update_rhel(machine: Machine) -> list[Step]:
    tool = machine.find("update-ca-trust")
    if tool is None or not machine.is_itself or not (machine.root / RHEL).parent.is_dir():
        return []
    return [Step((tool, "extract"))]


def _enter_rhel(machine: Machine, cert: Path, _: str) -> list[Step]:
    update = _update_rhel(machine)
    return [_copy(machine, cert, RHEL), *update] if update else []


def _leave_rhel(machine: Machine, _: Path, __: str) -> list[Step]:
    update = _update_rhel(machine)
    return [_remove(machine, RHEL), *update] if update else []


def _keychain(machine: Machine) -> str:
    return str(machine.home / "Library/Keychains/login.keychain-db")


def _enter_macos(machine: Machine, cert: Path, _: str) -> list[Step]:
    if machine.platform != "darwin" or not machine.is_itself:
        return []
    # For TLS alone, and for this user alone; macOS asks for the password in a window.
    return [Step(("security", "add-trusted-cert", "-r", "trustRoot", "-p", "ssl",
                  "-k", _keychain(machine), str(cert)))]  # fmt: skip


def _leave_macos(machine: Machine, cert: Path, sha1: str) -> list[Step]:
    if machine.platform != "darwin" or not machine.is_itself:
        return []
    return [
        Step(("security", "remove-trusted-cert", str(cert)), may_fail=True),
        Step(("security", "delete-certificate", "-Z", sha1, _keychain(machine)), may_fail=True),
    ]


def find_profiles(home: Path) -> Iterator[Path]:
    """The folders with a certificate database of NSS."""
    for pattern in PROFILES:
        yield from sorted(path.parent for path in home.glob(pattern))


def _enter_nss(machine: Machine, cert: Path, sha1: str) -> list[Step]:
    steps = []
    for step in _leave_nss(machine, cert, sha1):  # one of an earlier CA goes
        tool, where = step.words[0], step.words[-1]
        add = (tool, "-A", "-d", where, "-n", NAME, "-t", "C,,", "-i", str(cert))
        steps += [step, Step(add)]
    return steps


def _leave_nss(machine: Machine, _: Path, __: str) -> list[Step]:
    tool = machine.find("certutil")
    if tool is None or not machine.is_itself:
        return []
    return [
        Step((tool, "-D", "-n", NAME, "-d", f"sql:{folder}"), may_fail=True)
        for folder in find_profiles(machine.home)
    ]


def find_cacerts(machine: Machine) -> Path | None:
    """The store of the Java that runs here, which a system may keep elsewhere."""
    java = machine.find("java")
    homes = [machine.environ.get("JAVA_HOME", "")]
    homes += [str(Path(java).resolve().parents[1])] if java else []
    for home in filter(None, homes):
        store = Path(home) / "lib/security/cacerts"
        if store.is_file():
            return store
    return None


def _keytool(machine: Machine) -> list[str]:
    tool, store = machine.find("keytool"), find_cacerts(machine)
    if tool is None or store is None or not machine.is_itself:
        return []
    return [tool, "-keystore", str(store), "-storepass", PASSWORD, "-alias", ALIAS]


def _enter_java(machine: Machine, cert: Path, sha1: str) -> list[Step]:
    words = _keytool(machine)
    add = (*words, "-importcert", "-noprompt", "-trustcacerts", "-file", str(cert))
    return [*_leave_java(machine, cert, sha1), Step(add)] if words else []


def _leave_java(machine: Machine, _: Path, __: str) -> list[Step]:
    words = _keytool(machine)
    return [Step((*words, "-delete"), may_fail=True)] if words else []


STORES: Final[Mapping[str, Store]] = {
    "debian": Store("Debian, Ubuntu: the system's", True, _enter_debian, _leave_debian),
    "rhel": Store("RHEL, Fedora: the system's", True, _enter_rhel, _leave_rhel),
    "macos": Store("macOS: the user's keychain", False, _enter_macos, _leave_macos),
    "nss": Store("Firefox, Chromium: each profile's", False, _enter_nss, _leave_nss),
    "java": Store("Java: that of the JDK", True, _enter_java, _leave_java),
}
