"""The cheap rows of `scripts/faults`, in one proxy: what is broken is refused and mends itself."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest
import redis_server
from live.stage import warmed

from excise.cli.demo_stage import ProxyProcess
from excise.standin.server import StandIn

pytestmark = pytest.mark.live
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def faults() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "scripts"))
        return importlib.import_module("faults")


def test_broken_upstreams(faults: ModuleType, tmp_path: Path) -> None:
    """No handshake, no answer: each is told, no planted key leaves, the next client is served."""
    got: list[bytes] = []
    with (
        StandIn(tmp_path / "standin") as standin,
        faults.listening(faults.speak_nonsense) as broken,
        faults.listening(faults.never_answer(standin, got)) as mute,
    ):
        words = [
            f"--resolve={faults.BROKEN}=127.0.0.1:{broken}",
            f"--resolve={faults.MUTE}=127.0.0.1:{mute}",
            "--set", "tcp_timeout=1",
        ]  # fmt: skip
        with warmed(ProxyProcess(tmp_path / "proxy", standin, words)) as proxy:
            scene = faults.Scene(proxy, standin)
            scene.others = got
            assert scene.ask() == "200"
            assert scene.look() == ("1 request, cut", "request redact, response allow")
            assert scene.ask(host=faults.BROKEN) == "502"
            assert scene.look() == ("nothing", "request redact")
            assert "closed" in scene.ask(host=faults.MUTE)
            assert scene.look() == ("1 request, cut", "request redact")
            assert scene.ask() == "200"


@redis_server.needed
def test_a_server_of_the_nodes_that_is_away(faults: ModuleType, tmp_path: Path) -> None:
    """Refused while it hangs or is gone, and served again without a restart."""
    with StandIn(tmp_path / "standin") as standin, faults.Store(tmp_path / "store") as store:
        words = store.prepare(tmp_path / "proxy")
        with warmed(ProxyProcess(tmp_path / "proxy", standin, words)) as proxy:
            scene = faults.Scene(proxy, standin)
            for row in (faults.store_gone, faults.store_hangs):
                told = row(scene, store)
                assert (told.client, told.upstream) == ("3 × 400; then 200", "1 request, cut")


def test_lines_are_told_in_words(faults: ModuleType) -> None:
    """Equal ones are counted, the trail's own are left out."""
    lines = [
        {"stage": "start"},
        {"stage": "request", "action": "block", "reasons": ["overload", "limit:x"]},
        {"stage": "request", "action": "block", "reasons": ["overload"]},
        {"stage": "stream", "action": "allow", "upstream": {"ended": "cut"}},
        {"stage": "notice", "notice": {"event": "worker-died"}},
        {"stage": "shadow"},
        {"stage": "gap", "lost": 3},
    ]
    assert faults.told(lines) == (
        "2 × request block (overload), stream allow (cut), worker-died, shadow, gap: 3 refused"
    )
    assert faults.told([]) == "no line"


def test_the_page_is_what_the_script_writes(faults: ModuleType) -> None:
    """Its head and the columns of its table."""
    page = (ROOT / "docs" / "reference" / "faults.md").read_text("utf-8")
    assert page.startswith(faults.HEAD + faults.render([]))
