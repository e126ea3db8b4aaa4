"""Compiled rules know what the scanners need of them."""

import pytest
from rules.samples import CARD, KEY, files, sample_rules

from excise.errors import PolicyError
from excise.rules import compile as subject
from excise.rules.compile import compile_rule, compile_rules, derived_from, recall
from excise.rules.load import load_pack


def test_widths_and_literals() -> None:
    """Taken from the pattern itself."""
    card, key, password = compile_rules(sample_rules())
    assert key.shape.width == 20 and key.literals == ("key-",) and key.group == 0
    assert password.group == "secret" and password.shape.span_width == 40
    assert password.literals == ("password",) and password.shape.lead_any_case
    assert card.context is not None and card.hold is not None and card.hold.reach == 38


@pytest.mark.parametrize(
    ("start", "telling"),
    [
        ("key-", ()),
        ("machine[a-z]{1,9}:(?:login|user)-[a-z]{1,9}", (("login-", "user-"),)),
        ("machine[a-z]{1,9}[0-9][a-z]{1,9}", (tuple("0123456789"),)),
        ("machine[a-z]{1,9}[:=][a-z]{1,9}", ()),  # common, and short
    ],
)
def test_what_tells_of_a_match_stands_behind_its_beginning(
    start: str, telling: tuple[tuple[str, ...], ...]
) -> None:
    """Words, and digits, of which a match holds one."""
    (rule,) = load_pack("sample", files(key=KEY.replace("key-", start))).rules
    assert tuple(tuple(word.lstrip(":") for word in row) for row in compile_rule(rule).telling) == (
        telling
    )


def test_reach_counts_context_and_excuses() -> None:
    """What decides about a match may stand in front of it."""
    card, key, _ = compile_rules(sample_rules())
    assert card.reach == card.shape.width + 41
    assert key.reach == key.shape.width
    text = KEY.replace("- use: manuals", "- {before: 'not', within: 70, because: So.}")
    (rule,) = load_pack("sample", files(key=text)).rules
    assert compile_rule(rule).reach == 90


@pytest.mark.parametrize(
    ("word", "text", "found"),
    [
        ("card", "a card", True),
        ("card", "CARD_NO", True),
        ("card", "cardinal", False),
        ("card*", "cardinal", True),
        ("card*", "discard", False),
        ("*card", "discard", True),
        ("card*", "karte", False),
        ("carné", "CARNÉ 1", True),
        ("carné", "carne 1", False),
    ],
)
def test_context_words_do_not_sit_inside_others(word: str, text: str, found: bool) -> None:
    """Save where a star opens an end."""
    source = CARD.replace("[card, visa*]", f"['{word}']")
    (rule,) = load_pack("sample", files(card=source)).rules
    context = compile_rule(rule).context
    assert context is not None and bool(context.search(text)) is found


def test_weak_rules_go_by_their_context() -> None:
    """A run of digits is too common; a rule with a word of its own keeps to that."""
    card, key, password = compile_rules(sample_rules())
    assert card.by_context and card.words == ("card", "visa")
    assert [lead.beyond for lead in card.leads] == [True, False]
    assert card.lead_width == card.shape.width + 40 and card.lead_shift == 40
    for own in (key, password):
        assert not own.by_context and own.leads[0].pattern == own.shape.lead
        assert own.lead_width == own.shape.lead_width and own.lead_shift == 0
    worded = CARD.replace("(?P<pan>", "number (?P<pan>")
    (rule,) = load_pack("sample", files(card=worded)).rules
    assert rule.match.context and not compile_rule(rule).by_context


def test_what_was_derived_is_known_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same comes out, and nothing is derived or checked twice."""
    rules = sample_rules()
    first = compile_rules(rules)
    kept = derived_from(rules)
    monkeypatch.setattr(subject, "_derived", {})
    monkeypatch.setattr(subject, "shape", None)
    compile_rule.cache_clear()
    assert recall(kept)
    for again, before in zip(compile_rules(rules), first, strict=True):
        assert again is not before
        assert (again.shape, again.literals) == (before.shape, before.literals)
        assert (again.hold is None) == (before.hold is None)
        if again.hold and before.hold:
            assert vars(again.hold) == {key: vars(before.hold)[key] for key in vars(again.hold)}
    assert derived_from(rules) == kept
    compile_rule.cache_clear()


def test_other_content_is_another_rule() -> None:
    """Whatever was checked or derived from belongs to the name under which it is kept."""
    changes = [
        ("{16}", "{17}"),
        ("use: manuals", "{value: 'x', because: So.}"),
        ("    why:", "    hold: 'k'\n    why:"),
        ("      regex:", "      ignore_case: true\n      regex:"),
    ]
    texts = [KEY] + [KEY.replace(old, new) for old, new in changes]
    rules = [load_pack("sample", files(key=text)).rules[0] for text in texts]
    assert len({subject._content(rule) for rule in rules}) == len(texts)


@pytest.mark.parametrize(
    "kept", [b"", b"[]", b'{"a": 1}', b'{"a": [1, 2, 3]}', b"\xff", b'{"a": [{}]}']
)
def test_what_cannot_be_read_is_derived_anew(kept: bytes) -> None:
    """A damaged file is no fault."""
    assert not recall(kept)


def test_patterns_are_compiled_when_they_are_needed() -> None:
    """Not with the rules: most of them never see a hit."""
    compile_rule.cache_clear()
    key = compile_rules(sample_rules())[1]
    assert "regex" not in vars(key)
    assert key.regex.pattern == key.rule.match.regex and "regex" in vars(key)


def test_a_fault_names_rule_and_place() -> None:
    """A pattern is part of a file, so the error says which."""
    with pytest.raises(PolicyError, match=r"key\.yaml:2: sample\.key: look-around"):
        load_pack("sample", files(key=KEY.replace(r"\bkey-", "(?<!a)key-")))
