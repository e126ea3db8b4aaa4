"""Hyperscan: positions in characters, kept databases, threads, patterns it cannot run."""

import threading
from dataclasses import replace
from unittest import mock

import hyperscan
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules.samples import KEY as KEY_RULE
from rules.samples import files, sample_rules

from excise.detectors.patterns import hyper as subject
from excise.detectors.patterns.hyper import Hyper, fingerprint, restore
from excise.detectors.patterns.prefilter import Everything
from excise.detectors.patterns.scan import PatternScanner
from excise.model import Part, Role, Segment
from excise.rules.compile import CompiledRule, compile_rules
from excise.rules.fillers import fill
from excise.rules.load import load_pack
from excise.text.spoken import speak

RULES = compile_rules(sample_rules())
TOKEN = fill("key-{alnum:16}", "a")
CARD, KEY = 0, 1
WIDTH = RULES[CARD].shape.width


@pytest.mark.parametrize("before", ["", "é", "密钥 ", "\U0001f511 ", "\ud83d ", "a\n"])
def test_positions_count_characters(before: str) -> None:
    """Whatever stands in front, in this text or in those before it."""
    hits = Hyper(RULES).hits(["üü", before + TOKEN, "ß"])
    (end,) = hits[1][KEY] or ()
    assert end - RULES[KEY].shape.lead_width <= len(before) < end <= len(before) + len(TOKEN)
    assert set(hits) == {1}


@pytest.mark.parametrize("around", ["", "so it is. ", "é ü 漢字 "])
def test_what_lies_behind_is_told_for_every_place(around: str) -> None:
    """Hits that are left out because of where one asks from change no answer."""
    card = fill("{pan:visa}", "b")
    apart = " ".join(card[at : at + 4] for at in (0, 4, 8, 12))
    text = f"{around}my card {card} and my visa {apart} {around}, so"
    piece = Segment(text, Role.ASSISTANT, Part.COMPLETION, 0)
    quick, sure = PatternScanner(RULES, Hyper(RULES)), PatternScanner(RULES, Everything(RULES))
    told = [quick.rests(piece, done) for done in range(len(text))]
    assert told == [sure.rests(piece, done) for done in range(len(text))]
    assert told[-1] and not told[0]


def test_a_text_edge_is_an_edge() -> None:
    """Joined texts do not run into each other: \\b, ^ and $ hold at their ends."""
    hits = Hyper(RULES).hits(["x", TOKEN, "x"])
    assert KEY in hits[1]


def test_a_kept_database_finds_the_same() -> None:
    """Serialised and restored."""
    made = Hyper(RULES)
    kept = restore(RULES, made.serialize())
    assert kept is not None and kept.hits([TOKEN]) == made.hits([TOKEN]) != {}


def test_a_damaged_database_is_not_used() -> None:
    """Cut short or foreign bytes: made anew by the caller."""
    raw = Hyper(RULES).serialize()
    assert restore(RULES, raw[: len(raw) // 2]) is None
    assert restore(RULES, b"\nnonsense") is None


def test_the_fingerprint_follows_the_patterns() -> None:
    """Other patterns, another name; the same patterns, the same name."""
    assert fingerprint(RULES) == fingerprint(compile_rules(sample_rules()))
    assert fingerprint(RULES) != fingerprint(RULES[1:])


def test_no_rules_find_nothing() -> None:
    """An empty database is none."""
    assert Hyper([]).hits(["\0" * 100]) == {}


def test_threads_do_not_share_scratch() -> None:
    """Many at once find what one finds alone."""
    shared = Hyper(RULES)
    texts = [f"{TOKEN} {'x' * 2000}"] * 20
    alone, results = shared.hits(texts), []

    def work() -> None:
        results.extend(shared.hits(texts) for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [alone] * 80


@pytest.mark.parametrize("before", ["", "é", "_", "a card;"])
@pytest.mark.parametrize("behind", ["", "é", "密", "1", "_"])
@pytest.mark.parametrize("word", ["card", "CARD", "Visa"])
def test_words_of_context_say_where_to_look(before: str, behind: str, word: str) -> None:
    """As far behind them as they count, in characters."""
    text = before + word + behind
    hits = Hyper(RULES).hits(["é", text + " " * 60, text])
    at = len(before + word)
    assert hits[1][CARD] is not None and hits[1][CARD][-1] == at + 40
    assert hits[2][CARD] is not None and hits[2][CARD][-1] == len(text)
    assert RULES[CARD].lead_width == WIDTH + 40 and RULES[CARD].lead_shift == 40
    assert 0 not in hits


@pytest.mark.parametrize("text", ["discard", "cardinal", "4111 1111", "card" + "a"])
def test_longer_words_say_nothing(text: str) -> None:
    """Nor do digits alone."""
    assert Hyper(RULES).hits([text]) == {}


def test_a_word_of_context_in_the_label_counts_everywhere() -> None:
    """In the text that has this label; words of rules that go by their own form do not."""
    hits = Hyper(RULES).hits(["1", "2", "3", TOKEN], ["my card", "", "discard", "password: card"])
    assert {index: dict(rules) for index, rules in hits.items() if index < 3} == {0: {CARD: None}}
    assert hits[3][CARD] is None and hits[3][KEY] is not None and set(hits[3]) == {CARD, KEY}


def test_what_several_rules_look_for_is_compiled_once() -> None:
    """And each of them hears of it."""
    twice = Hyper([*RULES, *RULES])
    assert len(subject.expressions((*RULES, *RULES))) == len(subject.expressions(RULES))
    (hits,) = twice.hits([TOKEN]).values()
    assert hits.keys() == {KEY, KEY + len(RULES)}


def test_rules_without_literals_are_compiled_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few at a time; kept, restored and found as before."""
    digits = [
        compile_rules(load_pack("sample", files(key=KEY_RULE.replace("key-", start))).rules)[0]
        for start in ("[0-9]{2}", "[0-9]{3}", "(?:[0-9]-){4}", "[0-9]{4}", "[0-9]{7}")
    ]
    rules = [*RULES, *digits]
    whole = Hyper(rules)
    monkeypatch.setattr(subject, "_TOGETHER", 2)
    groups = subject._groups(subject.expressions(tuple(rules)))
    own = len(subject.expressions(RULES))
    weak = sum(each.weak for each in subject.expressions(RULES))
    assert [group.digits for group in groups] == [0, 6, 4, *(0 for _ in groups[3:])]
    assert sum(len(group.numbers) for group in groups) == own + 5
    assert len(groups[0].numbers) == own - weak and len(groups[-1].numbers) <= 2
    apart = Hyper(rules)
    kept = restore(rules, apart.serialize())
    text = [f"{TOKEN} 12345678901234567890123", "4111"]
    assert kept is not None and kept.hits(text) == apart.hits(text) == whole.hits(text) != {}
    assert fingerprint(rules) != fingerprint(RULES)
    assert restore(RULES, apart.serialize()) is None


def large(rule: CompiledRule, **shape: object) -> CompiledRule:
    """The rule with a lead that Hyperscan refuses."""
    return replace(rule, shape=replace(rule.shape, lead="(?:[ab]{900}|x){900}", **shape))


def test_a_refused_pattern_is_widened(monkeypatch: pytest.MonkeyPatch) -> None:
    """To its literals, which say only in which text to look."""
    rules = [RULES[0], large(RULES[KEY])]
    monkeypatch.setattr(hyperscan, "HS_FLAG_PREFILTER", 0)
    made = Hyper(rules)
    assert made.widened == (KEY,)
    assert made.hits([TOKEN])[0][KEY] is None
    kept = restore(rules, made.serialize())
    assert kept is not None and kept.hits([TOKEN])[0][KEY] is None


def test_a_pattern_without_any_form_is_an_error() -> None:
    """Named by its rule, at start, not at the first request."""
    rule = replace(large(RULES[KEY]), literals=())
    original = subject.hyperscan.HS_FLAG_PREFILTER
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hyperscan, "HS_FLAG_PREFILTER", 0)
        with pytest.raises(ValueError, match=r"sample\.key"):
            Hyper([rule])
    assert original == hyperscan.HS_FLAG_PREFILTER


WORDED = Hyper(RULES)
WORDS = st.sampled_from(
    ["one", "TWO,", "F\u00fcnf", "DREI\u1e9eIG", "x-", "12", "\u00e9x", "\u2003"]
)


@given(st.lists(WORDS), st.sampled_from(" -\n"))
def test_where_number_words_end_is_not_missed(words: list[str], gap: str) -> None:
    """Whatever stands between them; a few ends more do no harm."""
    text = gap.join(words)
    told, alone = speak(text, WORDED.numbers(text)), speak(text)
    assert (told and told.text) == (alone and alone.text)
    assert {*WORDED.numbers("one zw\u00f6lf; \u00e9 ZWEI")} >= {3, 10, 17}


DENSE_RULES = compile_rules(
    load_pack("sample", files(key=KEY_RULE.replace("key-[0-9A-Za-z]{16}", regex))).rules[0]
    for regex in ("[0-9]{3}[-.][0-9]{4}", "[0-9.]{0,60}-[0-9]{4}", "[a-z]?[0-9]{6}")
)
DENSE = Hyper(DENSE_RULES)
with mock.patch.object(subject, "_DIGITS", ()):
    WHOLE = Hyper(DENSE_RULES)


@given(st.lists(st.sampled_from(["1", "23", "456-", "-", " ", "a", "\u00e9", "4111 ", "x" * 90])))
def test_what_needs_digits_is_found_around_them(pieces: list[str]) -> None:
    """As if the whole text had been read."""
    text = "".join(pieces)
    assert {group.digits for group in DENSE._groups} == {4, 6}
    found, all_of_it = DENSE.hits([text, "", text]), WHOLE.hits([text, "", text])
    # At the edge of what is read, an anchor may hold that does not hold in the text.
    assert {
        (index, rule, end)
        for index, rules in all_of_it.items()
        for rule, ends in rules.items()
        for end in ends or ()
    } <= {
        (index, rule, end)
        for index, rules in found.items()
        for rule, ends in rules.items()
        for end in ends or ()
    }
