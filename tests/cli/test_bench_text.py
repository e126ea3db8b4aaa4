"""The texts of the benchmark: of the size they say, the same when seeded alike, clean."""

from __future__ import annotations

import json
import random

import pytest

from excise.cli.bench_text import answer, events, hostile, mixed, prose, request, requests


@pytest.mark.parametrize("size", [1_000, 10_000])
def test_a_request_is_of_its_size(size: int) -> None:
    body = request(size, random.Random(1))
    assert abs(len(body) - size) < size * 0.05
    assert json.loads(body)["messages"][1]["role"] == "user"


def test_fresh_requests_all_differ_and_can_be_made_again() -> None:
    made = requests(1_000, 20, "seed", fresh=True)
    assert len(set(made)) == 20
    assert made == requests(1_000, 20, "seed", fresh=True)
    assert set(made).isdisjoint(requests(1_000, 20, "other", fresh=True))


def test_seen_requests_are_one() -> None:
    assert len(set(requests(1_000, 20, "seed", fresh=False))) == 1
    assert requests(1_000, 1, "a", fresh=False) == requests(1_000, 1, "b", fresh=False)


def test_prose_is_words_alone() -> None:
    text = prose(5_000, random.Random(2))
    assert len(text) == 5_000
    assert text.replace(".", "").replace(" ", "").isalpha()


def test_answers_are_what_a_client_expects() -> None:
    assert json.loads(answer())["choices"][0]["message"]["role"] == "assistant"
    sent = events(50)
    assert len(sent) == 51
    assert sent[-1] == b"data: [DONE]\n\n"
    assert json.loads(sent[0].removeprefix(b"data: "))["object"] == "chat.completion.chunk"


@pytest.mark.parametrize("size", [1_000, 30_000])
def test_mixed_text_is_of_its_size_and_new_each_time(size: int) -> None:
    """The same again when seeded alike."""
    dice = random.Random(4)
    one, other = mixed(size, dice), mixed(size, dice)
    assert len(one) == len(other) == size and one != other
    assert mixed(size, random.Random(4)) == one


def test_costly_texts_are_of_their_size() -> None:
    """Each of its own kind."""
    texts = hostile(5_000)
    assert {len(text) for text in texts.values()} == {5_000}
    assert len(set(texts.values())) == len(texts)
