"""Token counts: estimated, and exact where it matters.

The estimate is cheap and mostly within a few per cent. The exact count takes a child process of
some 100 MB and ten times all of detection, so it is asked only where a limit is near.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

from excise.errors import NoAnswer
from excise.text.tokencount import encoding_of, estimate
from excise.workers.process import Process

NEAR: Final = 0.35
"""How far a limit may be off the estimate, as a share of it, so that the exact count decides."""

WITHIN: Final = 2.0  # seconds


class Count(NamedTuple):
    """Tokens, and how they were counted: `estimate` or `exact`."""

    tokens: int
    how: str


class Asked(Protocol):
    """What is asked for exact counts; `Process` is one."""

    def ask(self, question: Any, *, within: float) -> Any: ...

    def close(self) -> None: ...


class TokenCounter:
    """Counts tokens of texts for a model."""

    def __init__(self, child: Asked | None = None, *, within: float = WITHIN) -> None:
        """`within` are the seconds an exact count may take."""
        self._child = child or Process("excise.workers.tokens")
        self._within = within

    def count(self, texts: Sequence[str], model: str, *, limit: int | None = None) -> Count:
        """An estimate, or the exact count where `limit` is within its reach.

        Where the child does not answer in time the estimate stands.
        """
        encoding = encoding_of(model)
        about = sum(estimate(text, encoding) for text in texts)
        if limit is None or abs(about - limit) > NEAR * about:
            return Count(about, "estimate")
        return self.exact(texts, model) or Count(about, "estimate")

    def exact(self, texts: Sequence[str], model: str) -> Count | None:
        """The exact count, or None where the child does not answer in time."""
        question = {"encoding": encoding_of(model), "texts": list(texts)}
        try:
            return Count(int(self._child.ask(question, within=self._within)), "exact")
        except NoAnswer:
            return None

    def close(self) -> None:
        """End the child; it starts again when it is asked."""
        self._child.close()
