"""A new policy while traffic flows: made aside, then one reference is swapped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from excise.edge.threads import in_thread
from excise.errors import ExciseError


class Reloader:
    """Loads in a thread, one at a time; what comes meanwhile leads to one load more.

    `load` makes everything of the new policy and changes nothing; `swap` puts it in place, on the
    event loop; `report` is told the error code of one that did not load, or "" where it did.
    """

    def __init__(
        self,
        load: Callable[[], Any],
        swap: Callable[[Any], None],
        report: Callable[[str, str], None],
        look: Callable[[], object] = lambda: None,
    ) -> None:
        """`look` gives something that differs once a file of the policy has changed."""
        self._load = load
        self._swap = swap
        self._report = report
        self._look = look
        self._seen = look()
        self._wanted = False
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a policy is being loaded."""
        return self._task is not None

    def request(self) -> None:
        """Load anew, soon. For the event loop."""
        self._wanted = True
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def watch(self) -> None:
        """Load anew where a file has changed; one that fails is tried when it changes again."""
        if self._task is None and self._look() != self._seen:
            self.request()

    def stop(self) -> None:
        """Load no more."""
        self._wanted = False
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            while self._wanted:
                self._wanted = False
                # Before loading: what changes meanwhile is seen as a change.
                self._seen = self._look()
                await self._once()
        finally:
            self._task = None

    async def _once(self) -> None:
        try:
            self._swap(await in_thread(self._load))
        except ExciseError as fault:
            self._report(fault.code, str(fault))
        except Exception as fault:
            # Its text may hold anything.
            self._report("EXC-POL-016", f"the new policy cannot be used ({type(fault).__name__}).")
        else:
            self._report("", "")
