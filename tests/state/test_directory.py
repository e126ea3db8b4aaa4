"""A bind decides, over TLS alone; a directory that cannot be asked is not one that says no."""

from __future__ import annotations

import gc
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from ldap_server import LdapServer

from excise.errors import ConfigError, StateError
from excise.state.directory import Directory

TEMPLATE = "uid={},ou=people,dc=corp"
PASSWORD = "ada's password"
USERS = {"uid=ada,ou=people,dc=corp": PASSWORD}


@pytest.fixture(autouse=True)
def swept() -> Iterator[None]:
    """ldap3 leaves a connection whose handshake failed to the collector of garbage."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(params=[True, False], ids=["ldaps", "starttls"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LdapServer]:
    made = LdapServer(tmp_path, USERS, secure=request.param)
    yield made
    made.close()


def test_the_right_password_fits_and_nothing_else(server: LdapServer) -> None:
    """An empty one is not shown: a directory would take it for nobody's."""
    directory = Directory(server.url, TEMPLATE, server.ca)
    assert directory.members("ada", PASSWORD) == ()
    assert directory.members("ada", "wrong") is None
    assert directory.members("eve", PASSWORD) is None
    asked = len(server.asked)
    for name, password in (("ada", ""), ("ada,ou=x", PASSWORD), ("", "x"), ("a*", "x")):
        assert directory.members(name, password) is None
    assert len(server.asked) == asked
    assert all(secure for _, secure in server.asked)
    assert PASSWORD not in repr(directory)


@pytest.mark.parametrize(
    ("template", "base", "found"),
    [
        (TEMPLATE, "", ()),
        (TEMPLATE, "ou=groups,dc=corp", ("eng", "staff")),
        ("{}@corp.example", "dc=corp", ("Engineering", "Staff, all")),
    ],
)
def test_a_user_s_groups_are_asked_for(
    server: LdapServer, template: str, base: str, found: tuple[str, ...]
) -> None:
    server.users = {**USERS, "ada@corp.example": PASSWORD}
    server.groups = {
        "uid=ada,ou=people,dc=corp": ["eng", "staff"],
        "uid=eve,ou=people,dc=corp": ["interns"],
        "ada@corp.example": ["cn=Engineering,ou=g,dc=corp", r"cn=Staff\, all,ou=g,dc=corp"],
    }
    directory = Directory(server.url, template, server.ca, base)
    assert directory.members("ada", PASSWORD) == found
    assert directory.members("ada", "wrong") is None


def test_a_directory_that_does_not_tell_groups_cannot_be_asked(server: LdapServer) -> None:
    """Rather than to take a user for one who is in none."""
    directory = Directory(server.url, TEMPLATE, server.ca, "ou=nowhere")
    with pytest.raises(StateError, match="32"):
        directory.members("ada", PASSWORD)


def test_a_directory_that_nobody_vouches_for_gets_no_password(server: LdapServer) -> None:
    with pytest.raises(StateError) as caught:
        Directory(server.url, TEMPLATE).members("ada", PASSWORD)
    assert caught.value.code == "EXC-STA-007" and PASSWORD not in str(caught.value)
    assert server.asked == []


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_one_that_is_called_otherwise_gets_none_either(server: LdapServer) -> None:
    """Its certificate is for localhost."""
    url = server.url.replace("localhost", "127.0.0.1")
    with pytest.raises(StateError):
        Directory(url, TEMPLATE, server.ca).members("ada", PASSWORD)
    assert server.asked == []


def test_one_that_is_busy_says_nothing_of_the_user(server: LdapServer) -> None:
    server.busy = True
    with pytest.raises(StateError, match="51"):
        Directory(server.url, TEMPLATE, server.ca).members("ada", PASSWORD)


def test_without_tls_no_password_is_sent(tmp_path: Path) -> None:
    server = LdapServer(tmp_path, USERS, secure=False, starts_tls=False)
    with pytest.raises(StateError):
        Directory(server.url, TEMPLATE, server.ca).members("ada", PASSWORD)
    assert server.asked == []
    server.close()


def test_nobody_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(StateError, match="EXC-STA-007"):
        Directory(f"ldaps://127.0.0.1:{port}", TEMPLATE).members("ada", PASSWORD)


@pytest.mark.parametrize(
    "url,template",
    [
        ("http://x", TEMPLATE),
        ("ldaps://", TEMPLATE),
        ("ldaps://x:99999", TEMPLATE),
        ("ldaps://x/dc=corp", TEMPLATE),
        ("ldaps://x", "uid=ada"),
        ("ldaps://x", "{}{}"),
        ("ldaps://x", "{name}"),
        ("ldaps://x", ""),
    ],
)
def test_what_cannot_be_read_is_refused(url: str, template: str) -> None:
    with pytest.raises(ConfigError, match="EXC-CFG-001"):
        Directory(url, template)
