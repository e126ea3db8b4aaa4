"""An edit changes the bytes of its span and no other."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.codecs.json.edit import edit_text, escape_json, raw_offsets, splice_json
from excise.model import Edit, Place, Span


def edit(token: int, start: int, end: int, text: str = "#") -> Edit:
    return Edit(token, Span(start, end), text)


@pytest.mark.parametrize(
    ("body", "edits", "wanted"),
    [
        (r'{"a":"xyz"}', [edit(1, 1, 2)], r'{"a":"x#z"}'),
        (r'{"a":"xyz"}', [edit(0, 0, 1, "b")], r'{"b":"xyz"}'),
        (r'["\n\u0041\t"]', [edit(0, 1, 2)], r'["\n#\t"]'),
        (r'["\ud83d\ude00x"]', [edit(0, 1, 2)], r'["\ud83d\ude00#"]'),
        (r'["\ud83d\ude00x"]', [edit(0, 0, 1)], r'["#x"]'),
        (r'["\ud83dx\ude00"]', [edit(0, 1, 2)], r'["\ud83d#\ude00"]'),
        (r'["\\u0041b"]', [edit(0, 6, 7)], r'["\\u0041#"]'),
        (r'["a\"b", "c"]', [edit(1, 0, 1)], r'["a\"b", "#"]'),
        ('["語\\n語é🗂x"]', [edit(0, 2, 3), edit(0, 5, 6)], '["語\\n#é🗂#"]'),
        ('["abcdef"]', [edit(0, 4, 5, "2"), edit(0, 0, 1, "1")], '["1bcd2f"]'),
        ('["ab"]', [edit(0, 1, 1, '"\n')], '["a\\"\\nb"]'),
        ('["ab"]', [edit(0, 2, 2, "語\ud800")], '["ab\\u8a9e\\ud800"]'),
        ('[12345, 123456, "x"]', [edit(1, 0, 1)], '[12345, 123456, "#"]'),
        ('{"n" : -4111111111111111 }', [edit(1, 1, 17, "[P]")], '{"n" : "-[P]" }'),
        ("[1.50e10,1]", [edit(0, 0, 7, "")], '["",1]'),
    ],
)
def test_edits_land_where_they_point(body: str, edits: list[Edit], wanted: str) -> None:
    assert splice_json(body.encode(), edits).decode() == wanted


@pytest.mark.parametrize(
    "edits",
    [
        [edit(0, 0, 2), edit(0, 1, 3)],
        [edit(0, 2, 1)],
        [edit(0, 0, 4)],
        [edit(0, 4, 4)],
        [edit(9, 0, 1)],
        [edit(-1, 0, 1)],
        [edit(0, -1, 1)],
        [edit(1, 0, 7)],
        [edit(0, 0, 1)._replace(place=Place.HEADER)],
    ],
)
def test_edits_that_cannot_be_are_an_error(edits: list[Edit]) -> None:
    with pytest.raises(ValueError, match=r"edit|span"):
        splice_json(b'["abc", 123456]', edits)


def test_a_sealed_token_is_never_edited() -> None:
    with pytest.raises(ValueError, match="sealed"):
        splice_json(b'["abc"]', [edit(0, 0, 1)], frozenset({0}))


@given(st.text(st.characters(), max_size=30))
def test_escaped_text_reads_back(text: str) -> None:
    assert json.loads(b'"' + escape_json(text) + b'"') == text


@given(st.text(max_size=20), st.booleans())
def test_offsets_cut_a_string_at_every_code_point(text: str, ascii_only: bool) -> None:
    raw = json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode()
    offsets = raw_offsets(raw, range(len(text) + 1))
    for point, offset in enumerate(offsets):
        assert json.loads(b'"' + raw[:offset] + b'"') == text[:point]


def test_edit_text_is_plain_replacement() -> None:
    assert edit_text("abcdef", [edit(0, 0, 1, "X"), edit(0, 3, 5, "")]) == "Xbcf"
    with pytest.raises(ValueError, match="behind"):
        edit_text("abc", [edit(0, 1, 4)])
