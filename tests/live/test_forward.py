"""What a client and an upstream see of the proxy in forward mode."""

from __future__ import annotations

import json

import pytest
from live.rig import Rig

pytestmark = pytest.mark.live


def test_a_clean_request_passes_byte_for_byte(shared: Rig) -> None:
    """Nothing found, nothing changed, one record."""
    body = b'{"a":  1.0e2, "text": "hello"}'
    status, _, answer = shared.post("/v1/echo", body)
    assert status == 200
    assert json.loads(answer)["got"].encode() == body
    got = shared.upstream.received[-1]
    assert got.body == body
    assert got.sni == "llm.test"
    assert got.header("accept-encoding") == "identity"


def test_a_value_is_cut_kept_and_put_back(shared: Rig) -> None:
    """Upstream sees the placeholder with a right length; the client sees its own value."""
    status, _, answer = shared.post("/v1/echo", b'{"text": "PLANTED"}')
    assert (status, shared.upstream.received[-1].body) == (200, b'{"text": "[CUT]"}')
    assert b"PLANTED" in answer
    assert shared.vault.kept[-1] == ("address:127.0.0.1", {"[CUT]": "PLANTED"})
    assert shared.trail.committed[-1]["what"] == "request"


def test_a_blocked_request_opens_no_connection_upstream(shared: Rig) -> None:
    before = shared.upstream.connections
    status, headers, answer = shared.post("/v1/echo", b"BLOCK")
    assert (status, headers["x-should-retry"]) == (400, "false")
    assert b"Reference" in answer
    assert shared.upstream.connections == before


def test_other_hosts_keep_their_own_certificate(shared: Rig) -> None:
    """A tunnel: upstream's certificate reaches the client, and the firewall sees nothing."""
    seen = len(shared.firewall.seen)
    client = shared.connect("plain.test")
    client.connect()
    issuer = dict(pair[0] for pair in client.sock.getpeercert()["issuer"])
    client.request("POST", "/v1/echo", b"PLANTED")
    assert b"PLANTED" in client.getresponse().read()
    assert issuer["commonName"] == "upstream test CA"
    assert len(shared.firewall.seen) == seen
    client.close()
