"""Leads: short, in bytes, and true of every match."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.rules.dialect import shape
from excise.rules.lead import (
    cases,
    fewest_digits,
    find_lead,
    find_pieces,
    is_weak,
    most_bytes,
    spell,
    spell_context,
    spell_entry,
    spell_word,
    strings,
)
from excise.rules.tree import DialectError, parse


@pytest.mark.parametrize(
    ("regex", "lead"),
    [
        (r"key-[a-z]{4}", r"key-[a-z]{4}"),
        (r"key-[a-z]{4,60}", r"key-[a-z]{4}"),  # how it goes on is left to `re`
        (r"key-[a-z]{40}", r"key-[a-z]{12}"),  # more would select no better
        (r"key(?:-[a-z]{3}){9}", r"key(?:-[a-z]{3}){4}"),
        (r"key(?:[,]? [a-z]{3,8}){9}", r"key(?:[,]? [a-z]{3,8}){3}[,]? [a-z]{3}"),
        (r"key[^\n]{0,200}end", r"key"),
        (r"a[^\n]{0,200}end", r"a[^\n]{0,200}end"),  # too little stands in front of the gap
        (r"(?:key|token)(?: [a-z]{3})?", r"(?:key|token)"),
        (r"(?:key[^\n]{0,99}x|token)y", r"(?:key|token)"),
        (r"\bkey\b", r"\bkey\b"),
        (r"(?:^|[^a-z])key[0-9]", r"key[0-9]"),  # nearly any character selects nothing
        (r"(?:^|[^0-9])[0-9]{4}", r"(?:^|[^0-9])[0-9]{4}"),  # but here it is all there is
        (r"\b[A-Za-z0-9]{1,40}@[a-z]", r"[0-9A-Za-z]@[a-z]"),  # a run through every word
        (r"\b[A-Za-z0-9]{6}@[a-z]", r"\b[A-Za-z0-9]{6}@[a-z]"),  # which one of six is not
        (r"\b[A-Za-z0-9]{1,40}[a-z]{3}", r"\b[A-Za-z0-9]{1,40}[a-z]{3}"),  # nor one without end
    ],
)
def test_leads_are_cut(regex: str, lead: str) -> None:
    """Where enough stands in front, behind enough characters, and before an open end."""
    assert spell(find_lead(parse(regex)[0])[0]) == spell(parse(lead)[0])


@pytest.mark.parametrize(
    ("regex", "text", "may_match"),
    [
        ("[A-ZÁá-é][a-zá-é]{2,9},", "Ábc,", True),
        ("[A-ZÁá-é][a-zá-é]{2,9},", "\u0430\u0431\u0432\u0433,", False),  # Cyrillic
        ("[ÁČ][áč]{2}", "\u5929\u5730\u7384", False),
        ("[ÁČ][áč]{2}", "Áčá", True),
        ("[^a-z]{3}x", "\u5929\u5730\u7384x", True),  # a class that does not count by name
    ],
)
def test_a_class_of_letters_takes_no_other_script(regex: str, text: str, may_match: bool) -> None:
    """Neither over bytes nor over characters, though over bytes it may take a neighbour."""
    nodes = parse(regex)[0]
    raw = spell(nodes).encode()
    assert bool(re.search(raw, text.encode())) is may_match
    assert bool(re.search(spell_entry(nodes), text)) is may_match


def test_large_leads_are_cut_shorter() -> None:
    """Twenty branches of forty characters are more than is compiled well among many others."""
    branches = [f"{chr(97 + n)}b[0-9]{{40}}" for n in range(20)]
    short = spell(find_lead(parse(f"(?:{'|'.join(branches[:3])})")[0])[0])
    long = spell(find_lead(parse(f"(?:{'|'.join(branches)})")[0])[0])
    assert "{14,14}" in short and "{6,6}" in long


def test_no_lead_is_cut_to_nothing() -> None:
    """A long word that may be absent in front of a short one is not what is left."""
    words = "|".join(f"{chr(97 + n)}partment" for n in range(26))
    found = find_lead(parse(f"(?:{words}|)[0-9]{{1,3}} (?:[a-z]{{1,60}}) street")[0])
    assert found.least >= 2


@pytest.mark.parametrize(
    ("regex", "pieces"),
    [
        (r"key-[a-z]{4}", []),
        (r"key[^\n]{0,200}end", ["end"]),
        (r"key[^\n]{0,200}e", []),  # says too little
        (r"key[^\n]{0,200}(?P<secret>end[a-z]{2,40})z", ["end[a-z]{2}"]),
        (r"key(?:[^\n]{0,200}x)?end", ["end"]),
        (r"key[^\n]{0,200}(?:end|stop)[^\n]{9,90}", ["(?:end|stop)[^\n]{9}"]),
        (r"key[^\n]{3,90}end[a-z]{0,90}[0-9]{2}", ["end", "[0-9]{2}"]),
    ],
)
def test_pieces_stand_behind_wide_parts(regex: str, pieces: list[str]) -> None:
    """With as much of a wide part as must be there."""
    found = [spell(piece) for piece in find_pieces(parse(regex)[0])]
    assert found == [spell(parse(piece)[0]) for piece in pieces]


@pytest.mark.parametrize(
    ("regex", "words", "weak"),
    [
        (r"\b[0-9]{9}\b", ["1", "2"], True),
        (r"\b[0-9]{9}key", ["key"], False),
        (r"ab[0-9a-z]", ["ab"], True),
        (r"abc[0-9]", [], False),
    ],
)
def test_weak_is_what_has_no_word(regex: str, words: list[str], weak: bool) -> None:
    """Of three characters, in the lead or behind it."""
    assert is_weak(words, find_lead(parse(regex)[0])[0]) is weak


@pytest.mark.parametrize(
    ("word", "yes", "no"),
    [
        ("card", [" card ", "1card-", "écardé"], ["xcard ", " cards"]),
        ("card*", [" card", " cards"], ["xcard"]),
        ("*card", ["card ", "xcard "], ["cards"]),
        ("größe", [" größe ", " GRÖẞE ".replace("ẞ", "ß")], [" grosse "]),
        ("여권", [" 여권 "], [" 여 "]),
    ],
)
def test_words_of_context_in_bytes(word: str, yes: list[str], no: list[str]) -> None:
    """Between what is no letter, save at open ends; in either case beyond ASCII, too."""
    spelled = re.compile(spell_context(word).encode(), re.IGNORECASE)
    assert all(spelled.search(text.encode()) for text in yes)
    assert not any(spelled.search(text.encode()) for text in no)


def test_cases_are_single_characters() -> None:
    """What is two characters in the other case stays as it is."""
    assert [cases(each) for each in "aéß文"] == [["a"], ["É", "é"], ["ß"], ["文"]]


@pytest.mark.parametrize("word", ["abc", "a-b", "é", "文\n"])
def test_words_are_spelled_in_bytes(word: str) -> None:
    """So that one engine reads every script."""
    assert re.fullmatch(spell_word(word).encode(), word.encode())


def test_a_wide_class_is_up_to_four_bytes() -> None:
    """Wider than the pattern, never narrower."""
    lead = re.compile(spell(parse("[^a]{2}.")[0]).encode())
    assert all(lead.fullmatch(text.encode()) for text in ("bcd", "éfg", "文é\U0001f511"))


def test_without_a_start_to_go_by_literals_serve() -> None:
    """A rare word behind a common class is the better thing to look for."""
    found = shape(r"[a-z]{16,40} end of the key", widest=99)
    assert found.lead == spell_word(" end of the key") and found.lead_any_case
    assert found.lead_width == found.width and found.lead_least == len(" end of the key")


PIECES = ["ab", "[ab]", "[^a]", "(?:ab|b)", "a{1,3}", "[ab]{2,30}", "(?:a-){1,2}", ".", "é", "[é]"]
regexes = st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join)


@given(regex=regexes, text=st.text("ab-é\n", max_size=60))
def test_what_is_derived_is_true_of_every_match(regex: str, text: str) -> None:
    """Width, literals, and a lead that ends in the match, so far behind its start as is said."""
    try:
        found = shape(regex, widest=20_000)
    except DialectError:
        return
    lead = re.compile(found.lead.encode(), re.MULTILINE)
    entry = re.compile(found.entry, re.ASCII | re.MULTILINE)
    for match in re.finditer(regex, text, re.ASCII | re.MULTILINE):
        assert len(match[0]) <= found.width
        assert all(any(one in match[0].lower() for one in each) for each in found.literals)
        entered = entry.match(text, match.start())
        assert entered and len(entered[0]) <= found.entry_width
        raw = match[0].encode()
        ends = [
            len(raw[:end].decode("utf-8", "ignore"))
            for start in range(len(raw))
            for end in range(start, len(raw) + 1)
            if lead.fullmatch(raw, start, end)
        ]
        assert any(found.lead_least <= end <= found.lead_width for end in ends)


@pytest.mark.parametrize(
    ("regex", "digits", "most"),
    [
        (r"\b[0-9]{3}-[0-9]{2,4}", 5, 8),
        (r"(?:[0-9]{3}|[A-Z])x?", 0, 4),
        (r"(?:[1-4]-){3}[\u00e0-\u00ff]", 3, 10),
    ],
)
def test_digits_and_bytes_are_counted(regex: str, digits: int, most: int) -> None:
    """Those that every match has, and those that none has more of."""
    nodes = parse(regex)[0]
    assert (fewest_digits(nodes), most_bytes(nodes)) == (digits, most)


@pytest.mark.parametrize(
    ("regex", "found"),
    [
        (r"\b(?:Key|api[ -]key)s?", {"key", "keys", "api key", "api keys", "api-key", "api-keys"}),
        (r"(?:\b|[_.])cl\u00e9", {"cl\u00e9", "_cl\u00e9", ".cl\u00e9"}),
        (r"(?:ab){1,2}c", {"abc", "ababc"}),
        (r"[A-Z0-9]{3}", set()),  # too many
        (r"a[^b]", set()),
    ],
)
def test_strings_are_all_that_matches(regex: str, found: set[str]) -> None:
    """In lower case; none where they are many."""
    assert set(strings(parse(regex)[0])) == found
