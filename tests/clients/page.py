"""The page of the clients, written from what they did."""

from __future__ import annotations

import json
import re
from typing import Final

from clients.stage import HERE, ROOT, Told

PAGE: Final = ROOT / "docs" / "clients.md"
Results = dict[str, dict[str, Told]]

# The name of a run, the package it drives, and what of it.
ROWS: Final = (
    ("curl-openai", "curl", "OpenAI chat completions"),
    ("curl-anthropic", "curl", "Anthropic messages"),
    ("openai-chat", "openai", "`chat.completions`"),
    ("openai-responses", "openai", "`responses`"),
    ("anthropic", "anthropic", "`messages`"),
    ("google-genai", "google-genai", "`models.generate_content`"),
    ("mistralai", "mistralai", "`chat`"),
    ("cohere", "cohere", "`ClientV2.chat`"),
    ("bedrock-converse", "boto3", "`converse`, bearer token"),
    ("bedrock-invoke", "boto3", "`invoke_model`, bearer token"),
    ("bedrock-signed", "boto3", "`converse`, SigV4"),
    ("ollama", "ollama", "`chat` of ollama.com"),
    ("litellm", "litellm", "`completion`, OpenAI"),
    ("langchain-openai", "langchain-openai", "`ChatOpenAI`"),
    ("mcp", "mcp", "`call_tool`, streamable HTTP"),
    ("node-openai-chat", "openai (Node)", "`chat.completions`"),
    ("node-openai-responses", "openai (Node)", "`responses`"),
    ("node-anthropic", "@anthropic-ai/sdk", "`messages`"),
    ("node-google-genai", "@google/genai", "`models.generateContent`"),
)

HEAD: Final = """# Clients

What the providers' own clients do behind the proxy.
`scripts/test-clients` drives them through `excise up` over TLS, to models on loopback that record
what arrives; nothing but what `excise env` exports leads them there.
It holds this page to what happened; `REAL_CLIENTS=write scripts/test-clients` writes it anew.

Every one was asked whole and streamed, for a text and for a tool call, with an AWS key, an e-mail
address and a card number in the prompt (curl for texts alone).
Upstream received placeholders only, such as `[EMAIL_8z0ej0r8r]`; the client was given its own
values again, in texts, streamed texts and arguments of tools.
Node before 22.21 knows no proxy variable, so there undici's `EnvHttpProxyAgent` reads them.
"""

REFUSED: Final = """
## A refused request

A private key in the prompt. The proxy saw one request and upstream none: no client tried again.
Each shows the words of the refusal, in the error of its provider.

| client | raised, whole | raised, streamed | status | refused requests | upstream |
|---|---|---|---|---|---|
"""

SIGNED: Final = """
A body under SigV4 cannot be edited: a clean one arrives as it was signed, one with a key in it is
refused. The row `SigV4` is of such a request.
"""

STOPPED: Final = """
## An answer that is stopped inside its stream

The model's answer held a private key behind its first words. Each client was shown these and the
notice, and took the stream for ended; none asked again.
MCP sends a result in one event, so an error takes its place, after the requests of its handshake.

| client | end it reported | requests at the proxy |
|---|---|---|
"""


SOCKETS = """
## WebSockets

`openai` over `realtime.connect` and `responses.connect` (`tests/clients/test_sockets.py`): upstream
received placeholders, the client its own values in deltas of their own. A message that is refused
comes back as an `error` event with the words of the refusal, and the socket stays open.
"""


def render(results: Results) -> str:
    """The page."""
    versions = locked()
    lines = [HEAD, "## Versions", "", "| client | version | what of it |", "|---|---|---|"]
    lines += [f"| {name} | {versions.get(name, 'as found')} | {what} |" for _, name, what in ROWS]
    refused, stopped = [REFUSED.strip("\n")], [STOPPED.strip("\n")]
    for run, name, what in ROWS:
        # A machine without curl has nothing to say of it.
        told = results.get(run, {}) if not run.startswith("curl") else {}
        title = f"{name}, {what}"
        if "refused whole" in told:
            refused.append(f"| {title} | {_refused(told)} |")
        if "stopped" in told:
            client, asked = told["stopped"].client, told["stopped"].requests
            end = client.get("end") or client["raised"]
            stopped.append(f"| {title} | `{end}` | {len(asked)} |")
    return "\n".join(
        [*lines, "", *refused, *SIGNED.rstrip("\n").split("\n"), "", *stopped, *SOCKETS.split("\n")]
    )


def _refused(told: dict[str, Told]) -> str:
    whole, stream = told["refused whole"], told["refused stream"]
    cells = [f"`{whole.client['raised']}`", f"`{stream.client['raised']}`"]
    cells.append(str(whole.client["status"]))
    stopped = [line for line in whole.requests if line["action"] == "block"]
    cells.append(str(len(stopped)))
    cells.append(str(len([got for got in whole.received if b"Case " in got.body])))
    return " | ".join(cells)


def locked() -> dict[str, str]:
    """The version of each client, from the locks."""
    text = (ROOT / "scripts/lock/clients.txt").read_text("utf-8")
    found = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))
    packages = json.loads((HERE / "node/package-lock.json").read_text("utf-8"))["packages"]
    for name in ("openai", "@anthropic-ai/sdk", "@google/genai"):
        shown = "openai (Node)" if name == "openai" else name
        found[shown] = packages[f"node_modules/{name}"]["version"]
    return found
