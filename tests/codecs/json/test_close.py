"""Broken-off JSON is brought to a valid end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.codecs.json.close import complete_json


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("", "{}"),
        (" \n", "{}"),
        ("{", "}"),
        ('{"', '":null}'),
        ('{"a"', ":null}"),
        ('{"a":', "null}"),
        ('{"a":"x', '"}'),
        ('{"a":"x\\', '\\"}'),
        ('{"a":"x\\\\', '"}'),
        ('{"a":"\\u00', '00"}'),
        ('{"a":"\\ud83d', '\\udc00"}'),
        ('{"a":"\\\\ud83d', '"}'),
        ('{"a":1,', '"":null}'),
        ('{"a":tru', "e}"),
        ('{"a":-', "0}"),
        ('{"a":1.', "0}"),
        ('{"a":12', "}"),
        ('{"a":[1,{"b":"c"', "}]}"),
        ("[1,", "null]"),
        ('{"a":1}', ""),
    ],
)
def test_the_end_of_each_state(text: str, suffix: str) -> None:
    assert complete_json(text) == suffix
    json.loads(text + suffix)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, st.booleans(), st.data())
def test_every_beginning_of_json_becomes_valid(
    value: Any, ascii_only: bool, data: st.DataObject
) -> None:
    written = json.dumps(value, ensure_ascii=ascii_only)
    cut = data.draw(st.integers(0, len(written)))
    ended = written[:cut] + complete_json(written[:cut])
    json.loads(ended)  # raises where it is not valid
    assert complete_json(written) == ""
