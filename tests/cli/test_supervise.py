"""Workers are kept running: real forks, which do next to nothing."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from excise.cli import supervise
from excise.cli.supervise import Seat, Supervisor
from excise.errors import UnsafeError

Work = Callable[[Seat], int]


def wait(seat: Seat) -> int:
    """Serve until asked to end, or left alone."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    seat.tell_ready()
    while not ended.wait(0.01):
        if select.select([seat.lifeline], [], [], 0)[0]:
            return 0
    return 0


class Crew:
    """A supervisor in a process of its own, and what its workers wrote down."""

    def __init__(self, folder: Path, work: Work, count: int = 2, drain: float = 1.0) -> None:
        self.folder = folder
        self.pid = os.fork()
        if self.pid == 0:
            status = 99
            try:
                status = Supervisor(
                    lambda seat: work(self.noted(seat)),
                    [str(number + 1) for number in range(count)],
                    drain=drain,
                    say=lambda text: self.note("said", text),
                    ready=lambda: self.note("ready", ""),
                    renew=lambda: self.note("renewed", ""),
                    closing=lambda: self.note("closed", ""),
                ).run()
            finally:
                os._exit(status)

    def note(self, kind: str, text: str) -> None:
        with (self.folder / kind).open("a") as file:
            file.write(f"{os.getpid()} {text}\n")

    def noted(self, seat: Seat) -> Seat:
        self.note("started", f"{seat.name} {seat.died}")
        return seat

    def notes(self, kind: str) -> list[list[str]]:
        path = self.folder / kind
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def until(self, kind: str, count: int) -> list[list[str]]:
        deadline = time.monotonic() + 10
        while len(found := self.notes(kind)) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(found) >= count, (kind, found)
        return found

    def tell(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def end(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@contextmanager
def crew(folder: Path, work: Work, **rest: int) -> Iterator[Crew]:
    made = Crew(folder, work, **rest)
    try:
        yield made
    finally:
        for pid, *_ in made.notes("started"):
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                continue


def test_a_worker_that_is_killed_is_started_anew(tmp_path: Path) -> None:
    """Told how the one before it ended; the others stay; then all end when asked."""
    with crew(tmp_path, wait) as made:
        made.until("ready", 1)
        (first, name), (second, _) = made.notes("started")
        os.kill(int(first), signal.SIGKILL)
        third = made.until("started", 3)[2]
        assert third[1:] == [name, "SIGKILL"]
        assert made.notes("renewed")
        made.tell(signal.SIGTERM)
        assert made.end() == 0
        assert made.notes("closed")
        assert second not in [pid for pid, *_ in made.notes("started")[2:]]


def test_one_that_does_not_start_ends_all_with_its_status(tmp_path: Path) -> None:
    """Nothing is tried again before all have served once."""

    def work(seat: Seat) -> int:
        return 2 if seat.name == "2" else wait(seat)

    with crew(tmp_path, work) as made:
        assert made.end() == 2
        assert len(made.notes("started")) == 2
        assert not made.notes("ready")


def test_one_that_failed_its_own_test_ends_all(tmp_path: Path) -> None:
    """With the status that says so: what is open in one is open in all."""

    def work(seat: Seat) -> int:
        wait(seat) if seat.name == "1" else seat.tell_ready()
        while seat.name == "2" and not (tmp_path / "ready").exists():
            time.sleep(0.01)
        return UnsafeError.status

    with crew(tmp_path, work) as made:
        assert made.end() == UnsafeError.status
        assert len(made.notes("started")) == 2


def test_a_roll_replaces_one_after_the_other(tmp_path: Path) -> None:
    """The old one ends only when the new one serves."""
    with crew(tmp_path, wait) as made:
        made.until("ready", 1)
        before = {pid for pid, *_ in made.notes("started")}
        made.tell(signal.SIGUSR2)
        after = {pid for pid, *_ in made.until("started", 4)} - before
        assert [name for _, name in made.notes("started")] == ["1", "2", "1", "2"]
        assert len(after) == 2
        deadline = time.monotonic() + 10
        while any(map(alive, before)) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not any(map(alive, before))
        assert all(map(alive, after))
        made.tell(signal.SIGTERM)
        assert made.end() == 0


def test_a_replacement_that_dies_leaves_the_old_one(tmp_path: Path) -> None:
    """And the roll ends there."""

    def work(seat: Seat) -> int:
        return 1 if (tmp_path / "ready").exists() else wait(seat)

    with crew(tmp_path, work) as made:
        made.until("ready", 1)
        before = {pid for pid, *_ in made.notes("started")}
        made.tell(signal.SIGUSR2)
        made.until("said", 1)
        assert all(map(alive, before))
        assert len(made.notes("started")) == 3
        made.tell(signal.SIGTERM)
        assert made.end() == 0


def test_workers_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    """By the end of the lifeline."""
    with crew(tmp_path, wait) as made:
        made.until("ready", 1)
        made.tell(signal.SIGKILL)
        assert made.end() == -signal.SIGKILL
        deadline = time.monotonic() + 10
        while any(alive(pid) for pid, *_ in made.notes("started")) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not any(alive(pid) for pid, *_ in made.notes("started"))


def test_one_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its drain and some grace."""
    monkeypatch.setattr(supervise, "GRACE", 0.1)

    def work(seat: Seat) -> int:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        seat.tell_ready()
        while True:
            time.sleep(1)

    with crew(tmp_path, work, count=1, drain=0) as made:  # type: ignore[arg-type]
        made.until("ready", 1)
        made.tell(signal.SIGTERM)
        assert made.end() == 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_signals_are_passed_on(tmp_path: Path, number: signal.Signals) -> None:
    """To each worker."""

    def work(seat: Seat) -> int:
        signal.signal(number, lambda *_: (tmp_path / f"heard{seat.name}").write_text("") and None)
        return wait(seat)

    with crew(tmp_path, work) as made:
        made.until("ready", 1)
        made.tell(number)
        deadline = time.monotonic() + 10
        while len(list(tmp_path.glob("heard*"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(list(tmp_path.glob("heard*"))) == 2
        made.tell(signal.SIGTERM)
        assert made.end() == 0


def alive(pid: str) -> bool:
    try:
        return os.waitpid(int(pid), os.WNOHANG) == (0, 0)
    except ChildProcessError:
        pass
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
