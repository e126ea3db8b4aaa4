"""Work that would hold up everybody else's traffic, done beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

# Above this a body is inspected in a thread: the event loop carries everybody else's traffic.
IN_PLACE_BYTES: Final = 16 * 1024


class ThreadFault(Exception):
    """Something was raised in a thread that cannot cross into the event loop as itself."""


async def in_thread(call: Callable[..., Any], *arguments: Any) -> Any:
    """Run a call in a thread. An exception that asyncio has its own use for (StopIteration would
    leave the waiting side waiting for ever) arrives as a `ThreadFault`."""
    result, fault = await asyncio.to_thread(_caught, call, arguments)
    if isinstance(fault, Exception) and not isinstance(fault, StopIteration):
        raise fault
    if fault is not None:
        raise ThreadFault(type(fault).__name__) from fault
    return result


def _caught(
    call: Callable[..., Any], arguments: tuple[Any, ...]
) -> tuple[Any, BaseException | None]:
    try:
        return call(*arguments), None
    except BaseException as fault:
        return None, fault
