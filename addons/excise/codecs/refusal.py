"""What every dialect's refusal has in common."""

from __future__ import annotations

import json
from typing import Any

from excise.model import Refusal, Reply


def build_reply(
    refusal: Refusal, document: dict[str, Any], *, request_id_header: str = "x-request-id"
) -> Reply:
    """`document` as an answer that no client repeats.

    `x-should-retry: false` is obeyed by the provider's own clients for every status.
    """
    return Reply(
        status=refusal.status,
        headers=(
            ("content-type", "application/json"),
            ("x-should-retry", "false"),
            ("x-excise-reference", refusal.reference),
            (request_id_header, refusal.reference),
            *((("retry-after", str(refusal.retry_after)),) if refusal.retry_after else ()),
        ),
        body=json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(),
    )


def message_of(refusal: Refusal) -> str:
    """The text for the user, in which the reference always stands."""
    if refusal.reference in refusal.message:
        return refusal.message
    return f"{refusal.message} (reference {refusal.reference})"


def set_apart(notice: str, said: bool) -> str:
    """The notice that ends a stream, as a paragraph of its own where the answer has said anything:
    clients join what follows to that, other blocks of a message too."""
    return f"\n\n{notice}" if said else notice


def openai_error(refusal: Refusal) -> dict[str, Any]:
    """The error object of OpenAI and of everybody who speaks like it."""
    kind = "invalid_request_error"
    if refusal.status == 429:
        kind = "rate_limit_error"
    elif refusal.status >= 500:
        kind = "server_error"
    return {
        "error": {
            "message": message_of(refusal),
            "type": kind,
            "param": None,
            "code": f"excise_{refusal.cls}",
        }
    }
