"""How values of settings are read, whatever they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.kinds import KINDS


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("listen", " :8080", ":8080"),
        ("http2", "api.x.ai, *.openai.com", ("api.x.ai", "*.openai.com")),
        ("http2", ["api.x.ai"], ("api.x.ai",)),
        ("client_name", "email", "email"),
        ("client_ca", "/etc/ca.pem", Path("/etc/ca.pem")),
        ("balancer_names", "yes", True),
        ("max_body", "20_000", 20_000),
        ("answer_headers", True, ("on",)),
        ("nodes_key", "ab" * 32, "ab" * 32),
    ],
)
def test_a_value_is_read(name: str, raw: Any, value: Any) -> None:
    assert KINDS[name].parse(raw) == value


@given(st.sampled_from(sorted(KINDS)), st.text(max_size=20) | st.floats() | st.none())
def test_what_is_none_raises_what_is_told_with_its_name(name: str, raw: Any) -> None:
    try:
        KINDS[name].parse(raw)
    except (ValueError, TypeError):
        assert KINDS[name].wanted
