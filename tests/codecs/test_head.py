"""Head and URL are read but for credentials and protocol, and edited without touching the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.codecs.head import CREDENTIAL_HEADERS, PROTOCOL_HEADERS, read_head, splice_head
from excise.model import Edit, Exchange, Place, Principal, Span


def exchange(
    target: str = "/v1/messages",
    headers: tuple[tuple[str, str], ...] = (),
    host: str = "api.anthropic.com",
) -> Exchange:
    return Exchange(
        id="1",
        method="POST",
        host=host,
        port=443,
        target=target,
        headers=headers,
        body=b"",
        principal=Principal(id="p"),
    )


def texts(case: Exchange) -> list[str]:
    return [segment.text for segment in read_head(case)]


def test_unknown_headers_are_read_with_their_ordinal() -> None:
    headers = (("host", "h"), ("x-team", "blue"), ("authorization", "own"), ("user-agent", "u/1"))
    segments = read_head(exchange(headers=headers))
    assert [(s.token, s.text, s.label, s.place) for s in segments] == [
        (1, "blue", "x-team", Place.HEADER),
        (3, "u/1", "user-agent", Place.HEADER),
    ]


@pytest.mark.parametrize("name", sorted(CREDENTIAL_HEADERS | PROTOCOL_HEADERS))
def test_credentials_and_protocol_are_not_read(name: str) -> None:
    assert texts(exchange(headers=((name, "value"),))) == []


@pytest.mark.parametrize(
    ("target", "host", "wanted"),
    [
        ("/v1/chat/completions", "h", []),
        ("/v1/models/my%20secret:generate", "h", ["my secret:generate"]),
        ("/a//b/", "h", ["a", "b"]),
        ("/v1/messages?beta=true&note=a+b%2Fc", "h", ["note", "a b/c"]),
        ("/p?x=a/b=c?d&y", "h", ["p", "x", "a/b=c?d", "y"]),
        ("/p?key=k1", "generativelanguage.googleapis.com", ["p"]),
        ("/p?key=k1", "example.org", ["p", "k1"]),
        ("/p?X-Amz-Signature=s&X-Amz-Date=d", "h", ["p", "X-Amz-Signature", "X-Amz-Date"]),
        ("*", "h", ["*"]),
        ("/?", "h", []),
    ],
)
def test_pieces_of_the_target(target: str, host: str, wanted: list[str]) -> None:
    assert texts(exchange(target, host=host)) == wanted


def test_the_name_of_a_parameter_is_the_label_of_its_value() -> None:
    assert [(s.text, s.label) for s in read_head(exchange("/?password=x%20y"))] == [
        ("password", ""),
        ("x y", "password"),
    ]


def test_edits_land_where_they_point() -> None:
    case = exchange("/v1/a%20b?n=1&n=x+y%21", headers=(("x-a", "one two"), ("x-b", "three")))
    by_text = {segment.text: segment for segment in read_head(case)}
    edits = [
        Edit(by_text["a b"].token, Span(0, 1), "[P]", Place.TARGET),
        Edit(by_text["x y!"].token, Span(2, 3), "é", Place.TARGET),
        Edit(by_text["one two"].token, Span(4, 7), "[Q]", Place.HEADER),
        Edit(by_text["one two"].token, Span(0, 1), "O", Place.HEADER),
    ]
    assert splice_head(case, edits) == (
        "/v1/%5BP%5D%20b?n=1&n=x+%C3%A9%21",
        (("x-a", "One [Q]"), ("x-b", "three")),
    )


@pytest.mark.parametrize(
    "edit",
    [
        Edit(0, Span(0, 1), "a\r\nx: y", Place.HEADER),
        Edit(0, Span(0, 9), "", Place.HEADER),
        Edit(7, Span(0, 1), "", Place.HEADER),
        Edit(7, Span(0, 1), "", Place.TARGET),
        Edit(0, Span(0, 1), "", Place.BODY),
    ],
)
def test_edits_that_cannot_be_are_an_error(edit: Edit) -> None:
    with pytest.raises(ValueError, match=r"edit|span"):
        splice_head(exchange(headers=(("x", "abc"),)), [edit])


@given(st.text(st.sampled_from("/?&=%+41a ;#é"), max_size=20), st.data())
def test_every_piece_can_be_replaced_alone(target: str, data: st.DataObject) -> None:
    case = exchange(target)
    assert splice_head(case, []) == (target, ())
    segments = read_head(case)
    if segments:
        segment = data.draw(st.sampled_from(segments))
        edit = Edit(segment.token, Span(0, len(segment.text)), "new", Place.TARGET)
        after = splice_head(case, [edit])[0]
        found = {s.token: s.text for s in read_head(exchange(after))}
        before = {s.token: s.text for s in segments}
        assert found == before | {segment.token: "new"}
