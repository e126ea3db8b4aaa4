"""What is read off the syntax tree of a pattern is true of its matches."""

import re

import pytest

from excise.rules.lead import spell
from excise.rules.tree import (
    BEYOND,
    DialectError,
    bounded,
    children,
    first_characters,
    last_characters,
    mask_of,
    members_beyond,
    parse,
    width_of,
)


@pytest.mark.parametrize(
    ("regex", "widths"),
    [
        ("", (0, 0)),
        ("ab", (2, 2)),
        (r"a?\b[bc]{2,5}", (2, 6)),
        ("(?:a|bcd)(e)", (2, 4)),
        ("^.$", (1, 1)),
    ],
)
def test_widths(regex: str, widths: tuple[int, int]) -> None:
    """The fewest and the most characters."""
    assert width_of(parse(regex)[0]) == widths


CLASSES = [
    "a",
    "[^a]",
    "[a-c]",
    r"\d",
    r"\D",
    r"\w",
    r"\W",
    r"\s",
    r"\S",
    ".",
    "[^\\W_]",
    "[é-ü]",
    "é",
]


@pytest.mark.parametrize("regex", CLASSES)
def test_masks_are_what_re_matches(regex: str) -> None:
    """Of each ASCII character, and of some beyond."""
    (node,) = parse(regex)[0]
    mask = mask_of(node)
    for code in range(128):
        assert bool(mask >> code & 1) == bool(re.fullmatch(regex, chr(code), re.ASCII)), chr(code)
    if any(re.fullmatch(regex, char, re.ASCII) for char in "éñ文"):
        assert mask & BEYOND


def test_names_of_groups() -> None:
    """With their numbers; faults become the dialect's."""
    assert parse("(a)(?P<x>b)")[1] == {"x": 2}
    with pytest.raises(DialectError, match="inline flags"):
        parse("(?i)a")
    with pytest.raises(DialectError, match="not a regular expression"):
        parse("(")


def test_children_are_what_is_inside() -> None:
    """Of groups, repeats and branches; nothing else has any."""
    nodes = parse("(a)b{2}(?:cd|ef)g")[0]
    assert [len(children(node)) for node in nodes] == [1, 1, 2, 0]


TEXTS = ("ab12", "ab12 ", "ab12 y", "ab", "ac", "éé", "ééa", "é!", "x", "")


@pytest.mark.parametrize(
    "regex", [r"ab[0-9]{2}(?: [x-z]?)?", r"[^\n]{2}", r"a(?:b|c\b)", r"[é]{2}a?"]
)
def test_last_characters_are_all_there_can_be(regex: str) -> None:
    """A text that the pattern matches ends with one of them."""
    mask = last_characters(regex)
    for text in TEXTS:
        if re.fullmatch(regex, text, re.ASCII):
            assert mask & (1 << ord(text[-1]) if text[-1] < "\x80" else BEYOND)


@pytest.mark.parametrize("regex", [r"(?:x|a)[bc]?1*", r"\bé{0,2}a?b", "(?:|a)x"])
def test_first_characters_are_all_there_can_be(regex: str) -> None:
    """A text that the pattern matches begins with one of them, or may be empty."""
    mask, empty = first_characters(parse(regex)[0])
    for text in TEXTS:
        match = re.match(regex, text, re.ASCII)
        if match and match[0]:
            assert mask & (1 << ord(text[0]) if text[0] < "\x80" else BEYOND)
        elif match:
            assert empty


@pytest.mark.parametrize(
    ("regex", "same"),
    [
        (r"a+", r"a{1,9}"),
        (r"(?:a*|b{12,})c", r"(?:a{0,9}|b{12,12})c"),
        (r"(?<=x)(a)b(?!\w)", r"(a)b"),
        (r"a{2,3}", r"a{2,3}"),
    ],
)
def test_missing_bounds_are_set(regex: str, same: str) -> None:
    """And look-around goes."""
    assert spell(bounded(parse(regex)[0], 9)) == spell(parse(same)[0])


@pytest.mark.parametrize(
    ("regex", "members"),
    [
        ("[a-z]", ""),
        ("[a-zéß]", "éß"),
        ("[à-ã0-9]", "àáâã"),
        ("[\\dé]", "é"),
        ("é", "é"),
        ("[^é]", None),
        ("[\\Wé]", None),
        ("[\u0100-\uffff]", None),  # too many
        (".", None),
    ],
)
def test_members_beyond_ascii(regex: str, members: str | None) -> None:
    """Those a class names; None where it admits nearly all."""
    (node,) = parse(regex)[0]
    found = members_beyond(node)
    assert (None if found is None else "".join(map(chr, found))) == members
