"""Runs the hooks: looked up once, and any exception becomes a refusal.

mitmproxy walks every add-on for every event and forwards the flow when one raises. Here the
callables of an event are found once, and whatever a hook raises ends in the strictest answer that
event can still give. Only the class of an exception and code positions are ever logged: its text
and the values in its frames may hold traffic.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import fields
from pathlib import PurePath
from types import TracebackType
from typing import Any, Final

from mitmproxy import addonmanager, exceptions, flow, hooks, http

from excise.edge.faults import ANSWERS, Fault, class_of
from excise.edge.layers import RefusedLayer

log = logging.getLogger("excise.edge")

Hook = Callable[..., Any]
OnFault = Callable[[Fault], None]
Refuse = Callable[[http.HTTPFlow, Fault], http.Response]

# Nothing has been promised to anybody yet: a fault while starting must stop the start.
_STARTING: Final = frozenset({"load", "configure", "running"})
_FLOW_HOOKS: Final = frozenset({"requestheaders", "request", "responseheaders", "response"})
DEADLINE_SECONDS: Final = 60.0


class Dispatcher(addonmanager.AddonManager):
    """The add-on manager of the embedded master, fail-closed."""

    refuse: Refuse
    on_fault: OnFault
    new_reference: Callable[[], str]

    def __init__(self, master: Any) -> None:
        self._prepare()
        super().__init__(master)

    def _prepare(self) -> None:
        self._index: dict[str, list[Hook]] = {}
        self._fields: dict[type, tuple[str, ...]] = {}
        self._doomed: dict[str, Fault] = {}
        self.faults: Counter[str] = Counter()
        self.deadline = DEADLINE_SECONDS

    @classmethod
    def adopt(cls, manager: addonmanager.AddonManager) -> Dispatcher:
        """Make the manager of a running mitmdump one of ours (for `mitmdump -s`)."""
        manager.__class__ = cls
        assert isinstance(manager, cls)
        manager._prepare()
        return manager

    # -- the chain -----------------------------------------------------------------------------

    def register(self, addon: Any) -> Any:
        """Register an add-on; what was looked up before is looked up anew."""
        self._index.clear()
        registered = super().register(addon)
        self._index.clear()
        return registered

    def remove(self, addon: Any) -> None:
        """Remove an add-on."""
        super().remove(addon)
        self._index.clear()

    def clear(self) -> None:
        """Remove all add-ons."""
        super().clear()
        self._index.clear()

    def _hooks(self, name: str) -> list[Hook]:
        found = self._index.get(name)
        if found is None:
            addons = list(addonmanager.traverse(self.chain))
            # Under `mitmdump -s` the built-in add-ons stand in front; ours must decide first.
            addons.sort(key=lambda addon: not getattr(addon, "goes_first", False))
            found = [hook for addon in addons if callable(hook := getattr(addon, name, None))]
            self._index[name] = found
        return found

    # -- running hooks -------------------------------------------------------------------------

    async def handle_lifecycle(self, event: hooks.Hook) -> None:
        """Run the hooks of an event; there is no user interface to `update`."""
        rest = self.run(event)
        if rest is not None:
            await rest

    async def trigger_event(self, event: hooks.Hook) -> None:
        """Run the hooks of an event."""
        rest = self.run(event)
        if rest is not None:
            await rest

    def trigger(self, event: hooks.Hook) -> None:
        """Run the hooks of an event that has no room for waiting, such as `configure`."""
        rest = self.run(event)
        if rest is not None:
            raise exceptions.AddonManagerError(f"{event.name} cannot wait")

    def run(self, event: hooks.Hook) -> Awaitable[None] | None:
        """Run what can run at once; returns what is left to await, or None when all is done."""
        name = event.name
        arguments = self._arguments(event)
        if self._doomed and self._is_doomed(name, arguments):
            return None
        calls = self._hooks(name)
        for position, call in enumerate(calls):
            try:
                result = call(*arguments)
            except exceptions.AddonHalt:
                return None
            except exceptions.OptionsError:
                raise
            except BaseException as fault:
                self._fault(name, arguments, fault)
                return None
            if result is not None and inspect.isawaitable(result):
                return self._rest(name, arguments, result, calls[position + 1 :])
        return None

    async def _rest(
        self, name: str, arguments: list[Any], first: Awaitable[None], calls: list[Hook]
    ) -> None:
        try:
            async with asyncio.timeout(self.deadline):
                await first
                for call in calls:
                    result = call(*arguments)
                    if result is not None and inspect.isawaitable(result):
                        await result
        except exceptions.AddonHalt:
            return
        except exceptions.OptionsError:
            raise
        except BaseException as fault:
            self._fault(name, arguments, fault)

    def _arguments(self, event: hooks.Hook) -> list[Any]:
        kind = type(event)
        names = self._fields.get(kind)
        if names is None:
            names = self._fields[kind] = tuple(field.name for field in fields(event))  # type: ignore[arg-type]
        return [getattr(event, name) for name in names]

    # -- faults --------------------------------------------------------------------------------

    def note(self, where: str, fault: BaseException) -> str:
        """Count a fault, log where it was, tell the trail; returns its reference."""
        return self._record(where, fault).reference

    def _record(self, where: str, fault: BaseException) -> Fault:
        self.faults[where] += 1
        seen = Fault(self.new_reference(), where, type(fault).__name__, class_of(fault))
        log.error(
            "fault %s in %s: %s at %s",
            seen.reference, where, seen.kind, positions(fault.__traceback__),
        )  # fmt: skip
        try:
            self.on_fault(seen)
        except Exception as second:
            log.error("fault %s could not be recorded: %s", seen.reference, type(second).__name__)
        return seen

    def _fault(self, name: str, arguments: list[Any], fault: BaseException) -> None:
        seen = self._record(name, fault)
        if arguments and isinstance(arguments[0], http.HTTPFlow):
            if name not in ("response", "error"):  # nothing of the flow comes after these
                self._doomed[arguments[0].id] = seen
            self._refuse_flow(name, arguments[0], seen)
        elif name == "next_layer" and arguments:
            self._close_next(arguments[0])
        elif (answer := ANSWERS.get(name)) is not None:
            client = answer(arguments[0])
            if client is not None:
                self._doomed[client] = seen
        if name in _STARTING or isinstance(fault, KeyboardInterrupt):
            raise fault
        task = _current_task()
        if isinstance(fault, asyncio.CancelledError) and task is not None and task.cancelling():
            raise fault

    def _refuse_flow(self, name: str, doomed: http.HTTPFlow, fault: Fault) -> None:
        if name == "websocket_message" and doomed.websocket:
            doomed.websocket.messages[-1].drop()
            return
        if name not in _FLOW_HOOKS and name != "http_connect":
            return
        if name == "response" and doomed.response and doomed.response.stream:
            doomed.error = flow.Error(flow.Error.KILLED_MESSAGE)
            return
        doomed.request.stream = False
        try:
            doomed.response = self.refuse(doomed, fault)
        except BaseException as second:
            log.error("fault %s: no native refusal: %s", fault.reference, type(second).__name__)
            doomed.response = plain_refusal(fault.reference)

    @staticmethod
    def _close_next(asked: Any) -> None:
        asked.layer = RefusedLayer(asked.context)

    def _is_doomed(self, name: str, arguments: list[Any]) -> bool:
        """Whether a hook has already failed for this flow, or for the connection it is on."""
        first = arguments[0] if arguments else None
        if isinstance(first, http.HTTPFlow) and (fault := self._doomed.get(first.id)):
            if name in ("response", "error"):
                del self._doomed[first.id]
            self._refuse_flow(name, first, fault)
            return True
        client = getattr(first, "client_conn", None) or getattr(
            getattr(first, "context", first), "client", first
        )
        key = getattr(client, "id", "")
        if name == "client_disconnected":
            self._doomed.pop(key, None)
            return False
        if (fault := self._doomed.get(key)) is None:
            return False
        if isinstance(first, http.HTTPFlow):
            self._refuse_flow(name, first, fault)
        elif name == "next_layer":
            self._close_next(first)
        elif (answer := ANSWERS.get(name)) is not None:
            answer(first)
        return True


def plain_refusal(reference: str) -> http.Response:
    """The refusal for when not even the provider's own shape can be made."""
    return http.Response.make(
        400,
        b'{"error": {"type": "invalid_request_error", "message": "This request was stopped because '
        b'the LLM firewall could not check it. Reference: %s."}}' % reference.encode(),
        {"content-type": "application/json", "x-should-retry": "false"},
    )


def positions(trace: TracebackType | None) -> str:
    """`file:line` of each frame, innermost first, and nothing of what the frames hold."""
    places = []
    while trace is not None:
        path = PurePath(trace.tb_frame.f_code.co_filename)
        places.append(f"{'/'.join(path.parts[-2:])}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " < ".join(reversed(places[-8:])) or "nowhere"


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
