"""Verdicts are kept by digest, the oldest forgotten first."""

from excise.detectors.memory import Memory
from excise.model import Finding, Kind, Severity, Span

FOUND = (Finding("pii.person", "p.r", Span(0, 3), 1.0, Severity.LOW, Kind.PERSONAL),)


def test_what_was_put_comes_back_and_nothing_else() -> None:
    """An empty verdict is a verdict, too."""
    memory = Memory()
    memory.put(b"a", FOUND)
    memory.put(b"b", ())
    assert (memory.get(b"a"), memory.get(b"b"), memory.get(b"c")) == (FOUND, (), None)


def test_the_least_recently_used_goes_first() -> None:
    """Reading counts as use."""
    memory = Memory(2)
    for key in (b"a", b"b"):
        memory.put(key, FOUND)
    memory.get(b"a")
    memory.put(b"c", FOUND)
    assert [memory.get(key) is None for key in (b"a", b"b", b"c")] == [False, True, False]
