"""The runner: every promise of a rule is held to, and every broken one is reported."""

import pytest
from rules.samples import CARD, KEY, PACK, PASSWORD, files, sample_pack

from excise.detectors.build import build_plain_scanner
from excise.detectors.patterns.merge import merge
from excise.model import Span
from excise.rules.examples import check_pack, filled, json_escape
from excise.rules.load import load_pack


def faults(**topics: str) -> list[str]:
    """What the runner says of the sample pack with these topics."""
    pack = load_pack("sample", files(**topics))
    return check_pack(pack, alone=build_plain_scanner, whole=build_plain_scanner, merge=merge)


def test_the_sample_pack_holds() -> None:
    """Nothing to say about three sound rules together."""
    assert faults(key=KEY, password=PASSWORD, card=CARD) == []


BROKEN = [
    # the marked span is not what the rule finds
    (KEY, "<<key-{alnum:16}>> here", "key-<<{alnum:16}>> here", "wanted 8-24, found 4-24"),
    # a negative that is found
    (KEY, "the key-{alnum:15} here", "the key-{alnum:16} here", "wanted nothing, found 4-24"),
    # a positive that is not
    (KEY, "<<key-{alnum:16}>> here", "<<kex-{alnum:16}>> here", "wanted 4-24, found nothing"),
    # negatives of which none is near the pattern
    (KEY, "the key-{alnum:15} here", "nothing at all", "no negative example is a near miss"),
    # an excuse no example needs
    (KEY, "key-EXAMPLE{alnum:9}", "key-EXEMPLE{alnum:8}", "no negative example needs this excuse"),
    (KEY, "- use: manuals", "- {value: QQ, because: So.}", "needs this excuse (So.)"),
    # a known gap that is none any more
    (
        KEY,
        "- name: two of them",
        "- name: extra\n        text: '<<key-{alnum:16}>>'\n        someday: match\n"
        "      - name: two of them",
        "take the `someday` away",
    ),
    (KEY, "{alnum:16}>> here", "{alnun:16}>> here", "cannot make {alnun:16}"),
    # a stream lets go what a hold pattern fails to keep
    (CARD, "hold: '(?:[0-9][ -]{0,1}){1,19}'", "hold: '(?:[0-9]{4}-){2}'", "is let go"),
]


@pytest.mark.parametrize(("text", "old", "new", "words"), BROKEN)
def test_broken_promises_are_reported(text: str, old: str, new: str, words: str) -> None:
    """Each with rule and place."""
    assert old in text
    found = faults(key=text.replace(old, new, 1))
    assert any(words in each for each in found), found
    assert all("packs/sample/" in each for each in found)


def test_all_failures_are_reported() -> None:
    """Not only the first."""
    text = KEY.replace("<<key-{alnum:16}>> here", "<<kex-{alnum:16}>> here")
    text = text.replace("the key-{alnum:15} here", "the key-{alnum:16} here")
    assert sum("wanted" in each for each in faults(key=text)) == 2


def test_other_rules_must_be_declared() -> None:
    """What else speaks in an example stands in its `also`."""
    other = KEY.replace("sample.key", "sample.other").replace("{16}", "{16,20}")
    found = faults(key=KEY, other=other)
    assert any("sample.other speak here" in each for each in found)
    declared = KEY.replace('"the <<', '"the <<').replace(
        "- name: in a sentence", "- also: [sample.other]\n        name: in a sentence"
    )
    found = faults(key=declared, other=other)
    assert not any("in a sentence" in each and "sample.other speak" in each for each in found)


def test_a_known_gap_may_stay_one() -> None:
    """An example that fails today and says so is no fault."""
    gap = (
        "- name: spaced out\n        text: '<<k e y - {alnum:16}>>'\n        someday: match\n"
        "      - name: two of them"
    )
    assert faults(key=KEY.replace("- name: two of them", gap)) == []


def test_marks_become_spans() -> None:
    """Marks are taken out, spans count without them."""
    rule = sample_pack().rules[1]
    each = filled(rule, rule.examples[1])
    assert "<<" not in each.text and each.spans == {Span(0, 20), Span(21, 41)}


def test_no_report_shows_a_value() -> None:
    """Reports carry places and positions, never text."""
    (rule,) = load_pack("sample", files(key=KEY)).rules
    value = filled(rule, rule.examples[0]).text[4:24]
    broken = KEY.replace("<<key-{alnum:16}>> here", "key-<<{alnum:16}>> here")
    assert value not in "\n".join(faults(key=broken))


def test_json_escape_moves_spans() -> None:
    """Escapes widen, and spans follow."""
    text, spans = json_escape('a\n"b/c', [Span(3, 6)])
    assert text == 'a\\n\\"\\u0062\\/c' and spans == {Span(5, 14)}


def test_the_pack_head_serves_as_default() -> None:
    """The samples rely on the head's `survives`; without it nothing is disguised."""
    assert "survives: [json_escape]" in PACK
    assert all(rule.survives == ("json_escape",) for rule in sample_pack().rules)
