"""The prefilter by literals."""

from rules.samples import KEY, files, sample_rules

from excise.detectors.patterns.fallback import Literals
from excise.rules.compile import compile_rules
from excise.rules.load import load_pack


def test_literals_rule_out_what_cannot_match() -> None:
    """Only rules of which a literal stands in the text, in any case, remain."""
    found = Literals(compile_rules(sample_rules())).hits(["nothing", "KEY-1", "a password 1"])
    card, key, password = 0, 1, 2
    assert key in found[1] and password not in found[1]
    assert password in found[2] and key not in found[2]
    assert 0 not in found
    assert Literals(compile_rules(sample_rules())).hits(
        ["1", "CARD 1", "1"], ["", "", "a card"]
    ) == {
        1: {card: None},
        2: {card: None},
    }


def test_a_rule_without_literals_is_always_looked_for() -> None:
    """Too much may be said, never too little."""
    text = KEY.replace("key-[0-9", "[0-9")
    (rule,) = compile_rules(load_pack("sample", files(key=text)).rules)
    assert rule.literals == ()
    assert Literals([rule]).hits(["x"]) == {0: {0: None}}
