"""Tokens of an exchange whose provider did not say them: an estimate, marked as one."""

from __future__ import annotations

from collections.abc import Iterable

from excise.model import Direction, Part, Segment, Usage
from excise.pipeline.outcome import Context
from excise.pipeline.reading import Limits, read_message
from excise.text.tokencount import encoding_of, estimate


def estimate_tokens(segments: Iterable[Segment], model: str) -> int:
    """Tokens of a message's texts; ids, names and the like are no tokens of the model's."""
    encoding = encoding_of(model)
    return sum(
        estimate(segment.text, encoding)
        for segment in segments
        if segment.part is not Part.METADATA
    )


def estimate_usage(context: Context, output: int, limits: Limits) -> Usage:
    """What the request cost and how long the answer was, `output` tokens of it.

    The request is read anew: nearly every provider counts for itself, so nothing is kept for the
    few that do not.
    """
    exchange = context.exchange
    coding = exchange.header("content-encoding")
    asked = read_message(context.dialect, Direction.REQUEST, exchange.body, coding, limits)
    return Usage(
        input=estimate_tokens(asked.segments, context.model), output=output, counted="estimate"
    )
