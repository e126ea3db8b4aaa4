"""Signed requests and documents in them, through the real proxy to a model that checks both."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from document_samples import sheet
from live.stage import Stage, key, start
from test_signing import CLIENT, HOST, OWNER, TARGET, is_taken
from walled import exchange

from excise.model import Exchange
from excise.standin.received import Received

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A proxy that signs anew, under credentials of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", OWNER.access_key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", OWNER.secret_key)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        folder = tmp_path_factory.mktemp("signed")
        settings = folder / "proxy" / "config" / "excise" / "excise.yaml"
        settings.parent.mkdir(parents=True)
        settings.write_text("resign: aws\n")
        with start(folder) as stage:
            yield stage


def send(stage: Stage, content: list[Any]) -> tuple[int, Any]:
    """Status and document of what is answered to a request that the client has signed."""
    body = json.dumps({"messages": [{"role": "user", "content": content}]}).encode()
    request = AWSRequest(
        "POST", f"https://{HOST}{TARGET}", {"content-type": "application/json"}, body
    )
    SigV4Auth(CLIENT, "bedrock", "eu-west-1").add_auth(request)
    context = ssl.create_default_context(cafile=str(stage.proxy.ca))
    link = http.client.HTTPSConnection("127.0.0.1", stage.proxy.port, context=context, timeout=20)
    link.set_tunnel(HOST, 443)
    try:
        link.request("POST", TARGET, body, dict(request.headers.items()))
        answer = link.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        link.close()


def as_sent(got: Received) -> Exchange:
    headers = {name.lower(): value for name, value in got.headers}
    return exchange(got.raw, host=HOST, target=got.target, headers=headers)


def attached(text: str) -> dict[str, Any]:
    data = base64.b64encode(sheet((text,))).decode()
    return {"document": {"name": "sheet", "format": "xlsx", "source": {"bytes": data}}}


def test_an_edited_request_arrives_under_the_operators_signature(stage: Stage) -> None:
    """With a placeholder in it; the client gets its own value back."""
    secret = key("signed live")
    with stage.exchange() as traffic:
        status, answer = send(stage, [{"text": f"Keep {secret}."}])
    (got,) = traffic.received
    assert status == 200 and secret in json.dumps(answer)
    assert not got.holds(secret) and b"[AWS_ACCESS_KEY_ID_" in got.raw
    assert is_taken(as_sent(got), OWNER.secret_key)
    assert OWNER.access_key in as_sent(got).header("authorization")


def test_a_document_is_read_and_a_clean_one_keeps_the_clients_signature(stage: Stage) -> None:
    """A key in a cell stops the message: nothing can be cut out of the file."""
    with stage.exchange() as traffic:
        status, _ = send(stage, [{"text": "Read."}, attached("only words")])
    assert status == 200
    assert is_taken(as_sent(traffic.received[0]), CLIENT.secret_key)
    with stage.exchange(1) as traffic:
        status, answer = send(stage, [{"text": "Read."}, attached(f"key {key('in a cell')}")])
    assert status == 400 and "message" in answer
    assert traffic.received == [] and traffic.actions() == ["block"]
