"""Device tokens: random, known by their digest, and ended in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from excise.state.tokens import PREFIX, Token, digest_of, new_secret

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def test_secrets_are_random_and_the_digest_is_not_one() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert first.startswith(PREFIX)
    assert first not in digest_of(first)
    assert digest_of(first) == digest_of(first) != digest_of(second)


def test_a_token_ends_when_it_says_and_hides_its_digest() -> None:
    token = Token(id="1", user="ada", device="pc", digest="d1gest", made=NOW, until=NOW)
    assert not token.is_good(NOW)
    assert token.is_good(NOW - timedelta(seconds=1))
    assert "d1gest" not in repr(token)
