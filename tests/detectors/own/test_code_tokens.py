"""What a copy may change is not read; everything else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_code_samples import ALL, renamed

from excise.detectors.own.code_tokens import KEYWORDS, Code, read_code, read_words


def exact(text: str) -> list[str]:
    row = read_code(text).exact
    return [text[a:b] for a, b in zip(row.starts.tolist(), row.ends.tolist(), strict=True)]


def hashes(text: str) -> tuple[bytes, bytes]:
    code = read_code(text)
    return code.exact.hashes.tobytes(), code.blind.hashes.tobytes()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("foo_bar = $x1+3", ["foo_bar", "=", "$x1", "+", "3"]),
        ("x = 1  # why", ["x", "=", "1"]),
        ("# one\n## two\n#-- three\nls", ["ls"]),
        ("#!/bin/sh", ["#", "!", "/", "bin", "/", "sh"]),
        ("#include <a>", ["#", "include", "<", "a", ">"]),
        ("a = '#fff'; b", ["a", "=", "'", "#", "fff", "'", ";", "b"]),
        ('s = " # no comment"', ["s", "=", '"', "#", "no", "comment", '"']),
        ("f(); // gone\nhttp://x", ["f", "(", ")", ";", "http", ":", "/", "/", "x"]),
        ("a /* b\n c */ d", ["a", "d"]),
        ("a /* b", ["a", "/", "*", "b"]),
        (" * text\nx", ["x"]),
        ("*p = 1", ["*", "p", "=", "1"]),
        ("-- gone\nSELECT 1 -- gone too", ["SELECT", "1"]),
        ("; lisp\n% tex\nx;", ["x", ";"]),
        ("+a = 1\n-b\n> c\n 12| d\n  7\te\n 3→f", list("a=1bcdef")),
        ("12px", ["px"]),
        ("it's don't", ["it", "'", "s", "don", "'", "t"]),
        ("", []),
        ("\n\r\n", []),
        ("+++", []),
    ],
)
def test_a_text_is_cut_as_written_here(text: str, tokens: list[str]) -> None:
    assert exact(text) == tokens


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a = b + 1", "x = y + 22", True),
        ("a = 'one two'", 'zz = "three"', True),
        ("a = 'x'", "a = x", False),
        ("if a: return b", "if c: return d", True),
        ("if a: return b", "while a: return b", False),
        ("f('it', \"it's\")", "g('x', \"y\")", True),
        ("a[0]", "a(0)", False),
        (r"s = 'a\'b' + c", "s = 'x' + d", True),
    ],
)
def test_the_blind_row_is_blind_to_names_and_literals_alone(
    one: str, other: str, same: bool
) -> None:
    assert (hashes(one)[1] == hashes(other)[1]) is same
    assert hashes(one)[0] != hashes(other)[0]


def test_the_order_of_pieces_of_a_name_counts() -> None:
    assert hashes("foo_bar")[0] != hashes("bar_foo")[0]
    assert hashes("a_b")[0] != hashes("ab")[0]


@pytest.mark.parametrize("text", ALL.values(), ids=ALL)
def test_a_renaming_leaves_the_blind_row_as_it_was(text: str) -> None:
    changed = renamed(text)
    assert hashes(changed)[1] == hashes(text)[1]
    assert hashes(changed)[0] != hashes(text)[0]


def test_keywords_stand_once_each() -> None:
    words = KEYWORDS.split()
    assert len(set(words)) == len(words) == read_words(KEYWORDS).row.hashes.size


def test_words_keep_everything_but_blanks() -> None:
    text = "+ import com.acme # x"
    row = read_words(text).row
    cut = [text[a:b] for a, b in zip(row.starts.tolist(), row.ends.tolist(), strict=True)]
    assert cut == ["+", "import", "com", ".", "acme", "#", "x"]


def check(code: Code, text: str) -> None:
    """Offsets are in order and within the text; lines cover it."""
    for row in (code.exact, code.blind):
        assert row.starts.size == row.ends.size == row.hashes.size
        assert (row.starts < row.ends).all()
        assert (row.starts[1:] >= row.ends[:-1]).all()
    assert code.line_starts.size == code.line_ends.size
    assert (code.line_starts <= code.line_ends).all()
    assert code.line_starts[0] == 0 and code.line_ends[-1] == len(text)


MARKS = st.text(alphabet="ab1_ \t\n\r\"'`#/*-+>|:;%\\{}()=→é\ud800")


@given(text=st.one_of(st.text(), MARKS))
def test_any_text_can_be_read(text: str) -> None:
    check(read_code(text), text)
    assert hashes(text) == hashes(text)
    read_words(text)


@given(text=MARKS, front=st.sampled_from(["", "  ", "\t", "+", "> ", "12 ", " 3| "]))
def test_what_stands_in_front_of_every_line_changes_nothing(text: str, front: str) -> None:
    # A front can turn what follows into another front or comment only where it is glued to it.
    plain = "\n".join("x" + line for line in text.splitlines())
    fronted = "\n".join(front + line for line in plain.split("\n"))
    if front not in ("12 ",):
        assert hashes(fronted) == hashes(plain)


@given(text=MARKS)
def test_line_ends_and_empty_lines_change_nothing(text: str) -> None:
    lines = text.splitlines()
    assert hashes("\r\n\r\n".join(lines)) == hashes("\n".join(lines))
