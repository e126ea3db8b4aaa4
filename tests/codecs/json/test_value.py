"""What is no JSON is refused with its reason; what is keeps order, repeats and spelling."""

from __future__ import annotations

import json
import traceback

import pytest

from excise.codecs.json.value import item, member, parse_json, plain_value, whole_number
from excise.errors import Unreadable

SECRET = "planted-value-0417"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "malformed"),
        (b"   ", "malformed"),
        (b"{", "malformed"),
        (b'{"a":1}{"b":2}', "malformed"),
        (b'{"a":1} trailing', "malformed"),
        (b"NaN", "malformed"),
        (b'{"a":Infinity}', "malformed"),
        (b"[-Infinity]", "malformed"),
        (b'{"a":01}', "malformed"),
        (b"{'a':1}", "malformed"),
        (b'["a\nb"]', "malformed"),
        (b'{"a":1,}', "malformed"),
        (b'["\\u12"]', "malformed"),
        (b'["\xff"]', "charset"),
        (b'["\xed\xa0\x80"]', "charset"),
        ('{"a":1}'.encode("utf-16"), "charset"),
        ('{"a":1}'.encode("utf-16-le"), "charset"),
        ('{"a":1}'.encode("utf-16-be"), "charset"),
        ('{"a":1}'.encode("utf-32"), "charset"),
        ('{"a":1}'.encode("utf-32-be"), "charset"),
        (b"[" * 100_000, "depth"),
        (b'{"a":' * 100_000, "depth"),
    ],
)
def test_what_is_no_json_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse_json(body, many=False)
    assert caught.value.reason == reason


@pytest.mark.parametrize("tail", ["", '"', "\\u12", " x", "\udcff"])
def test_a_refusal_carries_nothing_of_the_body(tail: str) -> None:
    body = f'["{SECRET}", {SECRET}{tail}'.encode("utf-8", "surrogateescape")
    with pytest.raises(Unreadable) as caught:
        parse_json(body, many=False)
    assert caught.value.__context__ is None
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_repeats_order_and_spelling_stay() -> None:
    documents, bom = parse_json(b'{"b":1.50,"a":[],"b":{"c":-0}}', many=False)
    assert documents == ((("b", b"1.50"), ("a", []), ("b", (("c", b"-0"),))),)
    assert not bom


def test_a_byte_order_mark_is_noted() -> None:
    assert parse_json(b"\xef\xbb\xbf[1]", many=False) == (([b"1"],), True)


def test_several_documents_where_allowed() -> None:
    documents, _ = parse_json(b' {"a":1}\n["x"]\r\n"y" ', many=True)
    assert documents == ((("a", b"1"),), ["x"], "y")
    with pytest.raises(Unreadable):
        parse_json(b'{"a":1}{"b":2}', many=True)


def test_member_takes_the_last_of_repeated_keys() -> None:
    (document,), _ = parse_json(b'{"u":{"n":1},"u":{"n":2,"m":[]}}', many=False)
    assert member(document, "u", "n") == b"2"
    assert member(document, "u", "m", "x") is None
    assert member(document, "none") is None


@pytest.mark.parametrize(
    ("value", "count"), [(b"12", 12), (b"-1", None), (b"1.5", None), ("12", None), (None, None)]
)
def test_counts(value: object, count: int | None) -> None:
    assert whole_number(value) == count


def test_plain_values_are_those_of_the_standard_library() -> None:
    text = '{"a":[1,-2.5,1e3,true,null,"x"],"b":{},"c":12345678901234567890}'
    (document,), _ = parse_json(text.encode(), many=False)
    assert plain_value(document) == json.loads(text)


def test_an_endless_integer_is_no_fault() -> None:
    (document,), _ = parse_json(b"[" + b"9" * 5000 + b"]", many=False)
    assert plain_value(document) == [float("inf")]


@pytest.mark.parametrize(
    ("node", "position", "found"),
    [(["a", "b"], 1, "b"), (["a"], 1, None), ([], 0, None), ("ab", 0, None), (["a"], "0", None)],
)
def test_items(node: object, position: object, found: object) -> None:
    assert item(node, position) == found
