"""What the official client sends, gets and shows over WebSockets behind the proxy."""

from __future__ import annotations

import pytest
from clients.stage import Stage
from clients.test_clients import STOPPED, values

from excise.rules.fillers import fill

SOCKETS = ("openai-realtime", "openai-responses-socket")


@pytest.mark.parametrize("api", SOCKETS)
def test_values_stay_here_and_come_back_over_a_socket(stage: Stage, api: str) -> None:
    """Upstream gets placeholders alone, the client its own values, piece by piece."""
    planted = values(api)
    text = "Case {}: key {}, mail {}, card {}, that is all.".format(api, *planted)
    told = stage.ask(api, "stream", text)
    assert "raised" not in told.client, told.client
    assert text in told.client["text"]
    assert told.client["pieces"] > 1
    asked = [got for got in told.received if b"Case " in got.body]
    assert len(asked) == 1
    assert not [value for got in told.received for value in planted if got.holds(value)]
    assert b"[EMAIL_" in asked[0].body


@pytest.mark.parametrize("api", SOCKETS)
def test_a_refused_message_is_an_error_event(stage: Stage, api: str) -> None:
    """Once, with our words in it; the message does not reach upstream."""
    told = stage.ask(api, "stream", f"Case {api}: {fill('{pem:RSA PRIVATE KEY}', api)}")
    assert told.client["raised"] == "error", told.client
    assert STOPPED in told.client["said"]
    assert not [got for got in told.received if b"Case " in got.body]
    assert [line["action"] for line in told.lines].count("block") == 1
