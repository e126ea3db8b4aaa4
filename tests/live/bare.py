"""The bare host as a process: the edge around a firewall that passes everything unread.

With `tests` on PYTHONPATH, `excise bench --also "bare=python -O -m live.bare"` shows what the host
alone costs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.fakes import FakeTrail, FakeVault, Outcome, decision

from excise.edge.master import serve
from excise.edge.ports import Parts
from excise.edge.settings import Settings
from excise.model import Action, Exchange
from excise.state.ca import ensure_ca

_ALLOW = decision(Action.ALLOW)


class PassAll:
    """A firewall that looks at nothing."""

    is_slow = False

    def waits(self, exchange: Exchange, body: bytes) -> bool:
        return False

    def inspect_request(self, exchange: Exchange) -> Outcome:
        return Outcome(_ALLOW, {}, headers=exchange.headers, body=exchange.body)

    def inspect_response(self, exchange: Exchange, answer: object, context: object) -> Outcome:
        return Outcome(_ALLOW, {})

    def open_stream(self, exchange: Exchange, answer: object, context: object) -> PassStream | None:
        kind = answer.header("content-type")  # type: ignore[attr-defined]
        return PassStream() if kind.startswith("text/event-stream") else None


class PassStream:
    """A stream that is not looked at."""

    rulings = ()
    closed = False
    data = b""

    def feed(self, chunk: bytes) -> PassStream:
        self.data = chunk
        return self

    def finish(self, *, cut: bool = False) -> PassStream:
        self.data = b""
        return self

    def record(self) -> dict[str, object]:
        return {}


class Nowhere(FakeTrail):
    """A trail that keeps nothing."""

    def offer(self, record: dict[str, object]) -> None:
        pass


class OneHost:
    """A catalogue of one."""

    def find(self, host: str) -> OneHost | None:
        return self if host == "api.openai.com" else None

    def reads(self, path: str) -> bool:
        return True


def main() -> None:
    """Take the options that a benchmark gives."""
    parser = argparse.ArgumentParser()
    for name in ("listen", "upstream-ca", "state-dir", "ca-dir", "audit"):
        parser.add_argument(f"--{name}", required=True)
    told = parser.parse_args()
    ensure_ca(Path(told.ca_dir))
    settings = Settings(
        ca_dir=Path(told.ca_dir),
        state_dir=Path(told.state_dir),
        upstream_ca=Path(told.upstream_ca),
        listen_port=int(told.listen.rpartition(":")[2]),
    )
    parts = Parts(
        firewall=PassAll,
        hosts=OneHost(),
        trail=Nowhere(),
        vault=FakeVault(),
        fault_record=lambda fault: {},
    )
    serve(settings, parts, lambda host, port: print(f"ready {host}:{port}", flush=True))


if __name__ == "__main__":
    main()
