"""What the dialects of the stand-in share."""

from __future__ import annotations

import json
from typing import Any

import pytest

from excise.standin.received import Received
from excise.standin.script import Answer
from excise.standin.shapes import arguments_of, asks_to_stream, encode, input_of, pieces

TEXT = 'two words, "quotes" and ü'


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_pieces_join_to_the_text(size: int) -> None:
    assert "".join(pieces(TEXT, size)) == TEXT


@pytest.mark.parametrize(
    ("text", "given"),
    [
        (TEXT, {"note": TEXT}),
        ('{"path": "/etc", "n": [1]}', {"path": "/etc", "n": [1]}),
        ("[1]", {"note": "[1]"}),
        ("{", {"note": "{"}),
        ("", {"note": ""}),
    ],
)
def test_a_text_is_a_note_or_the_arguments(text: str, given: Any) -> None:
    answer = Answer(text=text, tool="t")
    assert input_of(answer) == given
    assert json.loads(arguments_of(answer)) == given


@pytest.mark.parametrize(("body", "streams"), [({"stream": True}, True), ({}, False)])
def test_streams(body: Any, streams: bool) -> None:
    sent = Received(number=0, method="POST", target="/", headers=(), body=encode(body))
    assert asks_to_stream(sent) is streams
