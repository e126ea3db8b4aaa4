"""The embedded proxy: mitmproxy's master with only the add-ons a firewall needs."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from mitmproxy import hooks, master, options
from mitmproxy.addons import core, disable_h2c, upstream_auth
from mitmproxy.utils import asyncio_utils

from excise.edge import hostlog, http1, http2, selftest
from excise.edge.addon import Addon
from excise.edge.announced import Servers
from excise.edge.discovery import Discovery
from excise.edge.dispatch import Dispatcher
from excise.edge.exchange import new_id
from excise.edge.faults import Fault
from excise.edge.front import Front
from excise.edge.gate import Gate
from excise.edge.identity import Identity
from excise.edge.leaves import Leaves
from excise.edge.load import Load
from excise.edge.options import set_options
from excise.edge.pacpage import PacPage
from excise.edge.ports import Parts, Pulse, Record
from excise.edge.resolve import ResolvingLoop
from excise.edge.selftest import Marker, SelfTest, StandIn, Unrecorded, Verdict, own_address
from excise.edge.settings import Settings
from excise.edge.socketlayer import Stop
from excise.edge.tarpit import Tarpit
from excise.edge.threads import in_thread
from excise.errors import AuditError, ConfigError, UnsafeError
from excise.model import Halt
from excise.state.ca import CaFiles
from excise.state.certificates import Revoked
from excise.state.clients import Clients, load_clients
from excise.state.users import UserFile

log = logging.getLogger("excise.edge")
WAITING: Final = 32  # threads, most of which wait for the server that nodes share
TICK: Final = 1.0  # seconds between looks at files
IDLE: Final = 1.0  # seconds after which a connection that says nothing can be closed
SWEEP_EVERY: Final = 60  # looks
THINK: Final = 3.0  # seconds at the end that rules in shadow have for the last messages


class ExciseMaster(master.Master):
    """mitmproxy's master, fail-closed and ended with its exchanges."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        super().__init__(options.Options())
        http1.install()
        http2.install()
        self._settings = settings
        self._parts = parts
        self._stop = asyncio.Event()
        self._stops = 0
        self._unsafe = False
        self._selftest = _selftest(settings, parts)
        self._marks: list[Marker] = []
        self._stand_ins: list[StandIn] = []
        trail = parts.trail
        if self._selftest is not None:
            trail = Unrecorded(trail)
            self._marks = [Marker(parts.selftest)]
            self._stand_ins = [StandIn(parts.selftest)]
        self.dispatcher = Dispatcher(self)
        self.dispatcher.new_reference = new_id
        self.dispatcher.on_fault = self._record_fault
        self.addons = self.dispatcher
        self._servers = Servers(settings.balancers)
        load = Load(exchanges=settings.max_exchanges, held=settings.max_held)
        self.gate = Gate(
            parts.hosts,
            run=self.dispatcher.run,
            clients=settings.reach,
            denied=settings.deny_hosts,
            doubts=settings.doubts,
            load=load,
            also=settings.decrypt_also,
            http2=settings.http2,
        )
        self.gate.name = "nextlayer"  # type: ignore[attr-defined]  # the name mitmproxy asks for
        self.gate.refused = self._record_tunnel
        self.identity = self._identity()
        self.gate.discovery = self._discovery()
        self.addon = Addon(
            firewall=parts.firewall,
            gate=self.gate,
            trail=trail,
            vault=parts.vault,
            note=self.dispatcher.note,
            body_limit=settings.body_limit,
            meter=parts.meter,
            far=parts.far,
            halted=parts.halted,
            tarpit=Tarpit(seconds=parts.tarpit_seconds),
            load=load,
            headers=parts.headers,
        )
        self.reloader = parts.reload(self.gate.forget) if parts.reload else None
        self._halt: Halt | None = None
        self._was_on = False
        self.dispatcher.refuse = self.addon.refusal
        self._load()

    def _identity(self) -> Identity:
        told = self._settings
        return Identity(
            UserFile(told.state_dir),
            load_clients(told.clients_file) if told.clients_file else Clients(),
            required=told.auth,
            directory=told.directory,
            client_name=told.client_name if told.client_ca else "",
            revoked=Revoked(told.client_crl) if told.client_crl else None,
            told=self._servers.name_of if told.balancer_names else lambda client: "",
            refused=lambda address, why: self._record_tunnel("", address, why),
        )

    def _load(self) -> None:
        self.addons.add(
            core.Core(),
            disable_h2c.DisableH2C(),
            self._servers,
            self.gate,
            *self._pages(),
            *self._marks,
            self.identity,
            self.addon,
            *self._stand_ins,
            Leaves(_front(self._settings), self.gate.speaks_http2),
            upstream_auth.UpstreamAuth(),
        )
        set_options(self.options, self._settings)

    def _pages(self) -> list[PacPage]:
        pac = self._parts.pac
        return [PacPage(pac)] if pac is not None and self._settings.mode == "forward" else []

    def _record_fault(self, fault: Fault) -> None:
        self._parts.trail.offer(self._parts.fault_record(fault))

    def _discovery(self) -> Discovery | None:
        make = self._parts.sight_record
        if make is None:
            return None
        return Discovery(
            lambda sight: self._offer(make(sight)),
            every=self._parts.every_tunnel,
            who=self.identity.of,
        )

    def _record_tunnel(self, host: str, address: str, why: str) -> None:
        if self._parts.tunnel_record is not None:
            self._offer(self._parts.tunnel_record(host, address, why))

    def _offer(self, record: Record) -> None:
        try:
            self._parts.trail.offer(record)
        except AuditError as fault:  # nothing passed; the next request will be refused
            self.dispatcher.note("audit", fault)

    def stop(self) -> None:
        """Stop accepting and end; called a second time, end at once."""
        self._stops += 1
        self._stop.set()
        if self._stops > 1:
            self.addon.active.clear()

    def leave(self) -> None:
        """Stop accepting, serve the clients that are here until they are idle, and end: others
        serve the same port."""
        self.addon.leaving = True
        self._stop.set()

    async def serve(self, ready: Callable[[str, int], None]) -> None:
        """Open the port, tell `ready`, and return when stopped and drained."""
        with (
            asyncio_utils.install_exception_handler(self._asyncio_exception_handler),
            asyncio_utils.set_eager_task_factory(),
        ):
            await self._open()
            try:
                await self.dispatcher.trigger_event(hooks.RunningHook())
                # IPv4 first where it listens by both families.
                host, port, *_ = min(self._servers.listen_addrs(), key=lambda each: ":" in each[0])
                self.gate.port = int(port)
                self._parts.watch(self._pulse())
                await self._tested(str(host), int(port), 1)
                if not self._unsafe:
                    ready(str(host), int(port))
                ticking = [
                    asyncio.create_task(self._tick()),
                    asyncio.create_task(self._keep_testing(str(host), int(port))),
                ]
                await self._stop.wait()
                for each in ticking:
                    each.cancel()
                await self._part()
                await self._drain()
            finally:
                if self.reloader is not None:
                    self.reloader.stop()
                await self.done()
        if self._unsafe:
            raise UnsafeError(
                "EXC-SAF-001", "a planted value was not kept in by the port that serves clients."
            )

    async def _keep_testing(self, host: str, port: int) -> None:
        while not self._unsafe:
            await asyncio.sleep(selftest.EVERY)
            await self._tested(host, port, selftest.SILENCES)

    async def _tested(self, host: str, port: int, most: int) -> None:
        """Ask the port for a planted value; close it where it is given, or where nobody answers
        so many times in a row."""
        if self._selftest is None:
            return
        for _ in range(most):
            verdict = await self._selftest.run(own_address(host), port)
            if verdict is Verdict.HELD or self._stop.is_set():
                return
            log.error("the test of the proxy by itself: %s", verdict.name.lower())
            if verdict is Verdict.OPEN:
                break
        self._unsafe = True
        self._guarded(lambda: self._parts.notice("self-test-failed", verdict.name.lower()))
        self.stop()
        self.stop()

    def reload(self) -> None:
        """Load the policy anew."""
        if self.reloader is not None:
            self.reloader.request()

    def kill(self) -> None:
        """Refuse all LLM traffic from now on."""
        self._guarded(self._parts.kill)

    async def _tick(self) -> None:
        """Look after files and forget what has expired, for as long as the proxy serves."""
        count = 0
        while True:
            if self._parts.far:
                await self._beside(self._parts.look, "tick")
            self._guarded(self._look_at_switch)
            self._guarded(self._end_slow_heads)
            if self.reloader is not None:
                self._guarded(self.reloader.watch)
            if count % SWEEP_EVERY == SWEEP_EVERY - 1:
                await self._beside(self._parts.sweep, "sweep")
            count += 1
            await asyncio.sleep(TICK)

    def _look_at_switch(self) -> None:
        halt, before = self._parts.halted(), self._halt
        if halt is before:
            return
        self._halt = halt
        if halt and not before:
            self._close_sockets(busy=True)
        if Halt.AWAY in (halt, before):
            self._parts.notice("store-away" if halt is Halt.AWAY else "store-back", "EXC-STA-006")
        on = halt is Halt.SWITCHED
        if halt is not Halt.AWAY and on != self._was_on:  # while it is away nobody knows
            self._was_on = on
            self._parts.notice("kill-switch-on" if on else "kill-switch-off")

    def _end_slow_heads(self) -> None:
        """Cut off who has begun a request and does not come to the end of its head."""
        before = time.monotonic() - http1.HEAD_SECONDS
        for client, since in list(http1.unfinished.items()):
            handler = self._servers.connections.get(client)
            if handler is None:
                http1.unfinished.pop(client, None)
            elif since < before and (task := handler.transports[handler.client].handler):
                self.gate.counts["slow-head"] += 1
                task.cancel("slow head")

    async def _beside(self, call: Callable[[], object], where: str) -> None:
        try:
            await in_thread(call)
        except Exception as fault:
            self.dispatcher.note(where, fault)

    def _guarded(self, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as fault:
            self.dispatcher.note("tick", fault)

    def _pulse(self) -> Pulse:
        return Pulse(
            loop=asyncio.get_running_loop(),
            connections=self.gate.counts,
            hook_faults=self.dispatcher.faults,
            active=lambda: len(self.addon.active),
            sockets=lambda: len(self.addon.sockets),
            afterthoughts=self.addon.afterthoughts.counts,
            waiting=lambda: self.addon.afterthoughts.waiting,
            stopping=lambda: self.addon.draining,
        )

    async def _open(self) -> None:
        if await self._servers.setup_servers():
            return
        where = f"{self._settings.listen_host}:{self._settings.listen_port}"
        raise ConfigError(
            "EXC-CFG-003",
            f"cannot listen on {where}; it is in use, or not an address of this machine.",
            hint="Name another with --listen.",
        )

    async def _part(self) -> None:
        """Where others go on, no client is cut off between two of its requests."""
        await self._servers.servers.update([])
        until = time.monotonic() + self._settings.drain_seconds
        while self.addon.leaving and not self._stops and time.monotonic() < until:
            self._close_sockets(busy=False)
            lately = time.time() - IDLE
            if not self.addon.active and not any(
                each.timeout_watchdog.last_activity > lately
                for each in self._servers.connections.values()
            ):
                return
            await asyncio.sleep(0.02)

    async def _drain(self) -> None:
        self.addon.draining = True
        until = time.monotonic() + self._settings.drain_seconds
        while (self.addon.active or self.addon.sockets) and time.monotonic() < until:
            self._close_sockets(busy=self._stops > 1)
            await asyncio.sleep(0.02)
        await self.addon.metered.finish(max(1.0, until - time.monotonic()))
        if self.addon.active:
            log.warning("%d exchanges were cut at the end", len(self.addon.active))
        await self._think_out()
        self._close_sockets(busy=True)
        await asyncio.sleep(0.02)
        for handler in list(self._servers.connections.values()):
            client = handler.transports.get(handler.client)
            if client is not None and client.handler is not None:
                client.handler.cancel("stopping")
        until = time.monotonic() + 1
        while self._servers.connections and time.monotonic() < until:
            await asyncio.sleep(0.01)

    async def _think_out(self) -> None:
        """A moment for what rules in shadow have to say of the last messages."""
        thoughts = self.addon.afterthoughts
        until = time.monotonic() + THINK
        while thoughts.waiting and not self._stops > 1 and time.monotonic() < until:
            await asyncio.sleep(0.02)
        if left := thoughts.close():
            log.warning("nobody was asked about %d messages for rules in shadow", left)

    def _close_sockets(self, *, busy: bool) -> None:
        """Close what is open, with `busy` also where an answer is under way."""
        for flow, guard in list(self.addon.sockets.items()):
            if busy or not guard.busy:
                try:
                    self._servers.inject_event(Stop(flow, None))
                except ValueError:  # its connection is gone
                    self.addon.sockets.pop(flow, None)


def serve(
    settings: Settings,
    parts: Parts,
    ready: Callable[[str, int], None],
    *,
    listener: socket.socket | None = None,
    lifeline: int = -1,
) -> None:
    """Run the proxy until SIGTERM or SIGINT. Raises `ConfigError` before any port is open, and
    `UnsafeError` once it has closed its port because it failed its own test.

    `listener` is a port that others accept from as well; the end of `lifeline` stops it, too.
    """
    settings.checked()
    hostlog.install()
    with asyncio.Runner(loop_factory=ResolvingLoop) as runner:
        runner.run(_serve(settings, parts, ready, listener, lifeline))


async def _serve(
    settings: Settings,
    parts: Parts,
    ready: Callable[[str, int], None],
    listener: socket.socket | None,
    lifeline: int,
) -> None:
    loop = asyncio.get_running_loop()
    if isinstance(loop, ResolvingLoop):
        loop.redirects = settings.resolve
        loop.listener = listener
    if parts.far:
        loop.set_default_executor(ThreadPoolExecutor(WAITING, thread_name_prefix="excise"))
    running = ExciseMaster(settings, parts)
    handlers = {
        signal.SIGTERM: running.stop,
        signal.SIGINT: running.stop,
        signal.SIGHUP: running.reload,
        signal.SIGUSR1: running.kill,
        signal.SIGUSR2: running.leave,
    }
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    if lifeline >= 0:
        loop.add_reader(lifeline, _orphaned, loop, lifeline, running)
    try:
        await running.serve(ready)
    finally:
        if lifeline >= 0:
            loop.remove_reader(lifeline)
        for number in handlers:
            loop.remove_signal_handler(number)


def _orphaned(loop: asyncio.AbstractEventLoop, lifeline: int, running: ExciseMaster) -> None:
    loop.remove_reader(lifeline)
    running.stop()


def _selftest(settings: Settings, parts: Parts) -> SelfTest | None:
    """The test of a port that clients name as their proxy; through others nobody but the one
    destination behind them can be asked for."""
    if not parts.selftest or settings.mode != "forward":
        return None
    ca = CaFiles.under(settings.ca_dir).cert_pem
    return SelfTest(parts.selftest, ca, parts.firewall, parts.hosts)


def _front(settings: Settings) -> Front | None:
    if settings.proxy_certificate is None:
        return None
    return Front(settings.proxy_certificate, settings.client_ca, settings.client_crl)
