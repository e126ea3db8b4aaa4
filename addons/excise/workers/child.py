"""The child's end: questions in on standard input, answers out on standard output.

A message is four bytes of length, big-endian, and so many bytes of JSON.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from collections.abc import Callable
from typing import Any, Final

HEAD: Final = struct.Struct(">I")
LONGEST: Final = 64_000_000  # bytes of one message; a longer one ends the child


def serve(answer: Callable[[Any], Any]) -> None:
    """Answer questions until the parent closes the pipe.

    Whatever `answer` raises ends the process: the parent sees that, and starts another.
    """
    questions, answers = sys.stdin.buffer, os.dup(sys.stdout.fileno())
    # A library that prints must not speak between the lines.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    while head := questions.read(HEAD.size):
        (length,) = HEAD.unpack(head)
        if length > LONGEST:
            return
        write(answers, pack(answer(json.loads(questions.read(length)))))


def pack(message: Any) -> bytes:
    """A message as it goes over the pipe."""
    body = json.dumps(message, separators=(",", ":")).encode()
    return HEAD.pack(len(body)) + body


def write(descriptor: int, data: bytes) -> None:
    """All of `data`."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
