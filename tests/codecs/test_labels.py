"""A labeller says of every place what its tables say, and of unknown ones what stands around."""

from __future__ import annotations

import pytest

from excise.codecs.base import Label
from excise.codecs.json.span import read_json
from excise.codecs.labels import SEALED, Field, Labeler, make_label
from excise.model import Part, Role

ROOT = Label(Role.USER, Part.METADATA, False, "root")
TURNS = Field(part=Part.PROMPT, state="turns")
LABELER = Labeler(
    {
        "root": {"turns": TURNS, "one": TURNS, "signed": Field(plain=True, state=SEALED)},
        "turn": {"text": Field(plain=True)},
    },
    {"turns": lambda place, members: make_label(Role(members["who"]), place.part, False, "turn")},
)


@pytest.mark.parametrize(
    ("body", "role", "part", "label"),
    [
        ('{"turns":[{"who":"tool","text":"X"}]}', Role.TOOL, Part.PROMPT, ""),
        ('{"turns":[[{"who":"tool","text":["X"]}]]}', Role.TOOL, Part.PROMPT, ""),
        ('{"one":{"text":"X","who":"assistant"}}', Role.ASSISTANT, Part.PROMPT, ""),
        ('{"one":{"who":"assistant","text":{"deep":"X"}}}', Role.ASSISTANT, Part.PROMPT, "deep"),
        ('{"turns":[{"who":"system","else":"X"}]}', Role.SYSTEM, Part.PROMPT, "else"),
        ('{"other":{"deep":["X"]}}', Role.USER, Part.METADATA, "deep"),
        ('{"signed":{"deep":"X"}}', Role.USER, Part.METADATA, "deep"),
    ],
)
def test_places(body: str, role: Role, part: Part, label: str) -> None:
    reading = read_json(body.encode(), LABELER, ROOT)
    (segment,) = [segment for segment in reading.segments if segment.text == "X"]
    assert (segment.role, segment.part, segment.label) == (role, part, label)
    assert (segment.token in reading.sealed) is ("signed" in body)


def test_members_are_resolved_once() -> None:
    assert LABELER.members(ROOT) is LABELER.members(Label(*ROOT))
