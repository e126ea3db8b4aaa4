"""What all dialects on sockets share."""

from __future__ import annotations

from typing import Any

import pytest

from excise.catalogue import DIALECTS as NAMES
from excise.codecs import DIALECTS, SOCKETS
from excise.codecs.sockets import load_message, word_of
from excise.model import Refusal, RefusalClass

REFUSAL = Refusal(cls=RefusalClass.POLICY, reference="ref-1", message="No.")


@pytest.mark.parametrize("name", SOCKETS)
def test_a_dialect_on_a_socket_reads_what_the_client_says(name: str) -> None:
    assert DIALECTS[name].name == SOCKETS[name].name == name
    assert name in NAMES


@pytest.mark.parametrize("name", SOCKETS)
@pytest.mark.parametrize("odd", [None, [], "text", 7, {}, {"type": 7}, {"serverContent": []}])
def test_odd_messages_raise_nothing(name: str, odd: Any) -> None:
    socket = SOCKETS[name]
    assert socket.asks(odd) is False
    assert socket.turn_of(odd).ends is False
    assert all(load_message(each) for each in socket.refuse(REFUSAL, odd))


@pytest.mark.parametrize(
    ("raw", "value"), [(b'{"a": 1}', {"a": 1}), (b"{", None), (b"[" * 100_000, None)]
)
def test_a_message_is_loaded_or_none(raw: bytes, value: Any) -> None:
    assert load_message(raw) == value


@pytest.mark.parametrize(
    ("message", "word"), [({"a": "x"}, "x"), ({"a": 1}, ""), ({}, ""), ([], ""), (None, "")]
)
def test_a_word_of_a_message(message: Any, word: str) -> None:
    assert word_of(message, "a") == word
