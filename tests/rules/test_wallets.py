"""Addresses verify against published ones, and made ones verify."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.rules.wallets import base58check, bech32, to_base58check, to_bech32


@pytest.mark.parametrize(
    "address",
    ["1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"],
)
def test_published_base58_addresses(address: str) -> None:
    assert base58check(address)
    assert not base58check(address[:-1] + ("3" if address[-1] != "3" else "4"))


@pytest.mark.parametrize(
    "address",
    [
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",  # BIP 173
        "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",  # BIP 350
    ],
)
def test_published_bech32_addresses(address: str) -> None:
    assert bech32(address)
    assert not bech32(address[:-1] + ("q" if address[-1] not in "qQ" else "p"))


def test_bech32_does_not_mix_case() -> None:
    assert not bech32("bc1qW508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4")


@given(st.binary(min_size=20, max_size=20))
def test_made_base58_addresses_verify(payload: bytes) -> None:
    assert base58check(to_base58check(b"\0" + payload))


@given(st.lists(st.integers(0, 31), min_size=32, max_size=32))
def test_made_bech32_addresses_verify(values: list[int]) -> None:
    assert bech32(to_bech32("bc", [0, *values]))


@pytest.mark.parametrize("text", ["", "0OIl", "1", "bc1", "1é"])
def test_other_texts_are_none(text: str) -> None:
    assert not base58check(text)
    assert not bech32(text)
