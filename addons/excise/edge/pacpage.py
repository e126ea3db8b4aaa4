"""`/proxy.pac` on the proxy's own port: what browsers and systems are pointed at."""

from __future__ import annotations

from collections.abc import Callable

from mitmproxy import http

from excise.edge.passage import PASSAGE, Passage

PATH = "/proxy.pac"


class PacPage:
    """Answers GET /proxy.pac for whoever may connect, credentials or not: which hosts are LLM
    hosts is no secret. Names the proxy as the client named it."""

    goes_first = True

    def __init__(self, pac: Callable[[str], str]) -> None:
        self._pac = pac

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Answer where the request is for the proxy itself: for its own port, without TLS."""
        data = flow.request.data
        own = flow.client_conn.sockname
        if data.path != PATH.encode() or data.scheme != b"http" or not own or data.port != own[1]:
            return
        host = f"[{data.host}]" if ":" in data.host else data.host
        try:
            script = self._pac(f"{host}:{data.port}")
        except ValueError:
            return
        flow.response = http.Response.make(
            200,
            script,
            {"content-type": "application/x-ns-proxy-autoconfig", "cache-control": "max-age=300"},
        )
        flow.metadata[PASSAGE] = Passage(opaque=True, own=True)
