"""Exact only where a limit is near, and an estimate where no exact count comes."""

from typing import Any

import pytest

from excise.errors import NoAnswer
from excise.text.tokencount import estimate
from excise.workers.counter import Count, TokenCounter

TEXT = "an ordinary sentence about nothing in particular " * 20
ABOUT = estimate(TEXT)


class Child:
    """Answers 777, or not at all."""

    def __init__(self, reason: str = "") -> None:
        self.asked: list[Any] = []
        self.reason = reason

    def ask(self, question: Any, *, within: float) -> Any:
        self.asked.append(question)
        if self.reason:
            raise NoAnswer(self.reason)
        return 777

    def close(self) -> None:
        self.asked.append("close")


@pytest.mark.parametrize(
    ("limit", "reason", "wanted"),
    [
        (None, "", Count(ABOUT, "estimate")),
        (ABOUT * 2, "", Count(ABOUT, "estimate")),
        (ABOUT // 2, "", Count(ABOUT, "estimate")),
        (ABOUT + 1, "", Count(777, "exact")),
        (ABOUT + 1, "late", Count(ABOUT, "estimate")),
    ],
)
def test_the_limit_decides_how_it_is_counted(limit: int | None, reason: str, wanted: Count) -> None:
    """Far from it the estimate is enough; a child that is late changes nothing."""
    assert TokenCounter(Child(reason)).count([TEXT], "gpt-4o", limit=limit) == wanted


def test_the_model_names_the_encoding() -> None:
    """Of the exact count, too."""
    child = Child()
    assert TokenCounter(child).exact(["a"], "gpt-4") == Count(777, "exact")
    assert child.asked == [{"encoding": "cl100k_base", "texts": ["a"]}]
