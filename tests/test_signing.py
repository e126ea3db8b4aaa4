"""What was edited is signed anew: a service that knows the operator's secret takes it."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from walled import SECRET, exchange, firewall, valid

from excise.errors import ConfigError, NoAnswer
from excise.model import Exchange
from excise.signing import load_signer, sign

HOST = "bedrock-runtime.eu-west-1.amazonaws.com"
TARGET = "/model/anthropic.claude-3%3A0/converse"
CLIENT = Credentials("client", "made up for the client")
OWNER = Credentials("owner", "made up for the operator")
PASSING = Credentials("owner", "made up for the operator", "a passing token")


def signed(document: Any, credentials: Credentials = CLIENT, **headers: str) -> Exchange:
    """A request as botocore's own client sends it."""
    body = json.dumps(document).encode()
    request = AWSRequest("POST", f"https://{HOST}{TARGET}", headers, body)
    SigV4Auth(credentials, "bedrock", "eu-west-1").add_auth(request)
    sent = {name.lower(): value for name, value in request.headers.items()}
    return exchange(body, host=HOST, target=TARGET, headers={"host": HOST, **sent})


def is_taken(sent: Exchange, secret: str) -> bool:
    """Whether a service takes the signature (AWS General Reference, Signature Version 4)."""
    scheme, _, rest = sent.header("authorization").partition(" ")
    fields = dict(piece.strip().split("=", 1) for piece in rest.split(","))
    _, *scope = fields["Credential"].split("/")
    headers = "".join(f"{n}:{sent.header(n).strip()}\n" for n in fields["SignedHeaders"].split(";"))
    path, _, query = sent.target.partition("?")
    body = hashlib.sha256(sent.body).hexdigest()
    lines = [sent.method, quote(path, safe="/~"), query, headers, fields["SignedHeaders"], body]
    asked = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for word in scope:
        key = hmac.digest(key, word.encode(), "sha256")
    text = "\n".join([scheme, sent.header("x-amz-date"), "/".join(scope), asked])
    told = sent.header("x-amz-content-sha256")
    return fields["Signature"] == hmac.digest(key, text.encode(), "sha256").hex() and told in (
        "",
        body,
    )


def test_the_service_can_tell() -> None:
    sent = signed({"a": "b"})
    assert is_taken(sent, CLIENT.secret_key)
    assert not is_taken(sent, OWNER.secret_key)
    assert not is_taken(replace(sent, body=b"{}"), CLIENT.secret_key)


CHAT = {"messages": [{"role": "user", "content": [{"text": f"key {SECRET}"}]}]}


@pytest.mark.parametrize("owner", [OWNER, PASSING])
@pytest.mark.parametrize("headers", [{}, {"content-type": "application/json"}])
@pytest.mark.parametrize("hashed", [False, True])
def test_an_edited_request_is_signed_anew(
    owner: Credentials, headers: dict[str, str], hashed: bool
) -> None:
    if hashed:
        headers = {**headers, "x-amz-content-sha256": hashlib.sha256(b"other").hexdigest()}
    asked = signed(CHAT, **headers)
    outcome = firewall(resign=lambda sent: sign(sent, owner)).inspect_request(asked)
    assert outcome.reply is None and outcome.changed
    left = replace(asked, headers=outcome.headers, body=outcome.body)
    assert SECRET not in left.body.decode() and is_taken(left, owner.secret_key)
    assert left.header("x-amz-security-token") == (owner.token or "")
    valid(outcome.record)
    said = json.dumps(outcome.record)
    assert not any(word in said for word in ("made up", "passing token", "AWS4"))


def test_a_clean_request_keeps_the_clients_signature() -> None:
    asked = signed({"messages": [{"role": "user", "content": [{"text": "words"}]}]})
    outcome = firewall(resign=lambda sent: sign(sent, OWNER)).inspect_request(asked)
    assert (outcome.headers, outcome.changed) == (asked.headers, False)


def test_signing_is_done_beside_the_event_loop() -> None:
    """Credentials may have to be fetched."""
    wall = firewall(resign=lambda sent: sign(sent, OWNER))
    assert wall.waits(signed(CHAT), b"") and not wall.waits(exchange(b"{}"), b"")


@pytest.mark.parametrize("scheme", ["AWS4-ECDSA-P256-SHA256 Credential=a", "AWS4-HMAC-SHA256 a"])
def test_another_signature_is_not_made(scheme: str) -> None:
    asked = exchange(b"{}", host=HOST, headers={"authorization": scheme})
    with pytest.raises(NoAnswer):
        sign(asked, OWNER)


@pytest.mark.parametrize("resign", [None, lambda sent: sign(sent, OWNER)])
@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0a", {}),
        (
            "",
            {"authorization": "AWS4-ECDSA-P256-SHA256 Credential=a/20260101/bedrock/aws4_request"},
        ),
    ],
)
def test_what_nobody_can_sign_anew_is_refused_with_the_reason(
    resign: Any, query: str, headers: dict[str, str]
) -> None:
    """Presigned, or signed by version 4a: a clean body passes, one to be edited does not."""
    wall = firewall(resign=resign)
    asked = exchange(CHAT, host=HOST, target=TARGET + query, headers=headers)
    outcome = wall.inspect_request(asked)
    assert outcome.reply is not None and outcome.reply.status == 400
    assert "uneditable:signed" in outcome.record["reasons"]
    clean = {"messages": [{"role": "user", "content": [{"text": "words"}]}]}
    asked = exchange(clean, host=HOST, target=TARGET + query, headers=headers)
    assert wall.inspect_request(asked).reply is None


def test_credentials_that_are_gone() -> None:
    with pytest.raises(NoAnswer):
        sign(signed(CHAT), Credentials("", ""))


def test_the_signer_of_this_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    with pytest.raises(ConfigError) as caught:
        load_signer()
    assert caught.value.code == "EXC-CFG-001"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", OWNER.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", OWNER.secret_key)
    asked = signed(CHAT)
    left = replace(asked, headers=load_signer()(asked))
    assert is_taken(left, OWNER.secret_key)
    assert not logging.getLogger("botocore.auth").isEnabledFor(logging.DEBUG)
