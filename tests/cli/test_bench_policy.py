"""The policy that is measured has every sort of clause, and its figures are printed."""

import json

import pytest

from excise.cli.bench_policy import BARS, RULES, build_bench_policy, least, run


def test_the_measured_policy_is_no_toy() -> None:
    policy = build_bench_policy()
    assert len(policy.rules) == len(policy.clauses) == RULES
    assert len(policy.of_exchange) == 80
    assert len(policy.conditions.clean.clauses) == 40
    assert {"model", "tokens", "risk", "count", "principal.group"} <= policy.reads


def test_figures_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    run(rounds=1, as_json=True)
    assert set(json.loads(capsys.readouterr().out)) == set(BARS)
    run(rounds=1, as_json=False)
    assert "clean exchange" in capsys.readouterr().out


def test_the_least_of_several_rounds_counts() -> None:
    assert least(lambda: None, 2) >= 0
