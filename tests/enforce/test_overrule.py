"""Override tokens: good for one request, its clauses and a while."""

from __future__ import annotations

from dataclasses import replace

import pytest
from walled import chat, exchange

from excise.enforce.overrule import digest_of, is_reason, is_valid, make_token, read_wish
from excise.model import Principal

KEY = b"k" * 32
SENT = exchange(chat("x"))
NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("header", "token", "because"),
    [
        ("6b49d200.abc; because=audit of Q3", "6b49d200.abc", "audit of Q3"),
        (' 6b49d200.abc ;because = "quoted; yes" ', "6b49d200.abc", "quoted; yes"),
        ("6b49d200.abc", "6b49d200.abc", ""),
    ],
)
def test_a_wish_is_read(header: str, token: str, because: str) -> None:
    """Token and reason."""
    assert read_wish(header) == (token, because)
    assert "abc" not in repr(read_wish(header))


@pytest.mark.parametrize("header", ["", "because=x", "zz.abc; because=x", "a.b; reason=x"])
def test_what_is_no_wish_is_none(header: str) -> None:
    """Whatever it is."""
    assert read_wish(header) is None


def test_a_token_holds_for_what_it_was_made_for() -> None:
    """Until its time, in any order of clauses."""
    digest = digest_of(SENT)
    token = make_token(KEY, digest, ["b", "a"], NOW)
    assert is_valid(KEY, token, digest, ["a", "b"], NOW)
    assert not is_valid(KEY, token, digest, ["a", "b"], NOW + 1)
    assert not is_valid(KEY, token, digest, ["a"], NOW)
    assert not is_valid(b"j" * 32, token, digest, ["a", "b"], NOW)
    assert not is_valid(KEY, "f" + token[1:], digest, ["a", "b"], NOW)
    assert not is_valid(KEY, "no token", digest, ["a", "b"], NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"body": b"other"},
        {"principal": Principal(id="you")},
        {"target": "/v1/other"},
        {"host": "api.anthropic.com"},
        {"method": "PUT"},
    ],
)
def test_another_request_has_another_digest(changes: dict[str, object]) -> None:
    """Who, where to, and every byte."""
    assert digest_of(replace(SENT, **changes)) != digest_of(SENT)  # type: ignore[arg-type]
    assert digest_of(replace(SENT, id="other")) == digest_of(SENT)


@pytest.mark.parametrize(
    ("because", "required", "good"),
    [
        ("for the audit", True, True),
        ("ok", True, False),
        ("", False, True),
        ("x" * 301, False, False),
    ],
)
def test_a_reason_must_be_one(because: str, required: bool, good: bool) -> None:
    """Where one is required."""
    assert is_reason(because, required=required) is good
