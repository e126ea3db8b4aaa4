"""Known values are found as they are and as they are encoded, and an index tells nothing."""

import base64
import codecs
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.base import Glance
from excise.detectors.own.known import Known, KnownIndex, build_known, forms_of, is_fit
from excise.model import Part, Role, Segment
from excise.text.rolling import PIECE

KEY = bytes(range(32))
VALUE = "corrept-Horse/7 Zü"
OTHER = "second-value-99"
KNOWN = Known(
    [
        KnownIndex.from_bytes(build_known(values, KEY).to_bytes())
        for values in ([VALUE, "short"], [], [OTHER])
    ],
    KEY,
)


def seen(text: str, known: Known = KNOWN) -> list[str]:
    """The text of each sight."""
    (sights,) = known.find([Glance(Segment(text, Role.USER, Part.PROMPT, 0))])
    return [text[s.span.start : s.span.end] for s in sights]


FORMS = {
    "plain": VALUE,
    "url": quote(VALUE, safe=""),
    "json": json.dumps(VALUE)[1:-1],
    "hex": VALUE.encode().hex(),
    "HEX": VALUE.encode().hex().upper(),
    "backwards": VALUE[::-1],
    "rot13": codecs.encode(VALUE, "rot13"),
}


@pytest.mark.parametrize("form", FORMS)
def test_it_is_found_in_every_form(form: str) -> None:
    """With exactly its own characters, also between letters."""
    assert seen(f"a{FORMS[form]}b {OTHER}") == [FORMS[form], OTHER]


@pytest.mark.parametrize("lead", range(4))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_of_something_around_it(lead: int, encode: object) -> None:
    """Whatever stands before and behind it in what was encoded."""
    packed = encode(b"x" * lead + VALUE.encode() + b" and more").decode()  # type: ignore[operator]
    (found,) = seen(packed)
    assert len(found) * 6 // 8 >= len(VALUE.encode()) - 2


@pytest.mark.parametrize("lead", range(6))
@pytest.mark.parametrize(
    ("encode", "size"), [(base64.b32encode, 5), (base64.b85encode, 4), (base64.a85encode, 4)]
)
def test_groups_of_something_around_it(
    lead: int, encode: Callable[[bytes], bytes], size: int
) -> None:
    """Base32 and base85: all groups that hold nothing else."""
    (found,) = seen(encode(b"x" * lead + VALUE.encode() + b" and more").decode())
    whole = (len(VALUE.encode()) - (-lead % size)) // size
    assert len(found) == whole * (8 if size == 5 else 5)


@given(before=st.text(max_size=20), after=st.text(max_size=20))
def test_what_stands_around_does_not_matter(before: str, after: str) -> None:
    """No border of a word is asked for."""
    assert VALUE in seen(before + VALUE + after)


@given(st.text(max_size=80))
def test_nothing_else_is_found(text: str) -> None:
    """A text without it is clean."""
    if not any(form in text for value in (VALUE, OTHER) for form in forms_of(value)):
        assert seen(text) == []


def test_the_seams_of_long_texts_hide_nothing() -> None:
    """Wherever the piece ends that is hashed at once."""
    for shift in range(0, 40, 3):
        assert seen("a" * (PIECE - shift) + VALUE + "b" * 30) == [VALUE]


@pytest.mark.parametrize(
    ("value", "fit"),
    [
        (VALUE, True),
        ("hunter2!", True),
        ("hunter2", False),
        ("production", False),
        ("1234567890", False),
        ("/usr/local/bin", False),
        ("aaaa1111", False),
        ("x1" * 3000, False),
    ],
)
def test_only_what_can_be_told_from_text_is_kept(value: str, fit: bool) -> None:
    """Words, numbers and paths stand in environments, too."""
    assert is_fit(value) is fit


def test_the_index_holds_no_value_and_needs_its_key() -> None:
    """Only digests."""
    index = build_known([VALUE], KEY)
    assert b"Horse" not in index.to_bytes()
    assert seen(VALUE, Known([index], bytes(32))) == []
    assert seen(VALUE, Known([build_known([], KEY)], KEY)) == []


@pytest.mark.parametrize("data", [b"", b"no index", b"PK\x03\x04"])
def test_other_bytes_are_no_index(data: bytes) -> None:
    """Whatever they are."""
    with pytest.raises(ValueError):
        KnownIndex.from_bytes(data)
