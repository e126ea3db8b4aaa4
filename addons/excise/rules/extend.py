"""What one pack says of another's rules: shipped files are never edited, but added to.

An entry of `extend:` adds excuses to a rule, changes its level, action, severity or mode, or
switches it off; its `because` goes with every finding of the rule into the audit trail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from excise.errors import PolicyError, closest
from excise.model import Action, Mode, Severity
from excise.rules.schema import Excuse, Extension, Rule
from excise.strict import Node

_CHANGES: Final = ("unless", "level", "action", "severity", "mode", "off")


def parse_extension(
    node: Node,
    *,
    actions: Iterable[Action],
    excuses: Callable[[Node], tuple[Excuse, ...]],
    sentence: Callable[[Node, str], str],
    level: Callable[[Node], int],
) -> Extension:
    """One entry of `extend:`. The callables read what rules have, too. Raises `PolicyError`."""
    extension = Extension(
        rule=node.text("rule"),
        unless=tuple(each for entry in node.nodes("unless", ()) for each in excuses(entry)),
        level=level(node) if "level" in node else None,
        action=Action(node.choice("action", actions)) if "action" in node else None,
        severity=Severity(node.choice("severity", Severity)) if "severity" in node else None,
        mode=Mode(node.choice("mode", Mode)) if "mode" in node else None,
        off=node.flag("off", False),
        because=sentence(node, "because"),
        origin=node.at(),
    )
    node.done(also=_CHANGES)
    if not any(key in node for key in _CHANGES):
        raise PolicyError(
            "EXC-POL-015",
            f"nothing is changed of {extension.rule}; wanted one of {', '.join(_CHANGES)}.",
            at=node.at(),
        )
    if extension.off and len(set(node) & set(_CHANGES)) > 1:
        raise PolicyError(
            "EXC-POL-015",
            f"{extension.rule} is switched off, so the rest changes nothing.",
            at=node.at("off"),
        )
    return extension


def extend_rules(rules: Sequence[Rule], extensions: Iterable[Extension]) -> list[Rule]:
    """The rules as the extensions leave them, in order. Raises `PolicyError`."""
    made: dict[str, Rule | None] = {rule.id: rule for rule in rules}
    changed: dict[str, str] = {}
    for extension in extensions:
        name = extension.rule
        if name not in made:
            raise PolicyError(
                "EXC-POL-010",
                f'no rule of the packs in use is called "{name}".',
                at=extension.origin,
                hint=closest(name, made),
            )
        if name in changed:
            raise PolicyError(
                "EXC-POL-007",
                f'"{name}" is extended twice, first at {changed[name]}.',
                at=extension.origin,
            )
        changed[name] = extension.origin
        rule = made[name]
        made[name] = None if rule is None or extension.off else _extended(rule, extension)
    return [rule for rule in made.values() if rule is not None]


def _extended(rule: Rule, extension: Extension) -> Rule:
    return replace(
        rule,
        unless=(*rule.unless, *extension.unless),
        level=rule.level if extension.level is None else extension.level,
        action=extension.action or rule.action,
        severity=extension.severity or rule.severity,
        mode=extension.mode or rule.mode,
        because=extension.because,
    )
