"""Clients that show a certificate to the proxy itself, through httpx's TLS in TLS."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from certified import Office
from cryptography import x509
from live.rig import Rig

pytestmark = pytest.mark.live
CLIENTS = "members-of: {engineering: [Lab]}\n"


@dataclass
class Firm:
    """A proxy that asks who its clients are, and a CA for theirs."""

    rig: Rig
    office: Office
    own_ca: Path

    def client(self, shown: Path | None = None) -> httpx.Client:
        to_proxy = ssl.create_default_context(cafile=str(self.own_ca))
        if shown is not None:
            to_proxy.load_cert_chain(shown)
        url = f"https://localhost:{self.rig.port}"
        return httpx.Client(
            proxy=httpx.Proxy(url, ssl_context=to_proxy),
            verify=self.rig.trust(),
            trust_env=False,
            timeout=10,
        )


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    folder = tmp_path_factory.mktemp("firm")
    office, servers = Office(folder), Office(folder, "servers")
    (folder / "clients.yaml").write_text(CLIENTS)
    options = {
        "auth": True,
        "proxy_certificate": servers.issue(names=(x509.DNSName("localhost"),), serves=True),
        "client_ca": office.ca,
        "client_crl": office.revoke(),
        "clients_file": folder / "clients.yaml",
    }
    with Rig(folder, options) as rig:
        yield Firm(rig, office, servers.ca)


def test_a_certificate_says_who_it_is_until_it_is_revoked(firm: Firm) -> None:
    """On a connection that stays open, too; to new ones it is no longer shown with success."""
    mine = firm.office.issue("Ada", units=("R&D", "Lab"))
    with firm.client(mine) as client:
        assert client.post("https://llm.test/v1/echo", content=b"PLANTED").status_code == 200
        assert firm.rig.upstream.received[-1].body == b"[CUT]"
        seen = firm.rig.firewall.seen[-1].principal
        assert (seen.id, seen.source, seen.group) == ("cert:ada", "certificate", "engineering")
        firm.office.revoke(mine)
        sent = len(firm.rig.upstream.received)
        assert client.post("https://llm.test/v1/echo", content=b"x").status_code == 400
    with firm.client(mine) as client, pytest.raises(httpx.TransportError):
        client.post("https://llm.test/v1/echo", content=b"x")
    assert len(firm.rig.upstream.received) == sent


@pytest.mark.parametrize("shows", ["nothing", "a server's", "no name"])
def test_who_is_not_known_by_one_does_not_come_in(firm: Firm, shows: str) -> None:
    issued = {
        "nothing": lambda: None,
        "a server's": lambda: firm.office.issue("ada", serves=True),
        "no name": lambda: firm.office.issue(),
    }
    sent = len(firm.rig.upstream.received)
    with firm.client(issued[shows]()) as client, pytest.raises(httpx.TransportError) as caught:
        client.post("https://llm.test/v1/echo", content=b"x")
    assert ("407" in str(caught.value)) is (shows != "a server's")
    assert len(firm.rig.upstream.received) == sent
