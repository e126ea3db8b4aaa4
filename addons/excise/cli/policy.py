"""`excise policy`: what packs and profiles say, whether they are well formed, whether they hold."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from excise.assemble import Engine, load_engine
from excise.cli.options import settings_of
from excise.detectors.build import build_plain_scanner, build_proof_scanner
from excise.detectors.merge import merge
from excise.rules.examples import check_pack


def add_parser(subparsers: Any) -> None:
    """`excise policy list|lint|test`."""
    parser = subparsers.add_parser("policy", help="packs and profiles")
    verbs = parser.add_subparsers(dest="verb", metavar="list|lint|test", required=True)
    for name, summary, func in (
        ("list", "the packs of a profile and their rules", _list),
        ("lint", "read a profile and its packs strictly; run the profile's own cases", _lint),
        ("test", "lint, then run every rule's own examples", _test),
    ):
        verb = verbs.add_parser(name, help=summary)
        verb.add_argument("--profile", metavar="NAME|FILE", help="default balanced")
        verb.add_argument("--policies", type=Path, metavar="DIR", help="packs of your own")
        verb.add_argument("--state-dir", type=Path, metavar="DIR", help="keys and caches")
        verb.set_defaults(func=func)


def _engine(args: argparse.Namespace) -> Engine:
    settings = settings_of(args)
    return load_engine(settings.profile, policies=settings.policies, state_dir=settings.state_dir)


def _list(args: argparse.Namespace) -> int:
    engine = _engine(args)
    profile = engine.policy.profile
    table = Table(title=f"{profile.name}: {profile.title}", title_justify="left")
    for column in ("rule", "entity", "action", "severity", "level", "mode"):
        table.add_column(column, overflow="fold")
    for facts in sorted(engine.policy.rules.values(), key=lambda each: each.id):
        mode = engine.policy.modes[facts.pack]
        table.add_row(facts.id, facts.entity, facts.action, facts.severity, str(facts.level), mode)
    Console().print(table)
    return 0


def _lint(args: argparse.Namespace) -> int:
    engine = _engine(args)
    counts = Counter(facts.pack for facts in engine.policy.rules.values())
    packs = ", ".join(f"{pack} {count}" for pack, count in sorted(counts.items()))
    print(f"{engine.policy.profile.name}: {packs} rules; digest {engine.policy.digest}")
    return 0


def _test(args: argparse.Namespace) -> int:
    _lint(args)
    failed = 0
    for pack in _engine(args).packs:
        faults = check_pack(pack, alone=build_plain_scanner, whole=build_proof_scanner, merge=merge)
        examples = sum(len(rule.examples) for rule in pack.rules)
        failed += len(faults)
        for fault in faults:
            print(fault)
        print(f"{pack.name}: {examples} examples of {len(pack.rules)} rules, {len(faults)} failed")
    return 1 if failed else 0
