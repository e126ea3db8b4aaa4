"""Calls beside the event loop, and what they raise."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from excise.edge.threads import ThreadFault, in_thread


@pytest.mark.parametrize("kind", [StopIteration, GeneratorExit, SystemExit, KeyboardInterrupt])
async def test_what_cannot_cross_threads_arrives_as_a_fault(kind: type[BaseException]) -> None:
    def call() -> None:
        raise kind

    with pytest.raises(ThreadFault, match=kind.__name__):
        await asyncio.wait_for(in_thread(call), 5)


async def test_an_exception_in_a_thread_is_itself() -> None:
    def call() -> Any:
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        await in_thread(call)
    assert await in_thread(lambda a, b: a + b, 1, 2) == 3
