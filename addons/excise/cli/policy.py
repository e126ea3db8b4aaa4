"""`excise policy`: what packs and profiles say, whether they are well formed, whether they hold;
and packs made of what other tools are configured with."""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from excise.assemble import BASELINE, Engine, load_engine
from excise.cli import policy_allow, policy_explain, policy_promote, policy_sign
from excise.cli.indexes import add_state_dir
from excise.cli.options import settings_of
from excise.detectors.adopted.recognizer_yaml import import_recognizers
from excise.detectors.build import build_plain_scanner, build_proof_scanner
from excise.detectors.patterns.merge import merge
from excise.errors import ConfigError
from excise.policy.limits_lint import find_limit_mistakes
from excise.policy.lint import Mistake, find_mistakes
from excise.policy.waivers import Waivers, find_idle
from excise.rules.accepted import parse_baseline
from excise.rules.examples import check_extended, check_pack
from excise.rules.extend import extend_rules
from excise.rules.load import load_pack
from excise.rules.schema import RulePack
from excise.state.indexes import is_name, put_index

_KEBAB: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def add_parser(subparsers: Any) -> None:
    """`excise policy` with its own commands."""
    parser = subparsers.add_parser("policy", help="packs and profiles")
    verbs = parser.add_subparsers(
        dest="verb",
        metavar="list|lint|test|explain|diff|promote|allow|sign|key|import-presidio|import-baseline",
        required=True,
    )
    for name, summary, func in (
        ("list", "the packs of a profile and their rules", _list),
        ("lint", "read a profile and its packs strictly; run the profile's own cases", _lint),
        ("test", "lint, then run every rule's own examples", _test),
    ):
        _share(verbs.add_parser(name, help=summary), func)
    policy_explain.add_parsers(verbs, _share)
    policy_promote.add_parser(verbs, _share)
    policy_allow.add_parser(verbs, _share)
    policy_sign.add_parsers(verbs)
    brought = verbs.add_parser("import-presidio", help="a pack from a recognizer registry's YAML")
    brought.add_argument("file", type=Path, metavar="FILE", help="with `recognizers:`")
    brought.add_argument(
        "--to", type=Path, required=True, metavar="DIR", help="a new folder, named as the pack"
    )
    brought.set_defaults(func=_import_presidio)
    accepted = verbs.add_parser(
        "import-baseline", help="accept what a baseline of detect-secrets accepts"
    )
    accepted.add_argument("file", type=Path, metavar="FILE", help="a .secrets.baseline")
    accepted.add_argument(
        "--name", default="baseline", help="what it is kept as, in place of one of this name"
    )
    add_state_dir(accepted)
    accepted.set_defaults(func=_import_baseline)


def _share(verb: argparse.ArgumentParser, func: Callable[[argparse.Namespace], int]) -> None:
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
        mode = engine.policy.modes[facts.id]
        table.add_row(facts.id, facts.entity, facts.action, facts.severity, str(facts.level), mode)
    Console().print(table)
    return 0


def _lint(args: argparse.Namespace) -> int:
    engine = _engine(args)
    counts = Counter(facts.pack for facts in engine.policy.rules.values())
    packs = ", ".join(f"{pack} {count}" for pack, count in sorted(counts.items()))
    print(f"{engine.policy.profile.name}: {packs} rules; digest {engine.policy.digest}")
    mistakes = [
        *find_mistakes(engine.policy, engine.facts),
        *find_limit_mistakes(engine.limits),
        *_stale_exceptions(engine),
    ]
    for mistake in mistakes:
        print(mistake)
    return 1 if mistakes else 0


def _stale_exceptions(engine: Engine) -> list[Mistake]:
    """Exceptions that are over, and those that speak of nothing the policy knows."""
    over = [
        (each, f"this exception ended on {each.until}.", "Remove it, or grant it anew.")
        for each in engine.expired
    ]
    waivers = engine.policy.excuse.every if isinstance(engine.policy.excuse, Waivers) else ()
    idle = [
        (each, "this exception names no rule or entity of the profile.", "Remove it, or mend it.")
        for each in find_idle(waivers, engine.policy.rules.values())
    ]
    return [Mistake("EXC-POL-015", each.origin, *said) for each, *said in (*over, *idle)]


def _test(args: argparse.Namespace) -> int:
    failed = _lint(args)
    packs = _engine(args).packs
    for pack in packs:
        faults = check_pack(pack, alone=build_plain_scanner, whole=build_proof_scanner, merge=merge)
        examples = sum(len(rule.examples) for rule in pack.rules)
        failed += len(faults)
        for fault in faults:
            print(fault)
        print(f"{pack.name}: {examples} examples of {len(pack.rules)} rules, {len(faults)} failed")
    for fault in (faults := _extended_faults(packs)):
        print(fault)
    return 1 if failed or faults else 0


def _extended_faults(packs: Sequence[RulePack]) -> list[str]:
    """What rules no longer do as the packs extend them; those of libraries carry no examples."""
    rules = {rule.id: rule for pack in packs for rule in pack.rules}
    mine = [each for pack in packs for each in pack.extensions if each.rule in rules]
    names = {each.rule for each in mine}
    return [
        fault
        for rule in extend_rules(list(rules.values()), mine)
        if rule.id in names
        for fault in check_extended(rule, build_plain_scanner)
    ]


def _import_presidio(args: argparse.Namespace) -> int:
    home = args.to.absolute()
    if not _KEBAB.fullmatch(home.name):
        raise ConfigError(
            "EXC-CFG-001", "a pack is named in kebab case, as its folder is.", at=str(args.to)
        )
    try:
        made = import_recognizers(args.file.read_text("utf-8"), str(args.file), home.name)
        load_pack(home.name, made.files)  # what is written can be read
        home.mkdir(parents=True)
        for name, text in made.files.items():
            (home / name).write_text(text, "utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "not UTF-8"
        at = str(fault.filename if isinstance(fault, OSError) else args.file)
        raise ConfigError(
            "EXC-CFG-003", f"{why}; wanted a YAML file, and a new folder.", at=at
        ) from None
    print(f"{args.to}: {made.rules} rules, all in the sandbox until they have examples")
    if made.shipped:
        print(f"shipped with Presidio, in the pack presidio: {', '.join(made.shipped)}")
    return 0


def _import_baseline(args: argparse.Namespace) -> int:
    if not is_name(args.name):
        raise ConfigError(
            "EXC-CFG-001", f'"{args.name}" can be no name; wanted letters, digits and hyphens.'
        )
    try:
        digests = parse_baseline(args.file.read_text("utf-8"))
    except OSError as fault:
        raise ConfigError("EXC-CFG-003", f"{fault.strerror}.", at=str(args.file)) from None
    except ValueError:
        raise ConfigError(
            "EXC-CFG-003", "no baseline; wanted what `detect-secrets scan` writes.",
            at=str(args.file),
        ) from None  # fmt: skip
    data = "\n".join(sorted(digests)).encode()
    path = put_index(settings_of(args).state_dir, BASELINE, args.name, data)
    print(f"{len(digests)} values accepted, kept as their digests in {path}")
    return 0
