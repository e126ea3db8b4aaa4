"""What is done to each store, for machines that have it and machines that do not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from excise.cli.stores import PROFILES, STORES, Machine, Step, find_cacerts, find_profiles

CERT = Path("/state/ca/cert.pem")
SHA1 = "AB" * 20


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a profile of each kind, and every tool on its path."""
    for pattern in PROFILES:
        database = tmp_path / pattern.replace("*", "one")
        database.parent.mkdir(parents=True)
        database.touch()
    for name in ("certutil", "keytool", "java", "update-ca-trust"):
        tool = tmp_path / "jdk" / "bin" / name
        tool.parent.mkdir(parents=True, exist_ok=True)
        tool.touch(0o755)
    store = tmp_path / "jdk" / "lib" / "security" / "cacerts"
    store.parent.mkdir(parents=True)
    store.touch()
    return tmp_path


def machine(home: Path, platform: str = "linux", root: str = "/") -> Machine:
    return Machine(Path(root), home, {"PATH": str(home / "jdk" / "bin")}, platform)


def steps(name: str, where: Machine, *, undo: bool = False) -> list[Step]:
    store = STORES[name]
    return (store.leave if undo else store.enter)(where, CERT, SHA1)


def test_every_profile_gets_it_once_and_loses_it(home: Path) -> None:
    assert len(list(find_profiles(home))) == len(PROFILES)
    entered, left = steps("nss", machine(home)), steps("nss", machine(home), undo=True)
    assert entered[::2] == left and all(step.may_fail for step in left)
    adds = entered[1::2]
    assert {step.words[step.words.index("-d") + 1] for step in adds} == {
        f"sql:{folder}" for folder in find_profiles(home)
    }
    assert all(step.words[-2:] == ("-i", str(CERT)) and "C,," in step.words for step in adds)


def test_java_is_found_by_its_home_or_its_program(home: Path, tmp_path: Path) -> None:
    where = machine(home)
    assert find_cacerts(where) == home / "jdk/lib/security/cacerts"
    other = where._replace(environ={"PATH": "/nowhere", "JAVA_HOME": str(home / "jdk")})
    assert find_cacerts(other) == home / "jdk/lib/security/cacerts"
    assert find_cacerts(where._replace(environ={"PATH": "/nowhere"})) is None
    entered = steps("java", where)
    assert [step.may_fail for step in entered] == [True, False]
    assert entered[0] == steps("java", where, undo=True)[0]


def test_macos_trusts_it_for_tls_alone_and_forgets_it_by_its_digest(home: Path) -> None:
    where = machine(home, "darwin")
    [step] = steps("macos", where)
    assert step.words[:6] == ("security", "add-trusted-cert", "-r", "trustRoot", "-p", "ssl")
    assert "-d" not in step.words  # for the user, not for the machine
    assert any(SHA1 in step.words for step in steps("macos", where, undo=True))


def test_rhel_copies_and_extracts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_dir", lambda _: True)
    entered, left = steps("rhel", machine(home)), steps("rhel", machine(home), undo=True)
    place = "/etc/pki/ca-trust/source/anchors/excise.pem"
    assert entered[0].words == ("install", "-D", "-m", "644", str(CERT), place)
    assert left[0].words == ("rm", "-f", place)
    assert [step.words[-1] for step in (entered[1], left[1])] == ["extract", "extract"]


@pytest.mark.parametrize("name", STORES)
@pytest.mark.parametrize("undo", [False, True])
def test_a_machine_without_a_store_has_nothing_to_do(tmp_path: Path, name: str, undo: bool) -> None:
    bare = Machine(tmp_path, tmp_path, {"PATH": str(tmp_path)}, "linux")
    assert steps(name, bare, undo=undo) == []


@pytest.mark.parametrize("name", [name for name in STORES if name != "debian"])
def test_a_copy_of_the_system_touches_nothing_of_this_one(home: Path, name: str) -> None:
    for platform in ("linux", "darwin"):
        copy = machine(home, platform, str(home))._replace(
            environ={"PATH": os.pathsep.join([str(home / "jdk" / "bin"), os.environ["PATH"]])}
        )
        assert steps(name, copy) == steps(name, copy, undo=True) == []
