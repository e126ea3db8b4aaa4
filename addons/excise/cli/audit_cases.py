"""`excise audit cases`: reviewed verdicts as regression cases, and whether a policy holds them."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from excise.audit.cases import Case, build_cases, parse_cases, record_of, render_cases
from excise.audit.review import FILE, read_reviews
from excise.cli.audit_export import open_output
from excise.cli.options import settings_of
from excise.errors import ConfigError
from excise.model import Action, Direction, Part, Role, Segment

if TYPE_CHECKING:
    from excise.assemble import Engine

_MILD: Final = Action.LOG.rank  # a false alarm may be noted, and no more


def add_cases(commands: Any) -> None:
    """The command and its options."""
    verb = commands.add_parser("cases", help="reviewed verdicts as regression cases")
    verb.add_argument("--check", type=Path, metavar="FILE", help="run cases that were written")
    verb.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="where to write; default: here"
    )
    verb.add_argument("--profile", metavar="NAME|FILE", help="default balanced")
    verb.add_argument("--policies", type=Path, metavar="DIR", help="packs of your own")
    verb.add_argument("--state-dir", type=Path, metavar="DIR", help="where verdicts are")
    verb.set_defaults(func=run_cases)


def run_cases(args: argparse.Namespace) -> int:
    """Write cases, or run some; exit status 1 where one does not hold."""
    # Loaded only here: what else reads the trail needs no detectors.
    from excise.assemble import load_engine

    settings = settings_of(args)
    cases = _read(args.check) if args.check else []
    engine = load_engine(settings.profile, policies=settings.policies, state_dir=settings.state_dir)
    if not args.check:
        reviews = read_reviews(settings.state_dir / FILE)
        with open_output(args.output) as output:
            output.write(render_cases(with_texts(build_cases(reviews), engine)))
        return 0
    failed = [fault for case in cases for fault in find_faults(case, engine)]
    for fault in failed:
        print(fault)
    print(f"{len(cases)} cases, {len(failed)} faults")
    return 1 if failed else 0


def _read(path: Path) -> list[Case]:
    try:
        return parse_cases(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError):
        raise ConfigError("EXC-CFG-003", "the cases cannot be read.", at=str(path)) from None


def with_texts(cases: Iterable[Case], engine: Engine) -> Iterator[Case]:
    """Cases of what was right with a made-up text of the same kind: the first of the rule's own
    examples that is found in that place now."""
    from excise.rules.examples import filled

    rules = {rule.id: rule for pack in engine.packs for rule in pack.rules}
    for case in cases:
        rule = rules.get(case.rule) if case.right else None
        shown = [each for each in rule.examples if not each.silent] if rule else []
        made = (case._replace(text=filled(rule, each).text) for each in shown if rule)
        yield next((each for each in made if each.rule in _found(each, engine)), case)


def find_faults(case: Case, engine: Engine) -> Iterator[str]:
    """What a policy does otherwise than a case wants."""
    from excise.policy.replay import replay

    known = engine.policy.rules.get(case.rule)
    if known is None:
        if case.right:
            yield f"{case.name}: {case.rule} stands in no pack of the profile"
        return
    decision = replay(engine.policy, record_of(case))
    said = max((r.action.rank for r in decision.rulings), default=0)
    if case.right and said < Action(case.features["action"]).rank:
        yield f"{case.name}: {case.rule} was right, and now less is done about it"
    if not case.right and decision.action.rank > _MILD:
        yield f"{case.name}: {case.rule} was wrong, and still {decision.action} is done"
    if case.text and case.rule not in _found(case, engine):
        yield f"{case.name}: {case.rule} no longer finds what it found"


def _found(case: Case, engine: Engine) -> set[str]:
    from excise.pipeline.weigh import find

    role, part = Role(case.features.get("role", "user")), case.features.get("part", "prompt")
    segment = Segment(case.text, role, Part(part), 0)
    direction = Direction(case.features["direction"])
    found = find(engine.scanner, [segment], direction, engine.policy.mild)
    return {finding.rule for _, findings in found.findings for finding in findings}
