"""What limits are told of exchanges; beside the event loop where they are counted on a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from excise.edge.passage import Passage
from excise.edge.ports import Meter, Record, RequestOutcome, Verdict
from excise.edge.threads import in_thread
from excise.errors import ExciseError
from excise.model import Action, Exchange

_MOST_REASONS: Final = 16  # as the schema of a line says


class Metered:
    """Tells a meter, or nobody where there is none.

    `far` says that it asks a server: then `admit` is for threads, and `settle` waits for nobody.
    """

    def __init__(
        self,
        meter: Meter | None,
        note: Callable[[str, BaseException], str],
        *,
        far: bool = False,
    ) -> None:
        self._meter = meter
        self._note = note
        self._far = far
        self._settling: set[asyncio.Task[None]] = set()

    def admit(self, exchange: Exchange, outcome: RequestOutcome) -> Verdict | None:
        """Count an exchange that policy lets pass, and have its line say which limits in shadow
        would have refused it; None where nobody counts."""
        if self._meter is None:
            return None
        told = outcome.context
        verdict = self._meter.admit(
            exchange, model=told.model, provider=told.host.provider, tokens=told.tokens
        )
        if verdict.would and not verdict.limit:
            _note_shadow(outcome.record, verdict)
        return verdict

    def settle(self, passage: Passage, record: Record | None = None) -> None:
        """Say what an exchange came to, once it is over."""
        if self._meter is None or passage.exchange is None:
            return
        usage = (record or {}).get("usage") or {}
        status = ((record or {}).get("upstream") or {}).get("status", 0)
        call = partial(
            self._meter.settle,
            passage.exchange.id,
            tokens_in=usage.get("input"),
            tokens_out=usage.get("output"),
            failed=status >= 400,
        )
        if self._far:
            task = asyncio.get_running_loop().create_task(self._later(call))
            self._settling.add(task)
            task.add_done_callback(self._settling.discard)
            return
        try:
            call()
        except ExciseError as fault:  # the next request will be refused
            self._note("limits", fault)

    async def finish(self, seconds: float) -> None:
        """Wait for what is still being told, for so long at most."""
        if self._settling:
            await asyncio.wait(self._settling, timeout=seconds)

    async def _later(self, call: Callable[[], Any]) -> None:
        try:
            await in_thread(call)
        except Exception as fault:
            self._note("limits", fault)


def _note_shadow(record: Record, verdict: Verdict) -> None:
    would = max(Action(record["would"]), Action.LIMIT, key=lambda action: action.rank)
    record["would"] = str(would)
    told = (f"shadow:limit:{limit}" for limit in verdict.would)
    record["reasons"] = [*record.get("reasons", ()), *told][:_MOST_REASONS]
