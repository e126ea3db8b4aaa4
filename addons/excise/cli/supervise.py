"""Workers: forked, watched, started again, rolled and ended, by a process that does nothing else.

The process that supervises has one thread and reads no traffic. What it loaded before it forks,
its workers share with it, page by page, until somebody writes there.
"""

from __future__ import annotations

import os
import selectors
import signal
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

from excise.errors import UnsafeError

FIRST_PAUSE: Final = 0.1  # seconds before a worker that ended is started anew; doubled each time
LONGEST_PAUSE: Final = 30.0
STEADY: Final = 60.0  # seconds after which a worker counts as one that runs
PATIENCE: Final = 60.0  # seconds that a worker may take to serve
GRACE: Final = 10.0  # seconds beyond the drain before a worker is killed
_SIGNALS: Final = (
    signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD,
)  # fmt: skip
_STOPS: Final = frozenset({signal.SIGTERM, signal.SIGINT})
_PASSED_ON: Final = frozenset({signal.SIGHUP, signal.SIGUSR1})


class Seat(NamedTuple):
    """What a worker is handed. `name` is also that of its audit trail; `died` says how the worker
    before it ended, if it was not asked to."""

    name: str
    died: str
    lifeline: int  # a descriptor that ends when the supervisor does
    ready: int  # a descriptor for one byte

    def tell_ready(self) -> None:
        """It serves."""
        os.write(self.ready, b"r")


@dataclass(slots=True)
class _Worker:
    name: str
    pid: int
    pipe: int
    since: float
    ready: bool = False
    leaving: float = 0.0  # when it was asked to end
    replaces: int = 0  # id of the process that ends once this one serves


class Supervisor:
    """Keeps a worker of each name running. `serve` is called in each of them, and returns its exit
    status; `drain` is what they may take to end, in seconds."""

    def __init__(
        self,
        serve: Callable[[Seat], int],
        names: Sequence[str],
        *,
        drain: float,
        apart: str = "",
        say: Callable[[str], None],
        ready: Callable[[], None] = lambda: None,
        renew: Callable[[], None] = lambda: None,
        closing: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`apart` names a worker that a roll leaves alone. `ready` is called once all serve,
        `renew` before a worker is forked anew, `closing` when no more connections are wanted."""
        self._serve = serve
        self._names = tuple(names)
        self._grace = 2 * drain + GRACE
        self._apart = apart
        self._say = say
        self._ready = ready
        self._renew = renew
        self._closing = closing
        self._clock = clock
        self._workers: dict[int, _Worker] = {}
        self._due: list[tuple[float, str, str]] = []
        self._deaths: Counter[str] = Counter()
        self._rolling: deque[int] = deque()
        self._serving = False
        self._stopping = False
        self._status = 0
        self._selector = selectors.DefaultSelector()
        self._lifeline = (-1, -1)

    def run(self) -> int:
        """Until told to stop; the exit status."""
        self._lifeline = os.pipe()
        with self._signals() as wakeup:
            for name in self._names:
                self._fork(name)
            while self._workers or (self._due and not self._stopping):
                self._turn(wakeup)
        for end in self._lifeline:
            os.close(end)
        self._selector.close()
        return self._status

    # -- the loop --------------------------------------------------------------------------------

    def _turn(self, wakeup: int) -> None:
        for key, _ in self._selector.select(self._pause()):
            if key.fd == wakeup:
                for number in os.read(wakeup, 1024):
                    self._told(signal.Signals(number))
            else:
                self._heard(key.data)
        self._reap()
        self._overdue()
        self._start_due()

    def _pause(self) -> float:
        moments = [due for due, _, _ in self._due]
        moments += [
            w.leaving + self._grace if w.leaving else w.since + PATIENCE
            for w in self._workers.values()
            if w.leaving or not w.ready
        ]
        return max(0.0, min(moments, default=self._clock() + STEADY) - self._clock())

    def _told(self, number: signal.Signals) -> None:
        if number in _STOPS:
            self.stop()
        elif number in _PASSED_ON:
            for worker in self._workers.values():
                _send(worker.pid, number)
        elif number == signal.SIGUSR2 and self._serving and not self._rolling:
            self._rolling.extend(p for p, w in self._workers.items() if w.name != self._apart)
            self._roll()

    def _heard(self, pid: int) -> None:
        worker = self._workers[pid]
        said = os.read(worker.pipe, 1)
        if not said:  # it ends, and will be reaped
            self._selector.unregister(worker.pipe)
            return
        worker.ready = True
        if worker.replaces:
            self._leave(worker.replaces, signal.SIGUSR2)
            self._roll()
        if not self._serving and all(each.ready for each in self._workers.values()):
            self._serving = True
            self._ready()

    def _overdue(self) -> None:
        now = self._clock()
        for worker in self._workers.values():
            late = worker.leaving and now - worker.leaving > self._grace
            if late or (not worker.ready and now - worker.since > PATIENCE):
                _send(worker.pid, signal.SIGKILL)

    # -- beginnings ------------------------------------------------------------------------------

    def _fork(self, name: str, died: str = "", replaces: int = 0) -> None:
        reading, writing = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._become(Seat(name, died, self._lifeline[0], writing))
        os.close(writing)
        self._workers[pid] = _Worker(name, pid, reading, self._clock(), replaces=replaces)
        self._selector.register(reading, selectors.EVENT_READ, pid)

    def _become(self, seat: Seat) -> None:
        """In the child: never returns."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            # The keyboard's interrupt is for the supervisor, who asks each worker once.
            os.setpgid(0, 0)
            os.close(self._lifeline[1])
            status = self._serve(seat)
        finally:
            fault = sys.exc_info()[0]
            if fault is not None:  # never its text: that may hold traffic
                self._say(f"worker {seat.name} ends: {fault.__name__}")
            os._exit(status)

    def _start_due(self) -> None:
        now = self._clock()
        ripe = [each for each in self._due if each[0] <= now]
        self._due = [each for each in self._due if each[0] > now]
        if self._stopping or not ripe:
            return
        self._renew()
        for _, name, died in ripe:
            self._fork(name, died)

    def _roll(self) -> None:
        """Replace the next of the workers that are to be replaced; it ends when the new one
        serves."""
        while self._rolling and not self._stopping:
            worker = self._workers.get(self._rolling.popleft())
            if worker is not None and not worker.leaving:
                self._renew()
                self._fork(worker.name, replaces=worker.pid)
                return

    # -- endings ---------------------------------------------------------------------------------

    def stop(self) -> None:
        """Have all workers drain and end; the second time, end at once."""
        if not self._stopping:
            self._stopping = True
            self._closing()
        for pid in self._workers:
            self._leave(pid)

    def _leave(self, pid: int, how: signal.Signals = signal.SIGTERM) -> None:
        worker = self._workers.get(pid)
        if worker is not None:
            worker.leaving = worker.leaving or self._clock()
            _send(pid, how)

    def _reap(self) -> None:
        for worker in list(self._workers.values()):
            pid, status = os.waitpid(worker.pid, os.WNOHANG)
            if pid:
                del self._workers[pid]
                with suppress(KeyError):
                    self._selector.unregister(worker.pipe)
                os.close(worker.pipe)
                self._ended(worker, os.waitstatus_to_exitcode(status))

    def _ended(self, worker: _Worker, status: int) -> None:
        unsafe = status == UnsafeError.status
        if not self._stopping and (unsafe or not self._serving):
            # What is open in one is open in all; and what does not start is not tried again.
            self._status = self._status or (status if status > 0 else 1)
            self.stop()
        if self._stopping or worker.leaving:
            return
        how = signal.Signals(-status).name if status < 0 else f"status-{status}"
        if worker.replaces:
            self._rolling.clear()
            self._say(f"the new worker {worker.name} died ({how}); the old one stays.")
            return
        steady = self._clock() - worker.since > STEADY
        deaths = self._deaths[worker.name] = 0 if steady else self._deaths[worker.name] + 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** max(0, deaths - 1))
        self._say(f"worker {worker.name} died ({how}); it is started anew in {pause:.1f} s.")
        self._due.append((self._clock() + pause, worker.name, how))

    @contextmanager
    def _signals(self) -> Iterator[int]:
        reading, writing = os.pipe()
        for end in (reading, writing):
            os.set_blocking(end, False)
        before = {number: signal.signal(number, _heed) for number in _SIGNALS}
        earlier = signal.set_wakeup_fd(writing)
        self._selector.register(reading, selectors.EVENT_READ)
        try:
            yield reading
        finally:
            signal.set_wakeup_fd(earlier)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._selector.unregister(reading)
            os.close(reading)
            os.close(writing)


def _heed(number: int, frame: object) -> None:
    """What a signal says stands in the pipe that the loop reads."""


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
