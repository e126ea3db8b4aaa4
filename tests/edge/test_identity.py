"""Who speaks: what is taken, what is refused alike, what is forgotten, what is never tried."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from certified import Office
from mitmproxy import certs, http, tls
from mitmproxy.options import Options
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import modes
from mitmproxy.proxy.layers.http import HttpStream
from mitmproxy.test import tflow

from excise.edge import identity as under_test
from excise.edge.exchange import PRINCIPAL, principal_of
from excise.edge.identity import (
    DAY_SECONDS,
    FAILURES,
    REMEMBERED_SECONDS,
    WINDOW_SECONDS,
    Identity,
    Shown,
    parse_credentials,
)
from excise.errors import StateError
from excise.model import Principal
from excise.state.certificates import Revoked
from excise.state.clients import Clients, parse_clients
from excise.state.directory import Directory
from excise.state.users import UserFile, hash_password

PASSWORD = "a long password"


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


class Rig:
    """An identity over a file with ada, and a clock that is set by hand."""

    def __init__(
        self,
        folder: Path,
        clients: Clients | None = None,
        required: bool = True,
        directory: Directory | None = None,
        **more: Any,
    ) -> None:
        self.now = 0.0
        self.told: list[tuple[str, str]] = []
        self.file = UserFile(folder)
        self.file.put_user("ada", group="eng", secret=hash_password(PASSWORD))
        self.made = Identity(
            self.file,
            clients or Clients(),
            required=required,
            directory=directory,
            **more,
            refused=lambda address, why: self.told.append((address, why)),
            clock=lambda: self.now,
        )

    async def connect(self, header: str = "", flow: http.HTTPFlow | None = None) -> http.HTTPFlow:
        flow = flow or tflow.tflow()
        if header:
            flow.request.headers["proxy-authorization"] = header
        rest = self.made.http_connect(flow)
        if rest is not None:
            await rest
        return flow


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []
    real: Callable[[str, str], bool] = under_test.is_password

    def counted(secret: str, password: str) -> bool:
        seen.append(password)
        return real(secret, password)

    monkeypatch.setattr(under_test, "is_password", counted)
    return seen


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (basic("ada", "x:y"), Shown("ada", "x:y")),
        ("bearer excise_abc", Shown("", "excise_abc")),
        ("Bearer other", None),
        ("Basic !!!", None),
        ("Basic", None),
        ("", None),
        (basic("ada", ""), None),
        ("Basic " + base64.b64encode(b"\xff:x").decode(), None),
        ("Digest username=ada", None),
        (basic("ada", "x" * 5000), None),
    ],
)
def test_credentials_are_read_strictly(header: str, wanted: Shown | None) -> None:
    assert parse_credentials(header) == wanted


async def test_a_password_is_tried_once_and_then_known(rig: Rig, tries: list[str]) -> None:
    first = await rig.connect(basic("ada", PASSWORD))
    assert first.response is None
    assert principal_of(first) == Principal(id="user:ada", source="basic", group="eng")
    assert "proxy-authorization" not in first.request.headers
    assert PASSWORD not in repr(first.metadata)
    await rig.connect(basic("ada", PASSWORD))
    assert len(tries) == 1
    rig.now = REMEMBERED_SECONDS + 1
    await rig.connect(basic("ada", PASSWORD))
    assert len(tries) == 2


async def test_many_at_once_are_tried_as_few(rig: Rig, tries: list[str]) -> None:
    flows = await asyncio.gather(*(rig.connect(basic("ada", PASSWORD)) for _ in range(30)))
    assert all(flow.response is None for flow in flows)
    assert len(tries) <= under_test.AT_ONCE


@pytest.mark.parametrize(
    "header",
    ["", "Digest x", basic("ada", "wrong password"), basic("eve", PASSWORD), "Bearer excise_no"],
)
async def test_whatever_is_wrong_is_told_alike(
    rig: Rig, header: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        flow = await rig.connect(header)
    assert flow.response is not None
    assert flow.response.status_code == 407
    assert flow.response.headers.get_all("proxy-authenticate") == [
        'Basic realm="Excise", charset="UTF-8"',
        'Bearer realm="Excise"',
    ]
    assert PRINCIPAL not in flow.metadata
    assert "password" not in caplog.text
    assert "ada" not in caplog.text


async def test_who_guesses_waits_and_who_is_known_does_not(rig: Rig, tries: list[str]) -> None:
    await rig.connect(basic("ada", PASSWORD))
    flows = [await rig.connect(basic("ada", f"guess number {n}")) for n in range(FAILURES + 3)]
    codes = [flow.response.status_code for flow in flows if flow.response]
    assert codes == [407] * FAILURES + [429] * 3
    assert len(tries) == 1 + FAILURES
    assert (await rig.connect(basic("ada", PASSWORD))).response is None
    rig.now = WINDOW_SECONDS + 1
    again = await rig.connect(basic("ada", "another guess"))
    assert again.response is not None
    assert again.response.status_code == 407


async def test_tokens_name_their_device_and_end_with_it(rig: Rig, tries: list[str]) -> None:
    token, secret = rig.file.new_token("ada", "laptop", now=datetime.now(UTC))
    wanted = Principal(id="user:ada", source="token:laptop", group="eng")
    for header in (f"Bearer {secret}", basic("ada", secret), basic("token", secret)):
        assert principal_of(await rig.connect(header)) == wanted
    assert (await rig.connect(basic("bob", secret))).response is not None
    assert tries == []
    tunnel = await rig.connect(f"Bearer {secret}")
    inner = tflow.tflow(client_conn=tunnel.client_conn)
    rig.made.requestheaders(inner)
    assert principal_of(inner) == wanted
    rig.file.revoke_token(token.id)
    later = tflow.tflow(client_conn=tunnel.client_conn)
    rig.made.requestheaders(later)
    assert later.metadata[PRINCIPAL] is None
    rig.made.client_disconnected(tunnel.client_conn)
    assert (await rig.connect(f"Bearer {secret}")).response is not None


async def test_another_password_ends_what_the_old_one_opened(rig: Rig) -> None:
    tunnel = await rig.connect(basic("ada", PASSWORD))
    rig.file.put_user("ada", secret=hash_password("an other password"))
    inner = tflow.tflow(client_conn=tunnel.client_conn)
    rig.made.requestheaders(inner)
    assert inner.metadata[PRINCIPAL] is None
    assert (await rig.connect(basic("ada", PASSWORD))).response is not None


async def test_a_request_without_a_tunnel_speaks_for_itself_alone(rig: Rig) -> None:
    flow = tflow.tflow()
    flow.request.headers["proxy-authorization"] = basic("ada", PASSWORD)
    rest = rig.made.requestheaders(flow)
    assert rest is not None
    await rest
    assert principal_of(flow).id == "user:ada"
    other = tflow.tflow(client_conn=flow.client_conn)
    rig.made.requestheaders(other)
    assert other.response is not None


async def test_mapped_networks_need_nothing_and_groups_come_from_the_file(tmp_path: Path) -> None:
    clients = parse_clients(
        "networks: [{network: 127.0.0.0/8, principal: here, group: local}]\n"
        "groups: {interns: [ada]}\n",
        "here",
    )
    rig = Rig(tmp_path, clients)
    assert principal_of(await rig.connect()) == Principal(
        id="network:here", source="network", group="local"
    )
    assert principal_of(await rig.connect(basic("ada", PASSWORD))).group == "interns"
    free = Rig(tmp_path / "free", required=False)
    assert principal_of(await free.connect()).id == "address:127.0.0.1"
    assert principal_of(await free.connect(basic("ada", "x"))).id == "address:127.0.0.1"


async def test_a_list_that_cannot_be_read_lets_nobody_in(rig: Rig) -> None:
    rig.file.path.write_text("broken")
    assert (await rig.connect(basic("ada", PASSWORD))).response is not None


async def test_wrong_credentials_have_a_line_for_the_first_and_the_last(rig: Rig) -> None:
    """Not one for each try: nobody fills the trail from outside."""
    for _ in range(FAILURES + 5):
        await rig.connect(basic("ada", "wrong password"))
    (address,) = {address for address, _ in rig.told}
    assert rig.told == [(address, "credentials-wrong"), (address, "credentials-barred")]
    await rig.connect()
    assert len(rig.told) == 2, "who shows nothing yet is only asked"
    rig.now = WINDOW_SECONDS + 1
    await rig.connect(basic("ada", "wrong password"))
    assert [why for _, why in rig.told[2:]] == ["credentials-wrong"]


class Asked(Directory):
    """Takes one password of everybody in it; says so, or cannot be asked."""

    def __init__(self) -> None:
        super().__init__("ldaps://ldap.test", "uid={}")
        self.seen: list[str] = []
        self.away = False

    def members(self, name: str, password: str) -> tuple[str, ...] | None:
        self.seen.append(name)
        if self.away:
            raise StateError("EXC-STA-007", "away.")
        return ("Sales EU",) if name.lower() == "bob" and password == PASSWORD else None


async def test_a_directory_knows_those_who_are_in_no_list(tmp_path: Path) -> None:
    """Asked once for a while; groups come from the file of clients; case makes nobody another."""
    directory = Asked()
    clients = parse_clients("members-of: {sales: [sales eu]}", "x")
    rig = Rig(tmp_path, clients, directory=directory)
    wanted = Principal(id="user:bob", source="ldap", group="sales")
    for name in ("bob", "bob", "Bob"):
        flow = await rig.connect(basic(name, PASSWORD))
        assert flow.response is None and principal_of(flow) == wanted
    assert directory.seen == ["bob", "Bob"]
    assert (await rig.connect(basic("bob", "wrong password"))).response.status_code == 407  # type: ignore[union-attr]
    assert (await rig.connect(basic("ada", PASSWORD))).response is None
    assert "ada" not in directory.seen, "who is in the list is tried by it alone"
    inner = tflow.tflow(client_conn=flow.client_conn)
    rig.made.requestheaders(inner)
    assert inner.metadata[PRINCIPAL] == wanted
    rig.now = DAY_SECONDS + 1
    inner = tflow.tflow(client_conn=flow.client_conn)
    rig.made.requestheaders(inner)
    assert inner.metadata[PRINCIPAL] is None


async def test_a_directory_that_cannot_be_asked_is_not_one_that_says_no(tmp_path: Path) -> None:
    """503, nobody is let in, and nobody is barred for it."""
    directory = Asked()
    rig = Rig(tmp_path, directory=directory)
    directory.away = True
    for _ in range(FAILURES + 2):
        flow = await rig.connect(basic("bob", PASSWORD))
        assert flow.response is not None and flow.response.status_code == 503
    assert rig.told == []
    directory.away = False
    assert (await rig.connect(basic("bob", PASSWORD))).response is None


def certified(rig: Rig, path: Path) -> tls.TlsData:
    """The hook's argument for a client that has shown this to the proxy itself."""
    client = tflow.tclient_conn()
    client.certificate_list = [certs.Cert.from_pem(path.read_bytes())]
    context = Context(client, Options())
    context.layers = [object.__new__(modes.HttpProxy)]
    data = tls.TlsData(client, context)
    rig.made.tls_established_client(data)
    return data


async def test_a_certificate_counts_for_its_connection(tmp_path: Path) -> None:
    """In place of credentials, for which nobody is asked then; until it ends or is revoked."""
    office = Office(tmp_path)
    ada = office.issue("Ada", units=("Lab",))
    listed = office.revoke()
    clients = parse_clients("members-of: {engineering: [lab]}", "x")
    rig = Rig(tmp_path, clients, client_name="cn", revoked=Revoked(listed))
    client = certified(rig, ada).conn
    wanted = Principal(id="cert:ada", source="certificate", group="engineering")
    flow = await rig.connect("Basic of-somebody-else", tflow.tflow(client_conn=client))
    assert flow.response is None and principal_of(flow) == wanted == rig.made.of(client)
    assert "proxy-authorization" not in flow.request.headers

    def asked() -> Principal | None:
        inner = tflow.tflow(client_conn=client)
        rig.made.requestheaders(inner)
        found: Principal | None = inner.metadata[PRINCIPAL]
        return found

    assert asked() == wanted
    rig.now = 31 * 86400.0
    assert asked() is None
    rig.now = 0
    office.revoke(ada)
    assert asked() is None
    assert (await rig.connect(flow=tflow.tflow(client_conn=client))).response is not None
    rig.made.client_disconnected(client)
    assert rig.made.of(client) is None


async def test_only_what_was_shown_to_the_proxy_itself_counts(tmp_path: Path) -> None:
    """A client that shows one inside a tunnel, or when nobody asks, or with no name, is nobody."""
    office = Office(tmp_path)
    rig, other = Rig(tmp_path, client_name="cn"), Rig(tmp_path)
    data = certified(rig, office.issue())
    data.conn.certificate_list = [certs.Cert.from_pem(office.issue("ada").read_bytes())]
    data.context.layers = [object.__new__(modes.HttpProxy), object.__new__(HttpStream)]
    rig.made.tls_established_client(data)
    assert rig.made.of(data.conn) is None
    assert other.made.of(certified(other, office.issue("ada")).conn) is None


@pytest.mark.parametrize(("name", "principal"), [("Ada", "cert:ada"), ("", ""), ("a\nb", "")])
async def test_a_balancer_may_tell_the_name(tmp_path: Path, name: str, principal: str) -> None:
    rig = Rig(tmp_path, told=lambda client: name)
    flow = tflow.tflow()
    rig.made.client_connected(flow.client_conn)
    await rig.connect(flow=flow)
    assert (flow.response is None) is bool(principal)
    if principal:
        assert principal_of(flow) == Principal(id=principal, source="balancer")
