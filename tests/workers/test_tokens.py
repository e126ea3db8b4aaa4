"""Exact counts come from the shipped rank files, and nothing is fetched."""

import socket

import pytest

from excise.workers import tokens
from excise.workers.process import Process


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("o200k_base", "hello world", [24912, 2375]),
        ("cl100k_base", "hello world", [15339, 1917]),
        ("o200k_base", "", []),
    ],
)
def test_the_encodings_are_the_published_ones(
    name: str, text: str, wanted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Token by token, without a connection."""
    monkeypatch.setattr(socket, "socket", None)
    assert tokens.encoding(name).encode_ordinary(text) == wanted
    assert tokens.count({"encoding": name, "texts": [text, text]}) == 2 * len(wanted)


def test_every_byte_is_a_token_and_ranks_are_in_order() -> None:
    """The packs are whole."""
    for name, size in (("o200k_base", 199_998), ("cl100k_base", 100_256)):
        ranks = tokens.read_ranks(name)
        assert len(ranks) == size and {bytes([byte]) for byte in range(256)} <= ranks.keys()


def test_a_damaged_pack_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong counts would pass for exact ones."""
    monkeypatch.setitem(tokens.RANKS, "cl100k_base", "0" * 64)
    with pytest.raises(ValueError, match="damaged"):
        tokens.read_ranks("cl100k_base")


def test_the_child_counts() -> None:
    """Through its pipe."""
    child = Process("excise.workers.tokens")
    assert child.ask({"encoding": "o200k_base", "texts": ["hello", " world"]}, within=60) == 2
    child.close()
