"""A proxy that asks who its clients are: official and raw clients, groups in policy and audit."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import openai
import pytest
from ldap_server import LdapServer
from live.rig import Rig
from live.stage import key

from excise.cli.demo_stage import ProxyProcess
from excise.standin.server import StandIn
from excise.state.users import UserFile, hash_password

pytestmark = pytest.mark.live
PASSWORD = "a long password"
CHAT = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}'
PROFILE = """\
profile: grouped
title: Interns send no keys, others have them cut
level: 1
packs: [{pack: secrets}]
clauses:
  - {id: interns, when: {kinds: [secret], groups: [interns]}, then: block}
  - {id: others, when: {kinds: [secret]}, then: redact}
uninspectable: {otherwise: alert}
on-fault: block
"""


@dataclass
class Office:
    """A proxy with two users, one device, and a model behind it."""

    proxy: ProxyProcess
    standin: StandIn
    users: UserFile
    token: str

    def ask(self, text: str, login: str) -> str:
        url = self.proxy.url.replace("://", f"://{login}@")
        trust = self.proxy.trust(self.standin.ca)
        web = openai.DefaultHttpxClient(proxy=url, verify=trust, trust_env=False)
        with openai.OpenAI(api_key="none", http_client=web, max_retries=0, timeout=20) as client:
            answer = client.chat.completions.create(
                model="gpt-4o", messages=[{"role": "user", "content": text}]
            )
        return answer.choices[0].message.content or ""

    def raw(self, *requests: bytes) -> list[bytes]:
        """The heads and bodies of answers to what is sent one after another on one connection."""
        answers = []
        bare = socket.create_connection(("127.0.0.1", self.proxy.port), timeout=10)
        with bare, bare.makefile("rb") as lines:
            for request in requests:
                bare.sendall(request)
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += lines.readline() or b"\r\n\r\n"
                size = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
                answers.append(head + lines.read(int(size or 0)))
        return answers


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    profile = folder / "grouped.yaml"
    profile.write_text(PROFILE)
    users = UserFile(folder / "proxy" / "state")
    users.put_user("ada", group="eng", secret=hash_password(PASSWORD))
    users.put_user("eve", group="interns", secret=hash_password(PASSWORD))
    _, token = users.new_token("ada", "laptop", now=datetime.now(UTC))
    options = ["--auth", "required", "--profile", str(profile), "--deny-hosts", "*.deepseek.com"]
    (folder / "ldap").mkdir()
    directory = LdapServer(folder / "ldap", {"bob@corp.test": PASSWORD})
    settings = folder / "proxy" / "config" / "excise" / "excise.yaml"
    settings.parent.mkdir(parents=True)
    settings.write_text(
        f"ldap: {directory.url}\nldap-bind: '{{}}@corp.test'\nldap-ca: {directory.ca}\n"
    )
    with (
        closing(directory),
        StandIn(folder / "standin") as standin,
        ProxyProcess(folder / "proxy", standin, options) as proxy,
    ):
        yield Office(proxy, standin, users, token)


def connect(login: str = "", host: str = "api.openai.com:443") -> bytes:
    shown = f"proxy-authorization: Basic {base64.b64encode(login.encode()).decode()}\r\n"
    return f"CONNECT {host} HTTP/1.1\r\nhost: {host}\r\n{shown if login else ''}\r\n".encode()


def test_groups_meet_their_own_policy_and_the_audit_names_who(office: Office) -> None:
    secret = key("office")
    start = len(office.proxy.lines())
    office.ask(f"say {secret}", f"ada:{PASSWORD}".replace(" ", "%20"))
    sent = office.standin.received[-1]
    assert secret.encode() not in sent.body
    assert "proxy-authorization" not in str(sent.headers).lower()
    with pytest.raises(openai.BadRequestError):
        office.ask(f"say {secret}", f"eve:{PASSWORD}".replace(" ", "%20"))
    office.ask("hello", f"token:{office.token}")
    lines = [x for x in office.proxy.await_lines(start, 5) if "principal" in x]
    told = {
        (x["principal"]["id"], x["principal"]["source"], x["principal"]["group"]) for x in lines
    }
    assert told == {
        ("user:ada", "basic", "eng"),
        ("user:eve", "basic", "interns"),
        ("user:ada", "token:laptop", "eng"),
    }
    assert office.proxy.find_leaks([PASSWORD, secret, office.token]) == []


def test_a_directory_knows_bob_and_wrong_passwords_have_a_line(office: Office) -> None:
    start = len(office.proxy.lines())
    office.ask("hello", f"bob:{PASSWORD}".replace(" ", "%20"))
    lines = office.proxy.await_lines(start, 2)
    assert {(x["principal"]["id"], x["principal"]["source"]) for x in lines} == {
        ("user:bob", "ldap")
    }
    start = len(office.proxy.lines())
    for _ in range(3):
        assert office.raw(connect("bob:wrong password"))[0].startswith(b"HTTP/1.1 407")
    (line,) = office.proxy.await_lines(start, 1)
    assert (line["stage"], line["anomalies"]) == ("tunnel", ["credentials-wrong"])
    assert "bob" not in str(line)


def test_who_shows_nothing_is_asked_and_may_answer_on_the_same_connection(office: Office) -> None:
    """Also a host that is not read, and a request without a tunnel."""
    first, second = office.raw(connect(), connect(f"ada:{PASSWORD}"))
    assert first.startswith(b"HTTP/1.1 407 ")
    assert first.count(b"roxy-") >= 2
    assert second.startswith(b"HTTP/1.1 200 ")
    before = len(office.standin.received)
    for request in (
        connect(host="unread.example:443"),
        connect("ada:wrong password"),
        connect("nobody:wrong password"),
        b"GET http://unread.example/ HTTP/1.1\r\nhost: unread.example\r\n\r\n",
        b"POST http://api.openai.com/v1/x HTTP/1.1\r\nhost: api.openai.com\r\n"
        b"content-length: 2\r\n\r\n{}",
    ):
        assert office.raw(request)[0].startswith(b"HTTP/1.1 407 "), request
    assert len(office.standin.received) == before
    with pytest.raises(httpx.ProxyError, match="407"):
        httpx.get("https://api.openai.com/", proxy=office.proxy.url, trust_env=False)


def test_a_tunnel_ends_with_its_user(office: Office) -> None:
    """Refused in the provider's shape, on a connection that was let in before."""
    office.users.put_user("tmp", secret=hash_password(PASSWORD))
    url = office.proxy.url.replace("://", f"://tmp:{PASSWORD}@")
    trust = office.proxy.trust(office.standin.ca)
    with httpx.Client(proxy=url, verify=trust, trust_env=False) as client:
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
        there = "https://api.openai.com/v1/chat/completions"
        assert client.post(there, json=body).status_code == 200
        office.users.remove_user("tmp")
        refused = client.post(there, json=body)
    assert refused.status_code == 400
    assert "error" in refused.json()
    assert office.proxy.lines()[-1]["reasons"] == ["identity"]


def test_a_host_that_is_not_approved_is_refused_and_told(office: Office) -> None:
    url = office.proxy.url.replace("://", f"://token:{office.token}@")
    trust = office.proxy.trust(office.standin.ca)
    before = len(office.standin.received)
    with httpx.Client(proxy=url, verify=trust, trust_env=False) as client:
        answer = client.post("https://api.deepseek.com/chat/completions", content=CHAT)
    assert (answer.status_code, "error" in answer.json()) == (400, True)
    assert len(office.standin.received) == before
    assert office.proxy.lines()[-1]["reasons"] == ["host-denied"]


def test_the_pac_file_is_had_without_credentials_and_names_the_proxy(office: Office) -> None:
    answer = httpx.get(f"{office.proxy.url}/proxy.pac", trust_env=False)
    assert answer.headers["content-type"] == "application/x-ns-proxy-autoconfig"
    assert f'return "PROXY 127.0.0.1:{office.proxy.port}"' in answer.text
    elsewhere = b"GET http://unread.example/proxy.pac HTTP/1.1\r\nhost: unread.example\r\n\r\n"
    assert office.raw(elsewhere)[0].startswith(b"HTTP/1.1 407 ")


def test_a_proxy_of_the_company_is_gone_through_with_its_password(
    office: Office, tmp_path: Path
) -> None:
    """Two proxies, one behind the other; a wrong password is told, and is not repeated."""
    chain = {"upstream_proxy": office.proxy.url, "resolve": (), "upstream_ca": office.standin.ca}
    for password, wanted in ((PASSWORD, 200), ("not the password", 502)):
        own = {**chain, "upstream_auth": f"ada:{password}"}
        with Rig(_made(tmp_path / str(wanted)), own) as rig:
            before = len(office.standin.received)
            status, _, body = rig.post("/v1/chat/completions", CHAT)
            assert status == wanted, body
            assert len(office.standin.received) - before == (wanted == 200)
            assert password.encode() not in body
            if wanted == 502:
                assert "407" in json.loads(body)["error"]["message"]
    assert "proxy-authorization" not in str(office.standin.received[-1].headers).lower()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
