"""Hits become spans: hits narrow the search and never change what is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules.samples import CARD, KEY, files

from excise.detectors.patterns import confirm
from excise.detectors.patterns.confirm import _windows, find_spans, is_genuine
from excise.detectors.patterns.work import Work
from excise.model import Span
from excise.rules.compile import CompiledRule, compile_rule
from excise.rules.fillers import fill
from excise.rules.load import load_pack

TOKEN = fill("key-{alnum:16}", "a")
CARD_NUMBER = fill("{pan:visa}", "a")


def rule(text: str = KEY, **changes: str) -> CompiledRule:
    """One rule of the samples, with some lines changed."""
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    return compile_rule(load_pack("sample", files(rule=text)).rules[0])


def with_excuse(excuse: str) -> CompiledRule:
    """The key's rule with another excuse."""
    return rule(excuse=("- use: manuals", f"- {{{excuse}, because: So.}}"))


def spans(of: CompiledRule, text: str, label: str = "") -> list[Span]:
    """What is found without any hits to go by."""
    return list(find_spans(of, text, None, label=label))


@pytest.mark.parametrize(
    ("excuse", "text", "excused"),
    [
        ("value: 'zz$'", f"{TOKEN[:-2]}zz", True),
        ("value: 'zz$'", f"{TOKEN} zz", False),
        ("value: 'ZZ$', ignore_case: true", f"{TOKEN[:-2]}zz", True),
        ("line: 'sample'", f"sample\n{TOKEN}", False),
        ("line: 'sample'", f"{TOKEN} of a sample", True),
        ("line: 'sample'", f"{TOKEN}{' ' * 500}sample", False),
        ("before: 'not $'", f"not {TOKEN}", True),
        ("before: 'not', within: 5", f"not so much {TOKEN}", False),
        ("after: '^ is public'", f"{TOKEN} is public", True),
        ("after: 'public', within: 4", f"{TOKEN} is public", False),
    ],
)
def test_excuses(excuse: str, text: str, excused: bool) -> None:
    """Each looks where it says, and no further."""
    assert (spans(with_excuse(excuse), text) == []) is excused


def test_a_label_stands_before_the_text() -> None:
    """For excuses and for context."""
    labelled = with_excuse("before: 'public_key'")
    assert spans(labelled, TOKEN) and not spans(labelled, TOKEN, label="public_key")
    assert not spans(rule(CARD), CARD_NUMBER)
    assert spans(rule(CARD), CARD_NUMBER, label="cardNumber card")


def test_entropy_and_checks_drop() -> None:
    """A floor on the entropy; every named check."""
    plain = "key-" + "ab" * 8
    assert spans(rule(), plain)
    floor = rule(floor=("regex:", "min_entropy: 3.0\n      regex:"))
    assert not spans(floor, plain) and spans(floor, TOKEN)
    mixed = rule(check=("regex:", "checks: [mixed]\n      regex:"))
    assert not spans(mixed, plain) and spans(mixed, TOKEN)


def test_a_dropped_match_does_not_hide_the_next() -> None:
    """The search goes on one character behind the start of what was dropped."""
    text = f"card 12 {CARD_NUMBER}"
    assert spans(rule(CARD), text) == [Span(8, 24)]


def test_context_has_an_end() -> None:
    """A word beyond the distance does not count."""
    assert spans(rule(CARD), f"card{' ' * 30}{CARD_NUMBER}")
    assert not spans(rule(CARD), f"card{' ' * 50}{CARD_NUMBER}")


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        (f"discard{' ' * 36}{CARD_NUMBER}", False),  # also where the word begins at the distance
        (f"card{CARD_NUMBER}", True),
        (f"{CARD_NUMBER} card", False),
    ],
)
def test_what_is_next_to_a_word_of_context_counts(text: str, stands: bool) -> None:
    """A letter in front of it does, even one that is farther away than context counts."""
    assert bool(spans(rule(CARD), text)) is stands


def test_context_behind() -> None:
    """A word that ends within the distance behind the span."""
    behind = rule(CARD, place=("before: 40", "before: 0, after: 6"))
    found = [bool(spans(behind, CARD_NUMBER + text)) for text in (" card", "   card", " cards")]
    assert found == [True, False, False]
    assert [bool(spans(behind, f"card {CARD_NUMBER}"))] == [False]


def test_without_context_nothing_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks may cost a hundred times as much."""
    asked = []
    monkeypatch.setattr(confirm, "CHECKS", {"pan": lambda value: asked.append(value) or True})
    assert not spans(rule(CARD), CARD_NUMBER) and not asked
    assert spans(rule(CARD), f"card {CARD_NUMBER}") and asked == [CARD_NUMBER]


def test_matches_start_before_the_limit() -> None:
    """For the head of a labelled text."""
    text = f"{TOKEN} {TOKEN}"
    assert list(find_spans(rule(), text, None, limit=5)) == [Span(0, 20)]
    assert list(find_spans(rule(), text, [16, 37], limit=5)) == [Span(0, 20)]


def test_genuine_is_what_is_left() -> None:
    """The judgement on one span."""
    assert is_genuine(rule(), TOKEN, Span(0, 20))
    assert not is_genuine(rule(), "key-EXAMPLE123456789", Span(0, 20))


class Counted:
    """A pattern that counts how often it is tried."""

    def __init__(self, of: CompiledRule) -> None:
        self.inner, self.tried = of.regex, 0
        vars(of)["regex"] = self  # where the compiled pattern is kept once it was needed

    def match(self, *args: object) -> object:
        self.tried += 1
        return self.inner.match(*args)  # type: ignore[call-overload]


BLOCK = KEY.replace("key-[0-9A-Za-z]{16}\\b", "begin[ -w]{1,2000}close").replace(
    "    why:", "    hold: 'begin[ -w]{0,2000}'\n    why:"
)


@pytest.mark.parametrize("tail", ["", "close"])
def test_beginnings_without_an_end_are_not_tried(tail: str) -> None:
    """What every match needs is looked for once, not from each beginning to its farthest end."""
    block = rule(BLOCK)
    counted = Counted(block)
    text = " begin" * 2000 + tail
    ends = [at + block.lead_least for at in range(1, 12_000, 6)]
    found = list(find_spans(block, text, ends))
    near = 2000 // 6 + 1
    assert len(found) == len(tail[:1])
    assert counted.tried <= confirm._PATIENCE + 2 * len(found)
    assert not tail or found[0].start >= 12_000 - 6 * near


def test_a_pattern_is_tried_where_it_may_start() -> None:
    """Once at each such place, however many hits there are."""
    key = rule(KEY.replace("key-", "(?:my){0,1}key-").replace("{16}", "{16,900}:"))
    counted = Counted(key)
    text = f"{TOKEN} " * 100
    assert list(find_spans(key, text, range(16, len(text)))) == []
    assert counted.tried == 100


GAPS = KEY.replace("{16}\\b", "{2}[a-c_-]{0,70}x[a-z-]{0,60}[0-9]y")


@given(
    st.lists(
        st.sampled_from(["key-ab", "key-", "x", "x1y", "x--", "a", "_", "b" * 30]), max_size=30
    )
)
def test_looking_ahead_changes_nothing(words: list[str]) -> None:
    """Whatever stands between beginnings and ends."""
    gaps, text = rule(GAPS), "".join(words)
    found = spans(gaps, text)
    assert len(gaps.needs) >= 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(confirm, "_PATIENCE", 1)
        assert spans(gaps, text) == found
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(confirm, "_PATIENCE", 10**6)
        assert spans(gaps, text) == found


def test_a_value_that_comes_again_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first that was dropped on; what stands around it is judged each time."""
    asked = []
    monkeypatch.setattr(confirm, "CHECKS", {"pan": lambda value: asked.append(value)})
    assert not spans(rule(CARD), f"card {CARD_NUMBER} " * 50)
    assert len(asked) == 2


def test_work_ends_what_comes_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings cost nothing; once it is used up the rule is left, and says so."""
    monkeypatch.setattr("excise.detectors.patterns.work._LEAST", 1000)
    work = Work(0)
    assert len(list(find_spans(rule(), f"{TOKEN} " * 1000, None, work=work))) == 1000
    assert not work.exhausted
    text = f"{'key-EXAMPLE123456789 ' * 1000}{TOKEN}"
    assert list(find_spans(rule(), text, None, work=work)) == []
    assert work.exhausted


WIDE = KEY.replace("{16}\\b", "{4}[a-c-]{0,900}x")  # so wide that starts are tried one by one
pieces = st.sampled_from([TOKEN, TOKEN[:-1], "key-", "x", " ", "-", "é", "key-abcd", "a" * 30])


@pytest.mark.parametrize("text", [KEY, WIDE])
@given(words=st.lists(pieces, max_size=12), extra=st.lists(st.integers(0, 300), max_size=5))
def test_hits_change_nothing(text: str, words: list[str], extra: list[int]) -> None:
    """True hits, with any number of false ones among them, give what the whole search gives."""
    compiled = rule(text)
    joined = "".join(words)
    least = compiled.lead_least
    found = [m.start() + least for m in compiled.regex.finditer(joined)]
    every = [at + least for at in range(len(joined)) if compiled.regex.match(joined, at)]
    assert compiled.lead_width >= least >= 8 and set(found) <= set(every)
    hits = sorted({*every, *(at for at in extra if at <= len(joined))})
    assert list(find_spans(compiled, joined, hits)) == spans(compiled, joined)


def test_hits_side_by_side_are_searched_in_one_go() -> None:
    """A hit at each character costs no search for each, and finds what the whole search finds."""
    compiled = rule(CARD)
    text = f"{'9' * 4000} {CARD_NUMBER} {'9' * 4000}"
    hits = range(len(text) + 1)
    windows = list(_windows(compiled, len(text), len(text), hits))
    assert len(windows) <= len(text) / 256 + 1
    assert list(find_spans(compiled, text, hits)) == spans(compiled, text)
