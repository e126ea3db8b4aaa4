"""Tokens of an exchange whose provider did not say them: counted or estimated, and marked so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from excise.model import Direction, Part, Segment, Usage
from excise.pipeline.outcome import Context
from excise.pipeline.reading import Limits, read_message
from excise.text.tokencount import encoding_of, estimate

# Texts and the name of a model → their tokens, or None where nobody counted in time.
Exact = Callable[[Sequence[str], str], int | None]


def estimate_tokens(segments: Iterable[Segment], model: str) -> int:
    """Tokens of a message's texts; ids, names and the like are no tokens of the model's."""
    encoding = encoding_of(model)
    return sum(estimate(text, encoding) for text in _spoken(segments))


def estimate_usage(context: Context, output: int, limits: Limits) -> Usage:
    """What the request cost and how long the answer was, `output` tokens of it.

    The request is read anew: nearly every provider counts for itself, so nothing is kept for the
    few that do not.
    """
    asked = estimate_tokens(_asked(context, limits), context.model)
    return Usage(input=asked, output=output, counted="estimate")


def count_usage(
    context: Context, said: Sequence[Segment], limits: Limits, exact: Exact | None
) -> Usage:
    """The same for a whole answer; by `exact` where it is there and answers for both."""
    if exact is not None:
        asked = exact(_spoken(_asked(context, limits)), context.model)
        output = None if asked is None else exact(_spoken(said), context.model)
        if output is not None:
            return Usage(input=asked, output=output, counted="exact")
    return estimate_usage(context, estimate_tokens(said, context.model), limits)


def _asked(context: Context, limits: Limits) -> Sequence[Segment]:
    exchange = context.exchange
    coding = exchange.header("content-encoding")
    return read_message(context.dialect, Direction.REQUEST, exchange.body, coding, limits).segments


def _spoken(segments: Iterable[Segment]) -> list[str]:
    return [segment.text for segment in segments if segment.part is not Part.METADATA]
