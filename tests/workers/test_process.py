"""A child answers, is late, dies, and is started again."""

import os
import sys
from collections.abc import Iterator

import pytest

from excise.errors import NoAnswer
from excise.workers.process import Process

CHILD = """
import os, time
from excise.workers.child import serve
def answer(question):
    if question == "die": os._exit(3)
    if question == "raise": raise RuntimeError("raw text")
    if question == "sleep": time.sleep(60)
    if question == "pid": return os.getpid()
    return question
serve(answer)
"""


@pytest.fixture
def child() -> Iterator[Process]:
    """One that echoes."""
    process = Process(CHILD, program=(sys.executable, "-c"))
    yield process
    process.close()


def test_it_answers(child: Process) -> None:
    """Also what is larger than a pipe holds, both ways, from one child."""
    large = ["ü" * 100_000, {"n": 1}]
    assert not child.is_running
    assert child.ask(large, within=30) == large
    assert child.ask("pid", within=30) == child.ask("pid", within=30)
    assert child.is_running


@pytest.mark.parametrize(("question", "reason"), [("die", "died"), ("raise", "died")])
def test_it_comes_back_after_dying(child: Process, question: str, reason: str) -> None:
    """The question is lost, the next one is answered by another child."""
    first = child.ask("pid", within=30)
    with pytest.raises(NoAnswer, match=reason):
        child.ask(question, within=30)
    assert child.ask("pid", within=30) != first


def test_a_late_answer_is_nobodys(child: Process) -> None:
    """It must not be taken for the answer to the next question."""
    child.ask("warm", within=30)
    with pytest.raises(NoAnswer, match="late"):
        child.ask("sleep", within=0.05)
    assert child.ask("next", within=30) == "next"


def test_a_child_that_cannot_start_is_absent() -> None:
    """As where the interpreter is gone."""
    with pytest.raises(NoAnswer, match="absent"):
        Process("x", program=("/nonexistent/python",)).ask(1, within=5)


def test_it_ends_with_whoever_asked_it() -> None:
    """A child that nobody can ask must not stay."""
    process = Process(CHILD, program=(sys.executable, "-c"))
    pid = process.ask("pid", within=30)
    del process
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_closing_ends_it(child: Process) -> None:
    """And asking starts it anew."""
    first = child.ask("pid", within=30)
    child.close()
    assert not child.is_running and child.ask("pid", within=30) != first


def test_a_fork_has_a_child_of_its_own(child: Process) -> None:
    """Two that ask one child would read each other's answers."""
    first = child.ask("pid", within=30)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        other = 0
        try:
            other = child.ask("pid", within=30)
            child.close()
        finally:
            os.write(writing, str(other).encode())
            os._exit(0)
    os.waitpid(pid, 0)
    with os.fdopen(reading, "rb") as told:
        os.close(writing)
        assert int(told.read()) not in (0, first)
    assert child.ask("pid", within=30) == first
