"""What official clients send, get and raise behind the proxy; `docs/clients.md` says it too."""

from __future__ import annotations

import os
import shutil
from typing import Final

import pytest
from clients.page import PAGE, Results, render
from clients.stage import CURL, NODE, Stage, Told
from clients.upstream import PEM

from excise.rules.fillers import fill

APIS: Final = (
    "curl-openai",
    "curl-anthropic",
    "openai-chat",
    "openai-responses",
    "anthropic",
    "google-genai",
    "mistralai",
    "cohere",
    "bedrock-converse",
    "bedrock-invoke",
    "ollama",
    "litellm",
    "langchain-openai",
    "mcp",
    "node-openai-chat",
    "node-openai-responses",
    "node-anthropic",
    "node-google-genai",
)
SIGNED: Final = "bedrock-signed"
MODES: Final = ("whole", "stream", "tool", "tool-stream")
CASES: Final = [
    (api, mode) for api in APIS for mode in MODES if not (api in CURL and "tool" in mode)
]
STOPPED: Final = "was stopped by your organisation's LLM firewall"
RESULTS: Final[Results] = {}


def needs(api: str) -> None:
    """Leave out what cannot run here; `scripts/test-clients` has said so aloud."""
    if api.startswith("node-") and not (shutil.which("node") and NODE.is_dir()):
        pytest.skip("the clients for Node are not installed")
    if api in CURL and not shutil.which("curl"):
        pytest.skip("no curl here")


def values(seed: str) -> tuple[str, str, str]:
    """A key, an e-mail address and a card number."""
    mail = fill("{lower:7}.{lower:6}@{lower:11}.de", seed)
    return fill("AKIA{base32:16}", seed), mail, fill("{pan:visa}", seed)


def note(api: str, column: str, told: Told) -> Told:
    RESULTS.setdefault(api, {})[column] = told
    return told


@pytest.mark.parametrize(("api", "mode"), CASES)
def test_values_stay_here_and_come_back(stage: Stage, api: str, mode: str) -> None:
    """Upstream gets placeholders alone, the client its own values: in texts and in arguments."""
    needs(api)
    planted = values(f"{api} {mode}")
    text = "Case {}: key {}, mail {}, card {}, that is all.".format(api, *planted)
    steer = " standin:tool" if "tool" in mode else ""
    told = note(api, mode, stage.ask(api, mode, text + steer))
    assert "raised" not in told.client, told.client
    assert told.client["text"].removeprefix("You said: ") == text
    asked = [got for got in told.received if got.body and "Case " in got.body.decode()]
    assert len(asked) == 1
    assert not [value for got in told.received for value in planted if got.holds(value)]
    for name in ("[AWS_ACCESS_KEY_ID_", "[EMAIL_", "[PAN_"):
        assert name in asked[0].body.decode()
    if mode == "stream" and api not in CURL and api != "mcp":
        assert told.client["pieces"] > 1, "a stream that comes in one piece is none"


@pytest.mark.parametrize(("api", "mode"), [(a, m) for a in APIS for m in ("whole", "stream")])
def test_a_refusal_is_raised_once_and_not_asked_again(stage: Stage, api: str, mode: str) -> None:
    """The provider's own error with our words in it; one request at the proxy, none upstream."""
    needs(api)
    secret = fill("{pem:RSA PRIVATE KEY}", f"{api} {mode}")
    told = note(api, f"refused {mode}", stage.ask(api, mode, f"Case {api}: {secret}"))
    assert told.client.get("raised"), told.client
    assert STOPPED in told.client["said"]
    # MCP has a handshake before, and its errors have the numbers of JSON-RPC.
    assert told.client["status"] == (-32000 if api == "mcp" else 400)
    assert [line["action"] for line in told.requests].count("block") == 1
    assert len(told.requests) == 1 or api == "mcp"
    assert not [got for got in told.received if b"Case " in got.body or got.holds(secret)]


@pytest.mark.parametrize("api", APIS)
def test_a_stream_that_is_stopped_ends_as_its_client_expects(stage: Stage, api: str) -> None:
    """What came before is shown, then the notice, then the provider's own end; and no retry."""
    needs(api)
    told = note(api, "stopped", stage.ask(api, "stream", f"Case {api}: go on. standin:pem"))
    if api == "mcp":  # one event holds the whole result, so an error takes its place
        assert told.client["raised"] == "MCPError"
        shown = told.client["said"]
    else:
        assert "raised" not in told.client, told.client
        shown = told.client["text"]
        assert shown.startswith("The first words.")
        assert told.client["end"] not in ("None", None)
    assert STOPPED in shown
    assert PEM[40:60] not in shown
    assert "The last words" not in shown
    assert len([got for got in told.received if b"Case " in got.body]) == 1
    assert [line["action"] for line in told.lines].count("block") == 1


@pytest.mark.parametrize("mode", ["whole", "stream"])
def test_a_signed_body_is_let_through_or_refused_but_never_edited(stage: Stage, mode: str) -> None:
    """What SigV4 covers arrives as it was signed; where something would be cut out, it stays."""
    clean = stage.ask(SIGNED, mode, "Case signed: nothing in it.")
    assert clean.client["text"] == "You said: Case signed: nothing in it."
    key, *_ = values(f"signed {mode}")
    told = note(SIGNED, f"refused {mode}", stage.ask(SIGNED, mode, f"Case signed: key {key}."))
    assert told.client["raised"] == "ValidationException"
    assert "holds content that may not leave" in told.client["said"]
    assert told.received == []
    assert len(told.requests) == 1


def test_the_page_says_what_happened() -> None:
    """`REAL_CLIENTS=write scripts/test-clients` writes it anew."""
    columns = {*MODES, "refused whole", "refused stream", "stopped"}
    missing = [a for a in APIS if a not in CURL and set(RESULTS.get(a, {})) != columns]
    if missing:
        pytest.skip(f"not all were run: {', '.join(missing)}")
    if os.environ.get("REAL_CLIENTS") == "write":
        PAGE.write_text(render(RESULTS), "utf-8")
    assert render(RESULTS) == PAGE.read_text("utf-8")
