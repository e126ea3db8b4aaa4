"""Rules read from the installed detect-secrets; the only file importing it.

Only its patterns are taken, into the same database as all others. Its scan functions are slow
and its verification sends what was found to the vendor: neither is ever called. Which plugins
are adopted, and why no others, says `docs/decisions/0007-detect-secrets.md`.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from excise.model import Action, Direction, Kind, Severity
from excise.rules.lead import spell
from excise.rules.schema import Match, Rule, Status
from excise.rules.tree import bounded, parse

_CLOSED: Final = r"(?!\w)"  # how a plugin says that no word character may follow
_MOST: Final = 200  # where a plugin's repeat has no bound; the longest adopted token has 64


@dataclass(frozen=True, slots=True)
class Plugin:
    """Where a plugin lives, and what its findings are to us."""

    module: str
    name: str
    kind: str
    title: str


ADOPTED: Final = (
    Plugin("gitlab_token", "GitLabTokenDetector", "gitlab-token", "GitLab token"),
    Plugin("square_oauth", "SquareOAuthDetector", "square-oauth-secret", "Square OAuth secret"),
    Plugin("discord", "DiscordBotTokenDetector", "discord-bot-token", "Discord bot token"),
)


def adopted_rules() -> tuple[Rule, ...]:
    """One rule for each adopted plugin, in the pack `secrets`; generic, so that its own win."""
    return tuple(_rule(plugin, _patterns(plugin)) for plugin in ADOPTED)


def _patterns(plugin: Plugin) -> tuple[re.Pattern[str], ...]:
    module = importlib.import_module(f"detect_secrets.plugins.{plugin.module}")
    return tuple(getattr(module, plugin.name).denylist)


def _rule(plugin: Plugin, patterns: Iterable[re.Pattern[str]]) -> Rule:
    return Rule(
        id=f"secrets.ds-{plugin.kind}",
        pack="secrets",
        entity=f"secret.{plugin.kind}",
        title=plugin.title,
        status=Status.STABLE,
        severity=Severity.HIGH,
        level=1,
        kind=Kind.SECRET,
        action=Action.REDACT,
        generic=True,
        directions=frozenset(Direction),
        parts=frozenset(),
        keywords=(),
        match=Match(
            regex=_joined([pattern.pattern for pattern in patterns]),
            min_entropy=3.0,
            checks=("no-run", "not-placeholder"),
        ),
        unless=(),
        hold="",
        window=0,
        survives=(),
        why="Whoever holds it can act in its owner's name.",
        remedy="Revoke it, then keep its successor in a secret store.",
        references=("https://github.com/Yelp/detect-secrets",),
        examples=(),
        origin=f"detect_secrets.plugins.{plugin.module}",
    )


def _joined(patterns: Sequence[str]) -> str:
    """One pattern for all. Where each ends with the same look-ahead, a character behind the span
    is asked for instead: without it every longer word would begin with a token."""
    if not all(pattern.endswith(_CLOSED) for pattern in patterns):
        return "|".join(map(translate, patterns))
    inner = "|".join(translate(pattern.removesuffix(_CLOSED)) for pattern in patterns)
    return f"(?P<secret>{inner})(?:[^0-9A-Za-z_]|$)"


def translate(pattern: str) -> str:
    """A plugin's pattern in the dialect of packs: no look-around, every repeat with a bound.

    Raises `DialectError` where `re` cannot read it. Matches wherever the original does, and where
    a look-around would have forbidden it.
    """
    return spell(bounded(parse(pattern)[0], _MOST))
