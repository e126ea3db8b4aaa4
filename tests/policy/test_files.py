"""The schemas of profiles and limits say what the loader says."""

from __future__ import annotations

import jsonschema
import pytest
import yaml

from excise.errors import PolicyError
from excise.policy.files import build_limits_schema, build_profile_schema
from excise.policy.limits import NO_PRICES, parse_limits
from excise.policy.load import parse_profile
from excise.resources import policies_dir

SCHEMA = build_profile_schema()
PROFILES = sorted((policies_dir() / "profiles").glob("*.yaml"))
HEAD = (
    "profile: p\ntitle: P\npacks: [{pack: a}]\nuninspectable: {otherwise: alert}\non-fault: block\n"
)


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_shipped_profiles_fit_and_name_the_schema(path) -> None:  # type: ignore[no-untyped-def]
    text = path.read_text("utf-8")
    jsonschema.validate(yaml.safe_load(text), SCHEMA)
    assert text.startswith("# yaml-language-server: $schema=../schema/profile.json\n")


@pytest.mark.parametrize(
    "more",
    [
        "odd: 1\n",
        "level: yes\n",
        "sockets: sometimes\n",
        "clauses: [{id: c, when: {rulez: [a]}, then: block}]\n",
        "clauses: [{id: c, when: {rules: [a]}, then: bloc}]\n",
        "clauses: [{id: c, when: {rules: [a]}, then: block, percent: 101}]\n",
        "clauses: [{id: c, when: {kinds: [secrets]}, then: block}]\n",
        "cases: [{name: n}]\n",
    ],
)
def test_both_refuse_the_same_mistakes(more: str) -> None:
    jsonschema.validate(yaml.safe_load(HEAD), SCHEMA)
    parse_profile(HEAD, "p.yaml")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(HEAD + more), SCHEMA)
    with pytest.raises(PolicyError):
        parse_profile(HEAD + more, "p.yaml")


@pytest.mark.parametrize(
    "more",
    [
        "clauses: [{id: c, when: {rules: [a]}, then: redact, how: substitute, valid: true}]\n",
        "clauses: [{id: c, when: {rules: [a]}, then: block, override: {minutes: 5}}]\n",
        "clauses: [{id: c, if: 'turns > 1', then: limit, retry-after: 5}]\n",
        "clauses: [{id: c, if: 'turns > 1', then: steer, text: Be kind.}]\n",
    ],
)
def test_both_take_what_actions_read(more: str) -> None:
    jsonschema.validate(yaml.safe_load(HEAD + more), SCHEMA)
    parse_profile(HEAD + more, "p.yaml")


def test_only_what_extends_another_may_leave_out_the_rest() -> None:
    alone = {"profile": "p", "title": "P"}
    jsonschema.validate({**alone, "extends": "balanced"}, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(alone, SCHEMA)


LIMITS = build_limits_schema()


def test_the_shipped_limits_fit_and_name_the_schema() -> None:
    text = (policies_dir() / "limits.yaml").read_text("utf-8")
    jsonschema.validate(yaml.safe_load(text), LIMITS)
    assert text.startswith("# yaml-language-server: $schema=schema/limits.json\n")


@pytest.mark.parametrize(
    ("entry", "good"),
    [
        ("id: a, count: cost, at-most: 2.5, within: 30d, per: [key], when: {users: [x]}", True),
        ("id: a, count: context, at-most: 5, mode: shadow", True),
        ("id: a, count: requests, at-most: 1", False),
        ("id: a, count: context, at-most: 1, within: 1m", False),
        ("id: a, count: requests, at-most: 0, within: 1m", False),
        ("id: a, count: requests, at-most: 1, within: soon", False),
        ("id: A_b, count: requests, at-most: 1, within: 1m", False),
        ("id: a, count: requests, at-most: 1, within: 1m, warn-at: [120]", False),
        ("id: a, count: requests, at-most: 1, within: 1m, when: {host: [x]}", False),
    ],
)
def test_both_say_the_same_of_a_limit(entry: str, good: bool) -> None:
    text = f"limits: [{{{entry}}}]\n"
    assert jsonschema.Draft202012Validator(LIMITS).is_valid(yaml.safe_load(text)) is good
    if good:
        assert parse_limits(text, "l.yaml", NO_PRICES).every
    else:
        with pytest.raises(PolicyError):
            parse_limits(text, "l.yaml", NO_PRICES)
