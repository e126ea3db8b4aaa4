"""HTTP/2 as mitmproxy reads and writes it, for the hosts with which it is spoken.

Its error pages quote what the peer did; ours say no more than the status. Of what stands behind an
answer's body, the outcome of a gRPC call is kept: its clients take an answer without it for a
broken one.
"""

from __future__ import annotations

from typing import Final

from mitmproxy import http
from mitmproxy.proxy.layers.http import _http2

# "gRPC over HTTP2": Trailers.
_OUTCOME: Final = frozenset({b"grpc-status", b"grpc-message", b"grpc-status-details-bin"})
_MOST: Final = 8192  # bytes of names and values, as gRPC's own default for metadata


def kept_trailers(answer: http.Response, trailers: http.Headers) -> http.Headers | None:
    """What goes on of the fields behind an answer's body, or None where nothing does."""
    if not answer.headers.get("content-type", "").lower().startswith("application/grpc"):
        return None
    kept, size = [], 0
    for name, value in trailers.fields:
        size += len(name) + len(value)
        if name.lower() in _OUTCOME and size <= _MOST:
            kept.append((name.lower(), value))
    return http.Headers(kept) if kept else None


def end_after(flow: http.HTTPFlow) -> None:
    """Have the client come again on another connection; HTTP/2 has no field for it."""
    if flow.response is not None and not flow.request.is_http2:
        flow.response.headers["connection"] = "close"


def format_error(status_code: int, message: str) -> bytes:
    """A page that says nothing of the peer's bytes."""
    return b"<html><body>%d</body></html>" % status_code


def install() -> None:
    """Put the page in the place of mitmproxy's. Harmless when done twice."""
    _http2.format_error = format_error  # type: ignore[attr-defined]
