"""The schema of profiles says what the loader says."""

from __future__ import annotations

import jsonschema
import pytest
import yaml

from excise.errors import PolicyError
from excise.policy.files import build_profile_schema
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
