"""Every string is a segment at its token; no edit, no change; an edit changes its span alone."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from json_spellings import documents, joined, spell, strings_of

from excise.codecs.base import Label
from excise.codecs.json.edit import edit_text
from excise.codecs.json.span import MAX_DEPTH, MAX_VALUES, JsonReading, read_json
from excise.codecs.labels import OPAQUE, SEALED, Field, Labeler
from excise.codecs.wirewords import WIRE_WORDS
from excise.errors import Unreadable
from excise.model import Edit, Part, Role, Span

ROOT = Label(Role.USER, Part.PROMPT)
PLAIN = Labeler({}, {})
TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[-0-9][-+.eE0-9]{5,}', re.DOTALL)
bodies = st.tuples(documents, st.integers(0, 2**32)).map(
    lambda pair: (pair[0], spell(pair[0], random.Random(pair[1])).encode())
)


def read(body: bytes, labeler: Labeler = PLAIN) -> JsonReading:
    return read_json(body, labeler, ROOT)


@given(bodies)
def test_every_string_is_a_segment_at_its_token(case: tuple[object, bytes]) -> None:
    document, body = case
    reading = read(body)
    found = {segment.token: segment.text for segment in reading.segments}
    for token, text in enumerate(strings_of(document)):
        assert found.get(token, "") == text or (token not in found and text in WIRE_WORDS)
    assert reading.splice(()) == body


@settings(max_examples=300)
@given(bodies, st.data())
def test_an_edit_changes_its_span_alone(case: tuple[object, bytes], data: st.DataObject) -> None:
    _, body = case
    before = read(body)
    if not before.segments:
        return
    chosen = data.draw(st.lists(st.sampled_from(before.segments), max_size=3, unique=True))
    wanted: dict[int, str] = {}
    edits: list[Edit] = []
    for segment in chosen:
        points = st.integers(0, len(segment.text))
        cuts = sorted(data.draw(st.lists(points, min_size=4, max_size=4)))
        group = [
            Edit(segment.token, Span(cuts[at], cuts[at + 1]), data.draw(st.text(max_size=4)))
            for at in (0, 2)
        ]
        group = group[:1] if group[0].span == group[1].span else group
        wanted[segment.token] = edit_text(segment.text, group)
        edits += reversed(group)
    after = before.splice(edits)

    old, new = TOKENS.findall(body), TOKENS.findall(after)
    assert TOKENS.split(body) == TOKENS.split(after)
    assert len(old) == len(new)
    texts = {segment.token: segment.text for segment in read(after).segments}
    for token in range(len(old)):
        if token in wanted:
            assert joined(texts.get(token, "")) == joined(wanted[token])
        else:
            assert old[token] == new[token]


def test_repeated_keys_are_both_read() -> None:
    reading = read(b'{"a":"one","a":"two","b":{"c":1,"c":"three"}}')
    assert [segment.text for segment in reading.segments] == [
        *("a", "one", "a", "two", "b", "c", "c", "three")
    ]
    assert reading.anomalies == ("duplicate-key",)
    assert reading.splice([Edit(3, Span(0, 3), "2")]) == (
        b'{"a":"one","a":"2","b":{"c":1,"c":"three"}}'
    )


def test_labels_name_the_nearest_key() -> None:
    segments = read(b'{"password":"x","list":["a",["b"]],"o":{"card":4111111111111111}}').segments
    assert [
        (s.text, s.label) for s in segments if s.text in ("x", "a", "b", "4111111111111111")
    ] == [
        ("x", "password"),
        ("a", "list"),
        ("b", "list"),
        ("4111111111111111", "card"),
    ]
    assert segments[-1].path == ("o", "card")
    assert [s.label for s in segments if s.text in ("password", "list", "o", "card")] == [""] * 4


@pytest.mark.parametrize(
    "body", [b'"bare"', b"4111111111111111", b'["bare"]', b'\xef\xbb\xbf"bare"']
)
def test_any_value_may_stand_alone(body: bytes) -> None:
    (segment,) = read(body).segments
    assert segment.token == 0
    assert read(body).splice([Edit(0, Span(0, 4), "")]).endswith((b'""', b'[""]', b'111111111111"'))


def test_anomalies_are_noted() -> None:
    assert read(b'\xef\xbb\xbf{"a":"b"}').anomalies == ("bom",)
    assert read(b"[" + b"1" * 65 + b"]").anomalies == ("number-extreme",)
    assert read(b'{"a":1,"b":1}').anomalies == ()


def test_depth_has_a_ceiling() -> None:
    assert read(b"[" * MAX_DEPTH + b'"x"' + b"]" * MAX_DEPTH).segments[0].text == "x"
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        with pytest.raises(Unreadable, match="depth"):
            read(opening * (MAX_DEPTH + 1) + b'"x"' + closing * (MAX_DEPTH + 1))


@pytest.mark.parametrize("piece", ['"x",', "{},", "[],", "0,", '{"k":0},'])
def test_the_number_of_values_has_a_ceiling(piece: str) -> None:
    with pytest.raises(Unreadable, match="size"):
        read(f"[{piece * (MAX_VALUES + 1)}[]]".encode())


def test_the_number_of_documents_has_a_ceiling() -> None:
    with pytest.raises(Unreadable, match="size"):
        read_json(b"{} " * (MAX_VALUES + 1), PLAIN, ROOT, many=True)


def test_an_embedding_is_no_text_but_its_tokens_count() -> None:
    vector = ",".join(["-0.0123456", "1e-05", "0.5", "0.7654321"] * 8)
    reading = read(f'[[{vector}],"x"]'.encode())
    assert [segment.text for segment in reading.segments] == ["x"]
    assert reading.splice([Edit(reading.segments[0].token, Span(0, 1), "y")]).endswith(b',"y"]')


def test_a_card_among_fractions_is_text() -> None:
    vector = ",".join(["0.0123456"] * 40 + ["4111111111111111"])
    assert "4111111111111111" in [s.text for s in read(f"[{vector}]".encode()).segments]


BLOB = "c2ln" * 20
GUARDED = Labeler({"": {}, "x": {"t": Field(state=SEALED), "b": Field(state=OPAQUE)}}, {})
GUARDED_ROOT = Label(Role.ASSISTANT, Part.REASONING, False, "x")


def test_signed_text_is_read_and_sealed() -> None:
    reading = read_json(f'{{"t":"words","b":"{BLOB}","c":"free"}}'.encode(), GUARDED, GUARDED_ROOT)
    texts = {segment.text: segment.token for segment in reading.segments}
    assert BLOB not in texts
    assert reading.sealed == {texts["words"], 3}
    assert reading.opaque == 1
    assert reading.splice([Edit(texts["free"], Span(0, 4), "-")]).endswith(b'"c":"-"}')
    for token in reading.sealed:
        with pytest.raises(ValueError, match="sealed"):
            reading.splice([Edit(token, Span(0, 1), "-")])


@pytest.mark.parametrize("value", ["key of mine", BLOB + " and more", "c2ln", '{"a": 1}' * 20])
def test_text_in_the_field_of_a_blob_is_read(value: str) -> None:
    body = b'{"b":"' + value.replace('"', '\\"').encode() + b'"}'
    reading = read_json(body, GUARDED, GUARDED_ROOT)
    assert value in [segment.text for segment in reading.segments]
    assert reading.opaque == 0


def test_nothing_of_the_body_shows() -> None:
    reading = read(b'{"a":"planted-value-0417"}')
    assert "planted" not in repr(reading)


def test_the_document_comes_back_as_plain_values() -> None:
    assert read(b'{"a":[1,"x",null]}').document == {"a": [1, "x", None]}
