"""`excise policy explain|diff`: why a policy decides as it does, and what another would change."""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from excise.assemble import Engine, load_engine
from excise.audit.reader import find_exchange, find_records
from excise.cli.options import settings_of
from excise.config import Settings
from excise.detectors.asked import judge
from excise.errors import ConfigError
from excise.model import Direction, Part, Principal, Role, Segment
from excise.pipeline.company import GUESTS
from excise.pipeline.scene import signals_of
from excise.pipeline.weigh import find
from excise.policy.build import Policy
from excise.policy.explain import Detectors, Step, explain, plan
from excise.policy.replay import gaps, is_replayable, recall, replay
from excise.policy.situation import Situation

_PARTS: Final = {Role.ASSISTANT: Part.COMPLETION, Role.TOOL: Part.TOOL_RESULT}
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")  # as of the trail
_SHOWN: Final = 20  # changed exchanges that are named one by one


def add_parsers(verbs: Any, shared: Any) -> None:
    """Both verbs; `shared` gives a verb the options of every other."""
    told = verbs.add_parser("explain", help="how a text or an exchange of the trail is decided")
    told.add_argument("text", nargs="?", default="-", help="a text, an id of the trail, or -")
    told.add_argument("--plan", action="store_true", help="which detectors run, and why")
    told.add_argument("--direction", choices=list(Direction), default=Direction.REQUEST)
    told.add_argument("--role", choices=list(Role), default=Role.USER)
    told.add_argument("--model", default="", help="model to suppose")
    told.add_argument("--group", default="", help="group of the principal to suppose")
    told.add_argument("--user", default="", help="principal to suppose")
    told.add_argument("--audit", metavar="FILE", help="the trail to look ids up in")
    shared(told, _explain)
    other = verbs.add_parser("diff", help="what another policy would have decided on the trail")
    other.add_argument("old", metavar="OLD", help="a profile, by name or file")
    other.add_argument("new", metavar="NEW", help="the other")
    other.add_argument("--audit", metavar="FILE", help="the trail to replay")
    shared(other, _diff)


def _explain(args: argparse.Namespace) -> int:
    settings = settings_of(args)
    if args.plan:
        return _plan(settings)
    engine = _engine(settings.profile, args)
    known = settings.audit is not None and settings.audit.exists() and len(args.text) < 80
    records = find_exchange(settings.audit, args.text) if known else []
    if not records and _ID.fullmatch(args.text):
        raise ConfigError(
            "EXC-CFG-003", "no line of the trail has this id.", at=str(settings.audit),
            hint="A trail is named with --audit; a text that only looks like an id goes to "
            "standard input, with - in its place.",
        )  # fmt: skip
    for record in filter(is_replayable, records):
        print(f"{record['time']} {record['stage']}: {record.get('action')} (policy "
              f"{record.get('policy', '?')})")  # fmt: skip
        _print(explain(engine.policy, *recall(record)))
    if records:
        return 0
    text = sys.stdin.read() if args.text == "-" else args.text
    role, direction = Role(args.role), Direction(args.direction)
    segment = Segment(text, role, _PARTS.get(role, Part.PROMPT), 0)
    found = find(engine.scanner, [segment], direction, engine.policy.mild)
    situation = Situation(
        direction=direction,
        principal=Principal(id=args.user or "nobody", source="command-line", group=args.group),
        model=args.model,
        signals=signals_of(found.signals),
        size=len(text.encode("utf-8", "surrogatepass")),
    )
    return _print(explain(engine.policy, found.findings, situation))


def _plan(settings: Settings) -> int:
    # With the model of the operator's own: whether it is asked is what a plan tells.
    engine = load_engine(
        settings.profile,
        policies=settings.policies,
        state_dir=settings.state_dir,
        deep=settings.deep,
        deep_seconds=settings.deep_seconds,
        classifier=settings.classifier,
    )
    scanner = engine.scanner
    slow, absent = scanner.slow, scanner.absent - GUESTS
    if settings.judge:
        slow, absent = slow | (absent & judge.NAMES), absent - judge.NAMES
    known = Detectors(slow, settings.decision_seconds, absent)
    return _print(plan(engine.policy, known))


def _diff(args: argparse.Namespace) -> int:
    settings = settings_of(args)
    if settings.audit is None or not settings.audit.exists():
        raise ConfigError(
            "EXC-CFG-003", "there is no trail to replay.", at=str(settings.audit),
            hint="Name one with --audit.",
        )  # fmt: skip
    old, new = (_engine(name, args).policy for name in (args.old, args.new))
    _show_gaps((old, new))
    changes: Counter[tuple[str, str]] = Counter()
    total = 0
    for record in filter(is_replayable, find_records(settings.audit)):
        total += 1
        one, other = replay(old, record), replay(new, record)
        if (one.action, one.would) == (other.action, other.would):
            continue
        before, after = f"{one.action}/{one.would}", f"{other.action}/{other.would}"
        changes[before, after] += 1
        if changes.total() <= _SHOWN:
            by = sorted({r.clause for r in other.rulings} | {c.clause for c in other.clauses})
            why = f" by {', '.join(filter(None, by))}" if any(by) else ""
            print(f"{record.get('id', '?')} {record['stage']}: {before} → {after}{why}")
    for (before, after), count in changes.most_common():
        print(f"{count} × {before} → {after}")
    print(f"{total} decisions replayed (action/with shadow enforced), {changes.total()} differ")
    return 1 if changes else 0


def _show_gaps(policies: Iterable[Policy]) -> None:
    for policy in policies:
        known = gaps(policy)
        if known.untold:
            print(f"{policy.profile.name} reads what no line tells: {', '.join(known.untold)}")
        if known.in_part:
            print(f"{policy.profile.name} reads what lines tell of findings alone: "
                  f"{', '.join(known.in_part)}")  # fmt: skip


def _engine(profile: str, args: argparse.Namespace) -> Engine:
    settings = settings_of(args)
    return load_engine(profile, policies=settings.policies, state_dir=settings.state_dir)


def _print(steps: Iterable[Step]) -> int:
    for step in steps:
        print(f"{'  ' * step.depth}{step.about}: {step.said}")
    return 0
