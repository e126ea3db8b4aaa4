"""What an answer tells of its verdict, and whom."""

from __future__ import annotations

from typing import Any

import pytest
from mitmproxy import http

from excise.edge.headers import NAMES, AnswerHeaders
from excise.model import Exchange, Principal

ASKED = {"edits": 2, "timings": {"total": 1.26}}
ANSWERED = {"edits": 1, "timings": {"total": 2.0}, "usage": {"input": 9, "output": 0}}


def told(
    records: list[dict[str, Any]], *, groups: tuple[str, ...] = (), group: str = "", tokens: int = 0
) -> dict[str, str]:
    exchange = Exchange(
        id="e1", method="POST", host="h", port=443, target="/", headers=(), body=b"",
        principal=Principal(id="p", group=group),
    )  # fmt: skip
    forged = http.Headers([(name.title().encode(), b"forged") for name in NAMES])
    response = http.Response(b"HTTP/1.1", 200, b"", forged, b"", None, 0.0, 0.0)
    AnswerHeaders("n", frozenset(groups)).put(response, exchange, records, tokens)
    return {name: response.headers[name] for name in NAMES if name in response.headers}


def shown(redactions: str, ms: str, **tokens: str) -> dict[str, str]:
    return {
        "x-excise-verdict": "e1",
        "x-excise-node": "n",
        "x-excise-redactions": redactions,
        **{f"x-excise-tokens-{way}": count for way, count in tokens.items()},
        "x-excise-inspection-ms": ms,
    }


@pytest.mark.parametrize(
    ("records", "tokens", "expected"),
    [
        ([ASKED, ANSWERED], 5, shown("3", "3.3", **{"in": "9", "out": "0"})),
        ([ASKED], 5, shown("2", "1.3", **{"in": "5"})),
        ([ASKED], 0, shown("2", "1.3")),
        ([], 0, shown("0", "0.0")),
    ],
)
def test_what_is_known_is_told_and_nothing_of_upstreams(
    records: list[dict[str, Any]], tokens: int, expected: dict[str, str]
) -> None:
    assert told(records, tokens=tokens) == expected


def test_only_groups_that_were_named_are_told() -> None:
    assert told([ASKED], groups=("dev",), group="dev")["x-excise-verdict"] == "e1"
    assert told([ASKED], groups=("dev",), group="ops") == {}
