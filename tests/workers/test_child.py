"""Messages have a length in front; what a library prints does not get between them."""

import json
import subprocess
import sys

from excise.workers.child import HEAD, pack

ECHO = "from excise.workers.child import serve\ndef f(q):\n  print('noise')\n  return q\nserve(f)"


def test_a_message_is_its_length_and_json() -> None:
    """In bytes, not in characters."""
    assert pack("ü") == HEAD.pack(8) + b'"\\u00fc"'


def test_questions_are_answered_in_order_until_the_pipe_closes() -> None:
    """And nothing else comes out."""
    questions = [{"a": [1, None]}, "x" * 200_000, ""]
    told = subprocess.run(
        [sys.executable, "-c", ECHO],
        input=b"".join(map(pack, questions)),
        capture_output=True,
        timeout=60,
        check=True,
    )
    answers, rest = [], told.stdout
    while rest:
        (length,) = HEAD.unpack(rest[: HEAD.size])
        answers.append(json.loads(rest[HEAD.size : HEAD.size + length]))
        rest = rest[HEAD.size + length :]
    assert answers == questions and told.stderr.count(b"noise") == 3


def test_an_endless_message_ends_the_child() -> None:
    """It would be read into memory."""
    told = subprocess.run(
        [sys.executable, "-c", ECHO], input=b"\xff" * 8, stdout=subprocess.PIPE, timeout=60
    )
    assert (told.returncode, told.stdout) == (0, b"")
