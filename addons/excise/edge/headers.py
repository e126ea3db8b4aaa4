"""What an answer tells of its verdict in headers, where the operator wants that.

They name nothing that was found: how much was cut out, how long the looking took, and under which
id the trail has the rest. Of a stream they say what is known before its first word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mitmproxy import http

from excise.model import Exchange

VERDICT: Final = "x-excise-verdict"
NODE: Final = "x-excise-node"
REDACTIONS: Final = "x-excise-redactions"
TOKENS_IN: Final = "x-excise-tokens-in"
TOKENS_OUT: Final = "x-excise-tokens-out"
INSPECTION: Final = "x-excise-inspection-ms"
NAMES: Final = (VERDICT, NODE, REDACTIONS, TOKENS_IN, TOKENS_OUT, INSPECTION)


@dataclass(frozen=True, slots=True)
class AnswerHeaders:
    """Who is told, and by which machine; no group is everybody."""

    node: str
    groups: frozenset[str] = frozenset()

    def put(
        self,
        response: http.Response,
        exchange: Exchange,
        records: Sequence[Mapping[str, Any]],
        tokens: int = 0,
    ) -> None:
        """Put them on an answer. `records` are the lines of its exchange so far, `tokens` what the
        request was supposed to have, for when no line says it."""
        for name in NAMES:  # whatever upstream says under these names is none of ours
            response.headers.pop(name, None)
        if self.groups and exchange.principal.group not in self.groups:
            return
        usage: Mapping[str, int] = next(
            (each["usage"] for each in reversed(records) if each.get("usage")), {}
        )
        told = {
            VERDICT: exchange.id,
            NODE: self.node,
            REDACTIONS: sum(record.get("edits", 0) for record in records),
            TOKENS_IN: usage.get("input", tokens or None),
            TOKENS_OUT: usage.get("output"),
            INSPECTION: f"{sum(_spent(record) for record in records):.1f}",
        }
        for name, value in told.items():
            if value is not None:
                response.headers[name] = str(value)


def _spent(record: Mapping[str, Any]) -> float:
    return float((record.get("timings") or {}).get("total", 0.0))
