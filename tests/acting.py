"""A firewall whose profile says what is done about planted secrets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from planted import planted_policy
from policy.samples import policy
from walled import firewall

from excise.enforce.substitute import Substitutes
from excise.pipeline.firewall import Firewall

HEAD = """\
profile: acting
title: Acts as told
level: 1
packs: [{pack: test}]
uninspectable: {otherwise: alert}
on-fault: block
"""


def wall(clauses: str, **changes: Any) -> Firewall:
    """The planted rules under these clauses, as YAML list items."""
    rules = [replace(rule, action=rule.action) for rule in planted_policy().rules.values()]
    made = policy(clauses, rules, HEAD)
    return firewall(policy=made, substitutes=Substitutes(b"s" * 32), **changes)


def clause(then: str, **said: Any) -> str:
    """One clause about `test.secret`, as a YAML list item."""
    more = "".join(f", {key.replace('_', '-')}: {value}" for key, value in said.items())
    return f"  - {{id: said, when: {{rules: [test.secret]}}, then: {then}{more}}}\n"
