"""A child process that answers questions, started when first asked and again when it died."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, Final

from excise.errors import NoAnswer
from excise.workers.child import HEAD, LONGEST, pack

_CHUNK: Final = 1 << 20


class Process:
    """One child. Safe to ask from several threads: questions queue, each under its own time."""

    def __init__(
        self,
        module: str,
        *arguments: str,
        clock: Callable[[], float] = monotonic,
        program: Sequence[str] = (sys.executable, "-m"),
    ) -> None:
        """`module` calls `child.serve`; `arguments` are shown to every user of the machine."""
        self._command = [*program, module, *arguments]
        self._child: subprocess.Popen[bytes] | None = None
        self._parent = os.getpid()
        self._clock = clock
        self._lock = threading.Lock()

    def ask(self, question: Any, *, within: float) -> Any:
        """The answer, or `NoAnswer` after `within` seconds, waiting for others included.

        A child that is late is ended: its answer would be taken for the next one.
        """
        self._part()
        until = self._clock() + within
        if not self._lock.acquire(timeout=max(0.0, within)):
            raise NoAnswer("late")
        try:
            child = self._started()
            try:
                self._send(child, pack(question), until)
                (length,) = HEAD.unpack(self._receive(child, HEAD.size, until))
                if length > LONGEST:
                    raise NoAnswer("died")
                return json.loads(self._receive(child, length, until))
            except NoAnswer:
                self._end()
                raise
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the child; the next question starts another."""
        with self._lock:
            self._end()

    def __del__(self) -> None:
        # Nobody can ask it any more.
        if self._parent == os.getpid():
            self._end()

    @property
    def is_running(self) -> bool:
        """Whether there is a child right now."""
        return self._child is not None and self._child.poll() is None

    def _part(self) -> None:
        """In a fork of the process that started the child, have one of our own: two that ask one
        child would read each other's answers."""
        if self._parent != os.getpid():
            self._child, self._lock, self._parent = None, threading.Lock(), os.getpid()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._end()
        try:
            # What a crashing child prints may hold what it was reading.
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            raise NoAnswer("absent") from None
        for pipe in (self._child.stdin, self._child.stdout):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()

    def _send(self, child: subprocess.Popen[bytes], data: bytes, until: float) -> None:
        assert child.stdin is not None
        view, pipe = memoryview(data), child.stdin.fileno()
        while view:
            self._wait(pipe, selectors.EVENT_WRITE, until)
            try:
                view = view[os.write(pipe, view[:_CHUNK]) :]
            except BrokenPipeError:
                raise NoAnswer("died") from None
            except BlockingIOError:
                continue

    def _receive(self, child: subprocess.Popen[bytes], size: int, until: float) -> bytes:
        assert child.stdout is not None
        pieces, pipe = bytearray(), child.stdout.fileno()
        while len(pieces) < size:
            self._wait(pipe, selectors.EVENT_READ, until)
            piece = os.read(pipe, min(_CHUNK, size - len(pieces)))
            if not piece:
                raise NoAnswer("died")
            pieces += piece
        return bytes(pieces)

    def _wait(self, pipe: int, event: int, until: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, event)
            if not selector.select(max(0.0, until - self._clock())):
                raise NoAnswer("late")
