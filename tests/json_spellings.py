"""JSON documents spelt in every way the grammar allows, for law tests."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st

_SHORT = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f"}
_SHORT |= {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

texts = st.text(
    st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from('"\\/\n\té語🗂\u2028{}[]:,'),
        st.characters(categories=["Cs"]),
    ),
    max_size=12,
)
numbers = st.one_of(
    st.sampled_from(["0", "-1", "1.50", "4111111111111111", "1e5", "-0.000001", "12345", "123456"]),
    st.integers(-(10**20), 10**20).map(str),
)


class Number(str):
    """A number by its spelling."""


class Members(list[tuple[str, Any]]):
    """An object by its members, in which keys may repeat."""


documents = st.recursive(
    st.one_of(texts, numbers.map(Number), st.none(), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(st.tuples(texts, inner), max_size=4).map(Members),
    ),
    max_leaves=12,
)


def spell(value: Any, rng: random.Random) -> str:
    """One of the many texts that mean this value."""
    gap = rng.choice(["", "", " ", "\n\t"])
    if isinstance(value, Number) or value is None or isinstance(value, bool):
        word = {None: "null", True: "true", False: "false"}.get(value, value)
        return f"{gap}{word}{gap}"
    if isinstance(value, str):
        return f'{gap}"{"".join(_spell_char(char, rng) for char in value)}"{gap}'
    if isinstance(value, Members):
        inner = ",".join(f"{spell(key, rng)}:{spell(item, rng)}" for key, item in value)
        return f"{gap}{{{inner or gap}}}{gap}"
    return f"{gap}[{','.join(spell(item, rng) for item in value)}]{gap}"


def _spell_char(char: str, rng: random.Random) -> str:
    way = rng.randrange(3)
    if char in _SHORT and way:
        return _SHORT[char]
    if way == 2 or char < " " or char in '"\\' or "\ud800" <= char <= "\udfff":
        units = char.encode("utf-16-be", "surrogatepass").hex()
        spelt = "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
        return spelt if rng.randrange(2) else spelt.upper().replace("\\U", "\\u")
    return char


def strings_of(value: Any) -> list[str]:
    """Keys, strings and long numbers of a document, in order."""
    if isinstance(value, Number):
        return [str(value)] if len(value) >= 6 else []
    if isinstance(value, str):
        return [value]
    if isinstance(value, Members):
        return [text for key, item in value for text in (key, *strings_of(item))]
    return [text for item in value for text in strings_of(item)] if isinstance(value, list) else []


def joined(text: str) -> str:
    """Text with surrogates that met in an edit made one, as any JSON reader does."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
