"""A refusal is told once: the client is asked not to retry, and can name what it was told."""

from __future__ import annotations

import json

import pytest

from excise.codecs import DIALECTS
from excise.codecs.refusal import build_reply, message_of, openai_error
from excise.model import Refusal, RefusalClass


def refusal(status: int = 400, message: str = "Not today, ref-1.") -> Refusal:
    return Refusal(cls=RefusalClass.POLICY, reference="ref-1", message=message, status=status)


@pytest.mark.parametrize("name", sorted(DIALECTS))
@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
def test_every_dialect_refuses_in_json(name: str, status: int) -> None:
    reply = DIALECTS[name].refuse(refusal(status, "Löschen Sie das."))
    headers = dict(reply.headers)
    assert reply.status == status
    assert headers["content-type"] == "application/json"
    assert headers["x-should-retry"] == "false"
    assert headers["x-excise-reference"] == "ref-1"
    document = json.loads(reply.body)
    error = document.get("error", document)
    message = error if isinstance(error, str) else error["message"]
    assert message.startswith("Löschen Sie das.")
    assert "ref-1" in message


def test_the_reference_stands_in_the_message_once() -> None:
    assert message_of(refusal()) == "Not today, ref-1."
    assert message_of(refusal(message="No.")) == "No. (reference ref-1)"


def test_the_request_id_has_the_providers_header() -> None:
    headers = dict(build_reply(refusal(), {}, request_id_header="request-id").headers)
    assert headers["request-id"] == "ref-1"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "invalid_request_error"), (429, "rate_limit_error"), (503, "server_error")],
)
def test_openai_types(status: int, kind: str) -> None:
    error = openai_error(refusal(status))["error"]
    assert error == {
        "message": "Not today, ref-1.",
        "type": kind,
        "param": None,
        "code": "excise_policy",
    }
