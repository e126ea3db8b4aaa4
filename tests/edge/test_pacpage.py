"""`/proxy.pac`: on the proxy's own port, and nowhere else."""

from __future__ import annotations

import pytest
from mitmproxy.test import tflow

from excise.edge.pacpage import PacPage
from excise.edge.passage import PASSAGE


@pytest.mark.parametrize(
    ("host", "port", "path", "scheme", "wanted"),
    [
        ("proxy.example", 8080, "/proxy.pac", "http", "for proxy.example:8080"),
        ("::1", 8080, "/proxy.pac", "http", "for [::1]:8080"),
        ("proxy.example", 80, "/proxy.pac", "http", ""),
        ("proxy.example", 8080, "/", "http", ""),
        ("proxy.example", 8080, "/proxy.pac", "https", ""),
    ],
)
def test_the_page_is_for_the_proxy_itself(
    host: str, port: int, path: str, scheme: str, wanted: str
) -> None:
    flow = tflow.tflow()
    flow.client_conn.sockname = ("10.0.0.1", 8080)
    flow.request.data.host, flow.request.data.port = host, port
    flow.request.path, flow.request.scheme = path, scheme
    PacPage(lambda place: f"for {place}").requestheaders(flow)
    assert (flow.response.text if flow.response else "") == wanted
    assert (PASSAGE in flow.metadata) == bool(wanted)
