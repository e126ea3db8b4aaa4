"""`excise bench --policy`: what deciding costs, for 200 rules with their clauses."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Final

from excise.model import (
    Action,
    Direction,
    Finding,
    Kind,
    Part,
    Principal,
    Role,
    Segment,
    Severity,
    Span,
)
from excise.policy.build import Policy, build_policy
from excise.policy.decide import decide
from excise.policy.facts import RuleFacts
from excise.policy.load import parse_profile
from excise.policy.situation import Situation

RULES: Final = 200
FINDINGS: Final = 20
BARS: Final = {"clean": 100.0, "found": 1000.0}  # microseconds
_BATCH: Final = 200

_HEAD: Final = """\
profile: bench
title: Bench
level: 2
packs: [{pack: bench}]
uninspectable: {otherwise: alert}
on-fault: block
clauses:
"""
# One of each sort, in turn: of findings, of findings with an expression, of the exchange.
_SORTS: Final = (
    "when: {{rules: [bench.r{n}]}}, then: redact",
    "when: {{entities: [pii.e{n}]}}, if: 'count(\"pii.e{n}\") > 5', then: block",
    'if: \'model == "m{n}" && principal.group == "g{n}"\', then: block',
    "if: 'tokens > {n}000 && risk > {n}.0', then: alert",
    "when: {{rules: [bench.r{n}], groups: [g{n}]}}, then: block",
)


def build_bench_policy() -> Policy:
    """200 rules, and for each a clause of one of five sorts."""
    clauses = "".join(
        f"  - {{id: c{n}, {_SORTS[n % len(_SORTS)].format(n=n)}}}\n" for n in range(RULES)
    )
    text = _HEAD + clauses
    return build_policy(parse_profile(text, "bench"), map(_facts, range(RULES)), "bench", b"")


def run(*, rounds: int, as_json: bool) -> int:
    """Measure and print; exit status 1 where a bar is missed."""
    policy = build_bench_policy()
    here = Situation(
        direction=Direction.REQUEST, principal=Principal(id="u", group="g"), model="m", tokens=500
    )
    segment = Segment("", Role.USER, Part.PROMPT, 0)
    found = [(segment, [_finding(n) for n in range(FINDINGS)])]
    figures = {
        "clean": least(lambda: decide(policy, (), here), rounds),
        "found": least(lambda: decide(policy, found, here), rounds),
    }
    if as_json:
        print(json.dumps({name: round(each, 1) for name, each in figures.items()}))
    else:
        print(f"{RULES} rules, {RULES} clauses; least of {rounds} rounds")
        print(f"clean exchange: {figures['clean']:.1f} µs (bar {BARS['clean']:.0f})")
        print(f"{FINDINGS} findings: {figures['found']:.1f} µs (bar {BARS['found']:.0f})")
    return 0 if all(figures[name] <= bar for name, bar in BARS.items()) else 1


def least(work: Callable[[], object], rounds: int) -> float:
    """Microseconds of one call, the least of several rounds: neighbours only add."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(_BATCH):
            work()
        took.append((time.perf_counter() - began) / _BATCH * 1e6)
    return min(took)


def _facts(number: int) -> RuleFacts:
    return RuleFacts(
        id=f"bench.r{number}",
        pack="bench",
        entity=f"pii.e{number}",
        kind=Kind.PERSONAL,
        severity=Severity.HIGH,
        level=1,
        action=Action.REDACT,
        directions=frozenset(Direction),
        parts=frozenset(),
    )


def _finding(number: int) -> Finding:
    return Finding(
        f"pii.e{number}", f"bench.r{number}", Span(0, 0), 1.0, Severity.HIGH, Kind.PERSONAL
    )
