"""detect-secrets' plugins as rules, read from the installed package: the pack `detect-secrets`.

For those who migrate and want what they had. The packs of this product find more with fewer false
alarms; which plugins add to them says `docs/decisions/0007-detect-secrets.md`. Plugins judge line
by line, so their patterns are kept from running over the end of one. No scan function is called,
and no verification.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.plugins import keyword as keywords
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.high_entropy_strings import HighEntropyStringsPlugin
from detect_secrets.plugins.jwt import JwtTokenDetector

from excise.detectors.adopted.rules import BOUNDS, adopt, always, group, loosen, whole
from excise.model import Kind, Severity
from excise.rules.schema import Foreign, Rule

PACK: Final = "detect-secrets"
_SCORE: Final = 0.7  # yields to a rule of ours that finds the same
_LONG: Final = 4000  # most characters of a token whose parts have no bound
# Plugins whose group is the beginning of a token or one of its ways to go on, not the token.
_WHOLE: Final = frozenset({"GitHubTokenDetector", "GitLabTokenDetector"})
# Which guess rather than know a format.
_EAGER: Final = {
    "KeywordDetector": 3,
    "Base64HighEntropyString": 4,
    "HexHighEntropyString": 4,
    "IPPublicDetector": 4,
}
# Fewest characters whose entropy can be above the limit of the plugin: more than two to its power.
_FEWEST: Final = {"Base64HighEntropyString": 23, "HexHighEntropyString": 9}
_PIECE: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


class Piece(NamedTuple):
    """One pattern of a plugin, and what of its matches is the secret."""

    source: str
    flags: int
    spans: Callable[[re.Match[str]], Iterable[tuple[int, int]]]
    wider: str = ""
    bounds: tuple[int, ...] = BOUNDS


def adopted_rules() -> tuple[Rule, ...]:
    """Rules `detect-secrets.<type of secret>-<number of its pattern>`."""
    return tuple(rule for plugin in plugins() for rule in rules_of(plugin))


def plugins() -> list[Any]:
    """Every plugin of the installed package with its default settings, by name."""
    classes: list[Any] = list(get_mapping_from_secret_type_to_class().values())
    return [each() for each in sorted(classes, key=lambda each: str(each.__name__))]


def rules_of(plugin: Any) -> Iterator[Rule]:
    """The rules of one plugin, in the order of its patterns. Raises `DialectError`."""
    name = type(plugin).__name__
    level = _EAGER.get(name, 2)
    address = name == "IPPublicDetector"
    for number, piece in enumerate(_pieces(plugin)):
        flags = piece.flags | re.MULTILINE
        yield adopt(
            id=f"{PACK}.{name_of(plugin)}-{number + 1}",
            entity="pii.ip" if address else f"secret.{name_of(plugin)}",
            title=f"{plugin.secret_type}, as detect-secrets finds it",
            kind=Kind.PERSONAL if address else Kind.SECRET,
            severity=Severity.MEDIUM if level > 2 else Severity.HIGH,
            level=level,
            regex=piece.wider or loosen(piece.source, flags, piece.bounds),
            ignore_case=bool(flags & re.IGNORECASE),
            foreign=Foreign(
                pattern=re.compile(piece.source, flags),
                spans=piece.spans,
                judge=_judge(plugin),
            ),
            generic=True,
            why="Whoever holds it may be able to act in its owner's name.",
            remedy="Revoke it, then keep its successor in a secret store.",
            reference="https://github.com/Yelp/detect-secrets",
            origin=f"detect_secrets: {name}",
        )


def name_of(plugin: Any) -> str:
    """The plugin's type of secret in kebab case, as a baseline names it: `aws-access-key`."""
    return re.sub(r"[^a-z0-9]+", "-", str(plugin.secret_type).lower()).strip("-")


def _pieces(plugin: Any) -> Iterator[Piece]:
    if isinstance(plugin, RegexBasedDetector):
        for pattern in plugin.denylist:
            spans = _spans(plugin, pattern.groups)
            source = by_line(pattern.pattern)
            yield Piece(source, pattern.flags, spans, bounds=(_LONG, *BOUNDS))
    elif isinstance(plugin, HighEntropyStringsPlugin):
        pattern = plugin.regex
        charset = f"[{re.escape(plugin.charset)}]"
        fewest = _FEWEST[type(plugin).__name__]
        wider = f"[\"']{charset}{{{fewest},{_LONG}}}[\"']"
        yield Piece(pattern.pattern, pattern.flags, group(2), wider)
    elif isinstance(plugin, keywords.KeywordDetector):
        for pattern, number in keywords.QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP.items():
            yield Piece(by_line(pattern.pattern), pattern.flags, group(number))


def _spans(plugin: Any, groups: int) -> Callable[[re.Match[str]], Iterable[tuple[int, int]]]:
    if type(plugin).__name__ == "ArtifactoryDetector":
        return _without_neighbours
    return whole if not groups or type(plugin).__name__ in _WHOLE else group(1)


def _without_neighbours(match: re.Match[str]) -> Iterator[tuple[int, int]]:
    text = match[0]
    bare = text.strip(' \t\r\f\v=:"')
    start = match.start() + text.index(bare)
    yield start, start + len(bare)


def _judge(plugin: Any) -> Callable[[str], float]:
    if isinstance(plugin, HighEntropyStringsPlugin):
        return lambda text: (
            _SCORE if plugin.calculate_shannon_entropy(text) > plugin.entropy_limit else 0.0
        )
    if isinstance(plugin, JwtTokenDetector):
        return lambda text: _SCORE if plugin.is_formally_valid(text) else 0.0
    return always(_SCORE)


def by_line(pattern: str) -> str:
    """The pattern, not running over the end of a line where it would take white space, or
    anything but a vertical tab."""

    def narrow(found: re.Match[str]) -> str:
        piece = found[0]
        if piece == r"\s":
            return r"[^\S\n]"
        return piece.replace(r"[^\v", r"[^\n\v") if piece.startswith(r"[^\v") else piece

    return _PIECE.sub(narrow, pattern)
