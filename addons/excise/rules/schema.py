"""Rule packs as values: what a rule looks for, what excuses it, and the examples that prove it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from excise.model import Action, Direction, Kind, Mode, Part, Severity
from excise.rules.national_world import NATIONAL

ENGINE: Final = 1  # the format of `policies/README.md`
WIDEST: Final = 20_000  # characters one match may span; a PEM block of a large key stays below
LINE_REACH: Final = 400  # characters on either side that count as the line of a hit


class Status(StrEnum):
    """How far a rule is trusted; only stable rules act by default."""

    SANDBOX = "sandbox"
    INCUBATING = "incubating"
    STABLE = "stable"
    DEPRECATED = "deprecated"


class Scope(StrEnum):
    """Which text an excuse is looked for in."""

    VALUE = "value"
    LINE = "line"
    BEFORE = "before"
    AFTER = "after"
    LIST = "list"
    SHA1 = "sha1"


# Tests on the text of a span; `detectors.checks` carries them out (a test compares the two).
CHECKS: Final = frozenset(
    {
        "luhn",
        "pan",
        "iban",
        "aba",
        "jwt",
        "base64",
        "base64-json",
        "base64-run",
        "mixed",
        "mixed-case",
        "no-run",
        "not-sequence",
        "not-placeholder",
        "not-word",
        "not-path",
        "not-stand-in",
        "phone",
        "phone-us",
        "ip-public",
        "ip-private",
        "ipv6",
        "mac",
        "birth-date",
        "base58check",
        "bech32",
        "mnemonic",
        *NATIONAL,
    }
)

# What sees where no pattern can; `detectors` holds one of each name.
DETECTORS: Final = frozenset(
    {
        "names",
        "cards",
        "code",
        "own-code",
        "dictionary",
        "known-value",
        "deep",
        "injection",
        "topics",
        "unsafe",
        "system-prompt",
        "canary",
        "packages",
        "facts",
        "tool-guard",
        "links",
        "tool-pins",
        "judge",
        "judge-injection",
        "judge-topics",
        "sequence",
    }
)

DISGUISES: Final = frozenset(
    {
        "json_escape",
        "unicode_escape",
        "fullwidth",
        "zero_width",
        "tags",
        "base64",
        "base64_url",
        "base64_lines",
        "gzip",
        "hex",
        "hex_colons",
        "hex_bytes",
        "percent",
        "quoted_printable",
        "html",
        "html_twice",
        "spaced",
        "dotted",
    }
)

FAMILIES: Final = frozenset(
    {
        "secret",
        "pii",
        "pci",
        "canary",
        "code",
        "topic",
        "injection",
        "unsafe",
        "leak",
        "answer",
        "tool",
        "exact-match",
        "limit",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Excuse:
    """A condition under which a match is let go, and why."""

    scope: Scope
    pattern: str = ""  # for every scope but `list` and `sha1`
    ignore_case: bool = False
    within: int = 40  # characters, for `before` and `after`
    values: frozenset[str] = frozenset()  # lower case; for `sha1` the digests of values, in hex
    because: str
    shared: str = ""  # name of the pack's set it came from
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Words of which one must stand near a match; distances in characters."""

    words: tuple[str, ...]
    before: int = 60
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """A pattern of an installed library, run as that library compiled it wherever the rule's own
    `regex`, which admits more, may match.

    A match is over where it ends, also one that is dropped, as the library's own search has it.
    """

    pattern: re.Pattern[str]  # or what looks the same
    spans: Callable[[re.Match[str]], Iterable[tuple[int, int]]]  # the first that is judged right
    judge: Callable[[str], float]  # the score of a span's text, 0 to 1; 0 drops it


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a rule looks for; `regex` with its fragments filled in."""

    regex: str
    group: str = ""  # name of the group that is the span; "" for the whole match
    ignore_case: bool = False
    min_entropy: float = 0.0  # Shannon bits per character
    checks: tuple[str, ...] = ()
    context: Context | None = None
    foreign: Foreign | None = None  # no pack can say it; see `detectors.adopted`


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A rule that reads a side detector in place of a pattern.

    With the label `*` the rule takes every label, each as the last word of its entity.
    """

    detector: str
    label: str
    min_score: float = 0.5
    columns: int = 0  # of one record that must meet; 0: as many as its index asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A text, still with marks and fillers, and what must be found in it."""

    name: str
    text: str = field(repr=False)
    label: str = ""
    silent: bool = False  # `expect: none`
    someday: str = ""  # a known gap: this example must not hold yet
    also: tuple[str, ...] = ()
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a pack. `origin` is `file:line`."""

    id: str
    pack: str
    entity: str
    title: str
    status: Status
    severity: Severity
    level: int
    kind: Kind
    action: Action
    generic: bool
    directions: frozenset[Direction]
    parts: frozenset[Part]  # empty: every part
    keywords: tuple[str, ...]
    match: Match  # with an empty regex where `asked` is there
    asked: Asked | None = None
    unless: tuple[Excuse, ...]
    hold: str  # regex of an unfinished span at the end of a text; "" where words suffice
    window: int  # most characters kept back for this rule in a stream; 0: its match's width
    survives: tuple[str, ...]
    why: str
    remedy: str
    references: tuple[str, ...]
    examples: tuple[Example, ...]
    origin: str
    weight: float | None = None  # what it adds to the anomaly score; None: by its severity
    serves: tuple[str, ...] = ()  # requirements of a framework, as the pack names them
    mode: Mode | None = None  # as the pack asks, where the profile says nothing
    because: str = ""  # why an operator changed it

    @property
    def is_of_calls(self) -> bool:
        """Whether it looks at calls of tools in answers and at nothing else there: a stream holds
        a call until it is whole."""
        return Direction.RESPONSE in self.directions and self.parts == {Part.TOOL_ARGUMENTS}

    @property
    def is_streamed(self) -> bool:
        """Whether it looks at answers as they come in streams; requests come whole."""
        answers = Direction.RESPONSE in self.directions
        return self.asked is None and answers and not self.is_of_calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """What another pack says of a rule that it does not own: what is None stays as it was."""

    rule: str
    unless: tuple[Excuse, ...] = ()
    level: int | None = None
    action: Action | None = None
    severity: Severity | None = None
    mode: Mode | None = None
    off: bool = False
    because: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePack:
    """Rules for one concern, in the order of their files' names."""

    name: str
    version: int
    title: str
    rules: tuple[Rule, ...]
    retired: frozenset[str]
    extensions: tuple[Extension, ...] = ()
    extends: tuple[str, ...] = ()  # packs that come with this one
    known_false_positives: tuple[str, ...] = ()  # what it is known to take for something else
