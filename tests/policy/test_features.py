"""What was found is summed up, and the sums keep their laws."""

from hypothesis import given
from hypothesis import strategies as st
from policy.samples import RULES, found

from excise.model import Finding
from excise.policy.features import NOTHING, Features, Heard, describe, sum_up
from excise.policy.fields import RECORD

BY_ID = {each.id: each for each in RULES}


def summed(*rules: str) -> Features:
    segment, findings = found(*rules)
    return sum_up(Heard(segment, each, BY_ID[each.rule]) for each in findings)


def test_counts_and_scores_go_by_entity_and_by_family() -> None:
    features = summed("pii.email", "pii.email", "pii.phone", "secret.key")
    assert [features.count(name) for name in ("pii.email", "pii.*", "*", "pii.none")] == [
        2,
        3,
        4,
        0,
    ]
    assert (features.max_score("pii.*"), features.max_score("unsafe.*")) == (1.0, 0.0)
    assert [each["count"] for each in features.findings] == [2, 1, 1]


def test_the_anomaly_score_adds_rules_by_layer() -> None:
    """High 1 (unweighted samples), low 2, critical 5; the lab rule reads meanings."""
    features = summed("pii.email", "pii.phone", "secret.key", "lab.idea")
    assert dict(features.layers) == {"lexical": 8.0, "meaning": 1.0}
    assert features.risk == 9.0
    assert NOTHING.risk == 0


def test_a_record_has_the_documented_keys() -> None:
    assert set(describe(found("pii.email")[1][0])) == set(RECORD)


@given(st.lists(st.sampled_from(sorted(BY_ID)), max_size=12))
def test_saying_it_more_often_weighs_no_more(rules: list[str]) -> None:
    """The score depends on which rules fired; counts add up."""
    assert summed(*rules).risk == summed(*dict.fromkeys(rules)).risk
    assert summed(*rules).count("*") == len(rules)


@given(st.lists(st.sampled_from(sorted(BY_ID)), max_size=8), st.sampled_from(sorted(BY_ID)))
def test_another_finding_never_lowers_the_score(rules: list[str], more: str) -> None:
    assert summed(*rules, more).risk >= summed(*rules).risk


def test_a_weak_finding_weighs_less() -> None:
    segment, (finding,) = found("secret.key")
    weak = Finding(*finding[:3], 0.5, *finding[4:])
    assert sum_up([Heard(segment, weak, BY_ID["secret.key"])]).risk == 2.5
