"""What a document says is asked once and remembered, within bounds."""

from __future__ import annotations

from typing import Any

import pytest

from excise.errors import NoAnswer, Unreadable
from excise.model import DocumentText
from excise.workers import reader
from excise.workers.reader import DocumentReader


class Child:
    """Answers with the same every time, and counts."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.asked, self.closed = answer, 0, False

    def ask(self, question: Any, *, within: float) -> Any:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close(self) -> None:
        self.closed = True


def test_what_was_read_is_remembered() -> None:
    child = Child({"texts": ["a", "b"], "unread": ["media"]})
    documents = DocumentReader(child)
    for _ in range(3):
        assert documents.read(b"one") == DocumentText(("a", "b"), ("media",))
    assert child.asked == 1
    documents.read(b"two")
    assert child.asked == 2
    documents.close()
    assert child.closed


def test_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "KEPT", 25)
    child = Child({"texts": ["x" * 10], "unread": []})
    documents = DocumentReader(child)
    for data in (b"1", b"2", b"1", b"3", b"1", b"2"):
        documents.read(data)
    assert child.asked == 4
    child.answer = {"texts": ["x" * 30], "unread": []}
    documents.read(b"long"), documents.read(b"long")
    assert child.asked == 6


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        ({"error": "malformed"}, Unreadable),
        ({"error": "locked"}, Unreadable),
        ({"error": "large"}, Unreadable),
        ({"error": "absent"}, NoAnswer),
        (NoAnswer("late"), NoAnswer),
    ],
)
def test_what_cannot_be_read(answer: Any, raised: type[Exception]) -> None:
    documents = DocumentReader(Child(answer))
    for _ in range(2):
        with pytest.raises(raised):
            documents.read(b"data")


def test_what_is_too_large_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LARGEST", 3)
    child = Child({})
    with pytest.raises(Unreadable):
        DocumentReader(child).read(b"four")
    assert child.asked == 0
