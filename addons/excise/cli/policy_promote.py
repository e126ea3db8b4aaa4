"""`excise policy promote`: what a rule in shadow did, and the change that enforces it."""

from __future__ import annotations

import argparse
import difflib
import re
from pathlib import Path
from typing import Any, Final

from excise.assemble import load_engine, read_profile
from excise.audit.review import FILE, Rate, count_hits, rates, read_reviews, wilson
from excise.cli.options import settings_of
from excise.config import Settings
from excise.errors import ConfigError, PolicyError, closest
from excise.folders import Folders
from excise.model import Action
from excise.policy.load import parse_profile
from excise.policy.promotion import find_use, promote_clause, promote_rule, roll_out
from excise.policy.schema import PackUse, Profile
from excise.resources import policies_dir

MOST_FALSE: Final = 0.2  # a rule that is surely wrong more often is not enforced without being told
_ID: Final = re.compile(r"\bid:\s*[\"']?([\w.-]+)")


def add_parser(verbs: Any, shared: Any) -> None:
    """The verb; `shared` gives it the options of every other."""
    verb = verbs.add_parser("promote", help="what a rule in shadow did; enforce it")
    verb.add_argument("name", metavar="RULE", help="a rule, or a clause of the profile")
    verb.add_argument("--percent", type=int, default=100, help="of the principals")
    verb.add_argument("--write", action="store_true", help="change the profile of your own")
    verb.add_argument(
        "--despite-reviews", action="store_true", help="also where verdicts speak against it"
    )
    verb.add_argument("--audit", metavar="FILE", help="the trail to count in")
    shared(verb, run_promote)


def run_promote(args: argparse.Namespace) -> int:
    """Show hits, verdicts and the diff; write where asked to."""
    settings = settings_of(args)
    if not 0 <= args.percent <= 100:
        raise ConfigError("EXC-CFG-001", f"--percent is {args.percent}; wanted 0 to 100.")
    source, target = _files(settings)
    old = _read(source)
    new = _changed(old, _parsed(old, source, settings), args.name, args.percent, settings)
    rate = _show(settings, args.name)
    if target is None:
        raise ConfigError(
            "EXC-CFG-003", "shipped profiles are not changed; wanted a folder of your own.",
            hint="Name one with --policies: the profile is copied there.",
        )  # fmt: skip
    _parsed(new, target, settings)  # what is written can be read
    for line in difflib.unified_diff(
        old.splitlines(), new.splitlines(), str(source), str(target), lineterm=""
    ):
        print(line)
    if old == new:
        print(f"{args.name} is enforced already")
        return 0
    if not args.write:
        print(f"nothing is written; with --write {target} is")
        return 0
    if rate.false.low > MOST_FALSE and not args.despite_reviews:
        print(f"nothing is written: at least {rate.false.low:.0%} of its hits are false positives; "
              "with --despite-reviews it is all the same")  # fmt: skip
        return 1
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(new, "utf-8")
    print(f"written: {target}")
    return 0


def _show(settings: Settings, name: str) -> Rate:
    if settings.audit is not None and settings.audit.exists():
        hits = count_hits(settings.audit, name)
        rate = wilson(hits.exchanges, hits.of)
        print(f"{name}: {hits.findings} findings in {hits.exchanges} of {hits.of} exchanges "
              f"({rate.share:.2%}, {rate.low:.2%} to {rate.high:.2%}) "
              f"of {hits.principals} principals")  # fmt: skip
    reviews = (each for each in read_reviews(settings.state_dir / FILE) if each.rule == name)
    judged = next(iter(rates(reviews)), Rate(name, 0, 0, wilson(0, 0)))
    false = judged.false
    print(f"judged: {judged.judged - judged.wrong} right, {judged.wrong} wrong; of all hits "
          f"{false.low:.0%} to {false.high:.0%} are false positives")  # fmt: skip
    return judged


def _files(settings: Settings) -> tuple[Path, Path | None]:
    """The profile as it is read, and the file of the operator's that a change goes to, if any."""
    if settings.profile.endswith((".yaml", ".yml")):
        path = Path(settings.profile)
        return path, path
    name = f"profiles/{settings.profile}.yaml"
    own = settings.policies / name if settings.policies else None
    return (own if own and own.is_file() else policies_dir() / name), own


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else "not UTF-8"
        raise ConfigError("EXC-CFG-003", f"{reason}; wanted a profile.", at=str(path)) from None


def _parsed(text: str, path: Path, settings: Settings) -> Profile:
    folders = Folders(settings.policies)
    return parse_profile(text, str(path), lambda name, _: read_profile(name, folders)[1])


def _stands_here(origin: str, profile: Profile, mend: str) -> None:
    """Refuse to change what the profile has of one that it extends."""
    if origin.rpartition(":")[0] != profile.origin.rpartition(":")[0]:
        raise PolicyError(
            "EXC-POL-015", f"{profile.name} only extends what says this.", at=origin,
            hint=f"Write into {profile.name} by hand: {mend}",
        )  # fmt: skip


def _changed(text: str, profile: Profile, name: str, percent: int, settings: Settings) -> str:
    clauses = {clause.id: clause for clause in profile.clauses}
    if name in clauses:
        _stands_here(clauses[name].origin, profile, "the clause with another mode")
        return promote_clause(text, clauses[name], percent)
    use = find_use(profile, name.partition(".")[0])
    if use is None:
        known = [*clauses, *(each.name + "." for each in profile.packs)]
        raise PolicyError(
            "EXC-POL-010", f'no clause or pack of {profile.name} has "{name}".',
            at=profile.origin, hint=closest(name, known),
        )  # fmt: skip
    _has_rule(use, name, settings)
    _stands_here(use.origin, profile, f"- {{pack: {use.name}, mode: shadow, enforce: [{name}]}}")
    if percent != 100:
        return roll_out(text, use, name, _action_of(name, settings), percent)
    return promote_rule(text, use, name)


def _action_of(rule: str, settings: Settings) -> Action:
    engine = load_engine(settings.profile, policies=settings.policies, state_dir=settings.state_dir)
    known = engine.policy.rules.get(rule)
    if known is None:
        raise PolicyError(
            "EXC-POL-010",
            f"{rule} never runs under {settings.profile}: it is above its level, or not stable.",
            hint="Raise level: in the profile first.",
        )
    return known.action


def _has_rule(use: PackUse, rule: str, settings: Settings) -> None:
    """Refuse a rule that stands in none of its pack's files; packs of libraries have none."""
    for folder in filter(None, (settings.policies, policies_dir())):
        home = folder / "packs" / use.name
        if (home / "pack.yaml").is_file():
            texts = [path.read_text("utf-8") for path in home.glob("*.yaml")]
            ids = {each for text in texts for each in _ID.findall(text)}
            if rule not in ids:
                raise PolicyError(
                    "EXC-POL-010", f'the pack {use.name} has no rule "{rule}".', at=use.origin,
                    hint=closest(rule, ids),
                )  # fmt: skip
            return
