"""What is too much is refused at once and goes nowhere; who only begins is cut off."""

from __future__ import annotations

import http.client
import threading
import time
from pathlib import Path

import pytest
from live.rig import Rig, drain

from excise.edge import http1, load

pytestmark = pytest.mark.live


def test_beyond_the_most_exchanges_is_503(tmp_path: Path) -> None:
    """And there is room again once one has ended."""
    with Rig(tmp_path, options={"max_exchanges": 1}) as rig:
        first: list[int] = []
        slow = threading.Thread(target=lambda: first.append(rig.post("/v1/slow", b"{}")[0]))
        slow.start()
        deadline = time.monotonic() + 5
        while not rig.master.addon.active and time.monotonic() < deadline:
            time.sleep(0.01)
        status, headers, _ = rig.post("/v1/chat", b'{"too": "much"}')
        slow.join(10)
        assert (first, status) == ([200], 503)
        assert rig.post("/v1/chat", b"{}")[0] == 200
        assert all(b"much" not in got.body for got in rig.upstream.received)
        assert [each["what"] for each in rig.trail.committed][-1:] == ["refused"]
        assert headers["content-type"].startswith("application/json")


def test_more_clients_than_files_are_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is served, and there is room again once some have gone."""
    monkeypatch.setattr(load, "most_connections", lambda: 2)
    monkeypatch.setattr(load, "_OWN", 1)
    with Rig(tmp_path) as rig:
        held = [rig.raw() for _ in range(3)]
        late = rig.raw()
        assert drain(late) == b""
        for each in held:
            each.close()
        deadline = time.monotonic() + 5
        while rig.master.gate._room.open and time.monotonic() < deadline:
            time.sleep(0.01)
        assert rig.post("/v1/chat", b"{}")[0] == 200
        assert rig.master.gate.counts["client-shed"] == 1


def test_bodies_that_hold_too_much_are_dropped(tmp_path: Path) -> None:
    """While they come: a client that sends ever more does not fill the memory."""
    with Rig(tmp_path, options={"max_held": 100_000}) as rig:
        assert rig.post("/v1/chat", b"x" * 40_000)[0] == 200
        assert rig.post("/v1/chat", b"x" * 200_000)[0] == 503
        assert rig.post("/v1/chat", b"x" * 40_000)[0] == 200
        assert rig.master.addon._load.held == 0
        assert [len(got.body) for got in rig.upstream.received] == [40_000, 40_000]


def test_a_head_without_end_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Idle connections and whole requests are not."""
    monkeypatch.setattr(http1, "HEAD_SECONDS", 0.5)
    with Rig(tmp_path) as rig:
        idle, slow = rig.raw(), rig.raw()
        slow.sendall(b"GET http://plain.test/ HTTP/1.1\r\nx-a: 1\r\n")
        began = time.monotonic()
        slow.settimeout(8)
        assert drain(slow) == b""
        assert time.monotonic() - began < 7
        until = time.monotonic() + 5
        while http1.unfinished and time.monotonic() < until:
            time.sleep(0.05)
        assert http1.unfinished == {}
        idle.sendall(b"CONNECT plain.test:443 HTTP/1.1\r\nhost: plain.test:443\r\n\r\n")
        assert b" 200 " in idle.recv(100)
        idle.close()
        client: http.client.HTTPSConnection = rig.connect()
        client.request("POST", "/v1/chat", b"{}")
        assert client.getresponse().status == 200
        client.close()
