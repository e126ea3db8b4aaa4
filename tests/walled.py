"""What the tests of the pipeline share: a firewall with planted rules, and exchanges for it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jsonschema
from planted import PlantScanner, planted_policy

from excise.audit.fields import build_schema
from excise.catalogue import load_catalogue
from excise.enforce.redact import Placeholders
from excise.model import Answer, Exchange, Principal
from excise.pipeline.firewall import Firewall
from excise.resources import policies_dir

SECRET = "SECRET-12345678"
GRAVE = "GRAVE-12345678"
HOSTS = load_catalogue((policies_dir() / "hosts.yaml").read_text(), "hosts.yaml")
VAULT: dict[str, str] = {}


def firewall(**changes: Any) -> Firewall:
    """A firewall with the planted rules."""
    ticks = itertools.count()
    made = Firewall(
        catalogue=HOSTS,
        policy=planted_policy(),
        scanner=PlantScanner(),
        placeholders=Placeholders(b"k" * 32),
        fingerprint_key=b"f" * 32,
        lookup=lambda principal: VAULT.get if principal == "me" else {}.get,
        timer=lambda: next(ticks) / 1000,
    )
    return replace(made, **changes)


def exchange(
    body: Any,
    *,
    headers: Mapping[str, str] | None = None,
    target: str = "/v1/chat/completions",
    host: str = "api.openai.com",
    principal: str = "me",
) -> Exchange:
    """A request; what is not bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"content-type": "application/json", "user-agent": "tester/1", **(headers or {})}
    return Exchange(
        id="0192",
        method="POST",
        host=host,
        port=443,
        target=target,
        headers=tuple(sent.items()),
        body=raw,
        principal=Principal(id=principal),
        address="127.0.0.1",
    )


def chat(text: str) -> dict[str, Any]:
    """A chat request with one user message."""
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]}


def answer(body: Any, **headers: str) -> Answer:
    """An upstream answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(
        status=200, headers=(("content-type", "application/json"), *headers.items()), body=raw
    )


def valid(record: dict[str, Any]) -> dict[str, Any]:
    """The record, once it fits the schema of the trail and shows nothing planted."""
    stamped = {"time": "2026-01-01T00:00:00.000Z", **record}
    jsonschema.validate(stamped, build_schema())
    assert "12345678" not in json.dumps(stamped)
    return record
