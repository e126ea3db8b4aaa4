"""What a provider did not count is estimated, and marked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from walled import answer, chat, exchange, firewall, valid

from excise.model import Answer, Part, Role, Segment
from excise.pipeline.usage import estimate_tokens
from excise.text.tokencount import estimate

ASKED, SAID = "what is the weather like " * 20, "it rains and rains and rains " * 30
WHOLE = {"choices": [{"message": {"role": "assistant", "content": SAID}}]}


def test_an_answer_without_counts_gets_an_estimate() -> None:
    """Of both ways, by the encoding of the model."""
    wall, sent = firewall(), exchange(chat(ASKED))
    context = wall.inspect_request(sent).context
    usage = valid(wall.inspect_response(sent, answer(WHOLE), context).record)["usage"]
    assert usage["counted"] == "estimate"
    assert usage["input"] == pytest.approx(estimate(ASKED), abs=2)
    assert usage["output"] == pytest.approx(estimate(SAID), abs=2)


def test_a_stream_without_counts_gets_one_in_its_last_line() -> None:
    """However it is cut."""
    wall, sent = firewall(), exchange(chat(ASKED))
    context = wall.inspect_request(sent).context
    head = (("content-type", "text/event-stream"),)
    chunks = [SAID[at : at + 7] for at in range(0, len(SAID), 7)]
    lines = [json.dumps({"choices": [{"index": 0, "delta": {"content": c}}]}) for c in chunks]
    stream = wall.open_stream(sent, Answer(status=200, headers=head), context)
    assert stream is not None
    for line in lines:
        stream.feed(f"data: {line}\n\n".encode())
    stream.finish()
    usage = stream.record()["usage"]
    assert (usage["counted"], usage["output"]) == ("estimate", estimate(SAID))


@pytest.mark.parametrize(
    ("counts", "counted"),
    [([11, 22], "exact"), ([11, None], "estimate"), ([None], "estimate")],
)
def test_where_texts_are_counted_the_count_stands(counts: list[int | None], counted: str) -> None:
    """Of both ways or not at all; who does not answer is not asked again."""
    asked: list[tuple[list[str], str]] = []

    def exact(texts: Sequence[str], model: str) -> int | None:
        asked.append((list(texts), model))
        return counts[len(asked) - 1]

    wall, sent = replace(firewall(), exact=exact), exchange(chat(ASKED))
    context = wall.inspect_request(sent).context
    usage = valid(wall.inspect_response(sent, answer(WHOLE), context).record)["usage"]
    assert usage["counted"] == counted
    assert [texts[-1] for texts, _ in asked] == [ASKED, SAID][: len(counts)]
    if counted == "exact":
        assert (usage["input"], usage["output"]) == (11, 22)
    else:
        assert usage["output"] == pytest.approx(estimate(SAID), abs=2)


def test_a_failed_exchange_has_no_tokens() -> None:
    """Nobody was charged for it."""
    wall, sent = firewall(), exchange(chat(ASKED))
    context = wall.inspect_request(sent).context
    failed = replace(answer({"error": {"message": "no"}}), status=500)
    assert "usage" not in wall.inspect_response(sent, failed, context).record


def test_metadata_is_not_counted() -> None:
    """Ids and names are no tokens of the model's."""
    parts = [Segment(ASKED, Role.USER, part, 0) for part in (Part.PROMPT, Part.METADATA)]
    assert estimate_tokens(parts, "") == estimate(ASKED)
