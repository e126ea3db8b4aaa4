"""Prefilters: the yardstick, and that the others find the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.samples import sample_rules

from excise.detectors.patterns.fallback import Literals
from excise.detectors.patterns.hyper import Hyper
from excise.detectors.patterns.prefilter import Everything
from excise.detectors.patterns.scan import PatternScanner
from excise.model import Part, Role, Segment
from excise.resources import policies_dir
from excise.rules.compile import compile_rules
from excise.rules.examples import filled
from excise.rules.fillers import fill
from excise.rules.load import load_pack

SAMPLES = compile_rules(sample_rules())
THREE = [PatternScanner(SAMPLES, kind(SAMPLES)) for kind in (Everything, Literals, Hyper)]

pieces = st.sampled_from(
    [
        fill("key-{alnum:16}", "1"),
        fill("key-{alnum:15}", "2"),
        fill("{pan:visa:4-4-4-4}", "3"),
        fill("{pan:amex}", "4"),
        fill("{alnum:12}", "5"),
        *("password", "PASSWORD: ", '"', "=", " ", "\n", "\\", "\\n", "card ", "Visa", "12", "-"),
        *("é", "密钥", "\ud83d", "\\u006b", "x" * 40),
    ]
)
texts = st.lists(pieces, max_size=14).map("".join)
segments = st.lists(
    st.builds(
        lambda text, label: Segment(text, Role.USER, Part.PROMPT, 0, label=label),
        texts,
        st.sampled_from(["", "password", "card", "x"]),
    ),
    max_size=5,
)


@settings(deadline=None)
@given(segments=segments)
def test_prefilters_change_nothing(segments: list[Segment]) -> None:
    """Hyperscan, literals and no prefilter at all: the same findings in any message."""
    everything, literals, hyper = (scanner.scan(segments) for scanner in THREE)
    assert hyper == everything
    assert literals == everything


NAMES = sorted(head.parent.name for head in (policies_dir() / "packs").glob("*/pack.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_prefilters_change_nothing_with_shipped_rules(name: str) -> None:
    """The same over every example of a pack, in several scripts and neighbourhoods; and Hyperscan
    takes every rule as it is, none had to be widened."""
    folder = policies_dir() / "packs" / name
    paths = [*folder.glob("*.yaml"), *folder.glob("lists/*.txt")]
    pack = load_pack(name, {str(path.relative_to(folder)): path.read_text() for path in paths})
    compiled = compile_rules(rule for rule in pack.rules if rule.asked is None)
    texts = [filled(rule, example).text for rule in pack.rules for example in rule.examples]
    fences = [("", ""), ("密钥", "后"), ("é ", " ü"), ("a\n", "\nb")]
    segments = [
        Segment(fences[n % 4][0] + text + fences[n % 4][1], Role.USER, Part.PROMPT, n)
        for n, text in enumerate(texts)
    ]
    segments += [
        Segment(filled(rule, example).text, Role.USER, Part.PROMPT, 0, label=word.strip("*"))
        for rule in pack.rules
        if rule.match.context
        for example, word in zip(rule.examples, rule.match.context.words, strict=False)
    ]
    hyper = Hyper(compiled)
    plain = PatternScanner(compiled, Literals(compiled)).scan(segments)
    assert PatternScanner(compiled, hyper).scan(segments) == plain
    assert not compiled or sum(map(len, plain)) > len(compiled)
    assert hyper.widened == ()
