"""Prefilters: the yardstick, and that the others find the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.samples import sample_rules

from excise.detectors.fallback import Literals
from excise.detectors.hyper import Hyper
from excise.detectors.pattern import PatternScanner
from excise.detectors.prefilter import Everything
from excise.model import Part, Role, Segment
from excise.resources import policies_dir
from excise.rules.compile import compile_rules
from excise.rules.examples import filled
from excise.rules.fillers import fill
from excise.rules.load import load_packs
from excise.rules.schema import RulePack

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


def shipped() -> tuple[RulePack, ...]:
    """The packs of this checkout."""
    packs = {}
    for head in sorted((policies_dir() / "packs").glob("*/pack.yaml")):
        paths = [*head.parent.glob("*.yaml"), *head.parent.glob("lists/*.txt")]
        packs[head.parent.name] = {
            str(path.relative_to(head.parent)): path.read_text("utf-8") for path in paths
        }
    return load_packs(packs)


@pytest.fixture(scope="module")
def packs() -> tuple[RulePack, ...]:
    """Loaded once; this takes about a second."""
    return shipped()


def test_prefilters_change_nothing_with_shipped_rules(packs: tuple[RulePack, ...]) -> None:
    """The same over every example of every shipped rule, in many scripts and neighbourhoods."""
    rules = [rule for pack in packs for rule in pack.rules]
    compiled = compile_rules(rules)
    texts = [filled(rule, example).text for rule in rules for example in rule.examples]
    fences = ["{}", "密钥{}后", "é {} ü", "a\n{}\nb"]
    segments = [
        Segment(fences[n % 4].format(text) if "{" not in text else text, Role.USER, Part.PROMPT, n)
        for n, text in enumerate(texts)
    ]
    plain = PatternScanner(compiled, Literals(compiled)).scan(segments)
    assert PatternScanner(compiled, Hyper(compiled)).scan(segments) == plain
    assert sum(map(len, plain)) > len(rules)


def test_shipped_rules_compile_as_they_are(packs: tuple[RulePack, ...]) -> None:
    """Hyperscan takes every lead of every shipped rule; none had to be widened or tried twice."""
    compiled = compile_rules(rule for pack in packs for rule in pack.rules)
    hyper = Hyper(compiled)
    assert hyper.widened == ()
    assert all(len(rule.shape.lead) < 4000 for rule in compiled)
