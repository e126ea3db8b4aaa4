"""What a call of a tool would do: its class, and what speaks against letting a client run it.

Every call has one class or more, by the words of the tool's name, the keys of its arguments and
the commands in them. The rest are suspicions, scored; a class that changes things or carries them
out is held to stricter bars than one that reads.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from excise.detectors.base import Glance, Sight
from excise.detectors.patterns.addresses import URL, carries, host_of, is_below
from excise.detectors.patterns.excerpt import excerpt
from excise.detectors.tools import words
from excise.detectors.tools.calls import Argument, Call, find_calls
from excise.model import Finding, Kind, Part, Role, Segment, Severity, Span, ToolClass
from excise.text.unwrap import find_encoded

NAME: Final = "tool-guard"
UNKNOWN: Final = str(ToolClass.UNKNOWN)
DANGEROUS: Final = "dangerous-command"
OBFUSCATED: Final = "obfuscated-command"
EXFILTRATION: Final = "exfiltration"
OUTSIDE: Final = "outside-paths"
SENT: Final = "read-then-send"

_ACTING: Final = frozenset({words.WRITE, words.NETWORK, words.SHELL, words.PAYMENT})
_LONGEST: Final = 4096  # characters of an argument that tell its class and the paths in it
_CARRIED: Final = {True: 24, False: 64}  # characters of data in a URL, by whether the class acts
_SPLITTING: Final = re.compile(
    r"(?<=\w)(?:\"\"|''|\\(?=\w)|\$@)(?=\w)|(?<=\w)\"(\w)\"|(?<=\w)'(\w)'"
)
_BLANKS: Final = re.compile(r"\$\{?IFS\}?(?:\$\d)?|\{(\w+),")
_GRAVE: Final = frozenset({Severity.HIGH, Severity.CRITICAL})
_HELD: Final = frozenset({Kind.SECRET, Kind.PERSONAL, Kind.PAYMENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the operator and the request allow the calls of one answer."""

    offered: frozenset[str] = frozenset()  # names of tools; empty: not known
    hosts: frozenset[str] = frozenset()  # to which data may go, with everything below them
    paths: tuple[str, ...] = ()  # below which may be written; empty: anywhere but known bad places
    tainted: bool = False  # a tool has read something secret in this session


class ToolGuard:
    """Implements `Guest` for the answer to one request."""

    name: Final = NAME
    labels: Final = frozenset(
        {*words.CLASSES, words.OTHER, UNKNOWN, DANGEROUS, OBFUSCATED, EXFILTRATION, OUTSIDE, SENT}
    )

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    def hold(self, text: str) -> int:
        """Nothing: calls are held until they are whole."""
        return len(text)

    def rests(self, piece: Segment) -> bool:
        """Whether it is no part of a call."""
        return piece.part is not Part.TOOL_ARGUMENTS

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        """What is seen of each call, told of the longest text among its arguments."""
        seen: dict[int, list[Sight]] = {}
        for call in find_calls([glance.segment for glance in glances]):
            whole = Span(0, len(glances[call.place].text))
            if whole.end:
                sights = [Sight(label, whole, score) for label, score in self.judge(call)]
                seen.setdefault(call.place, []).extend(sights)
        return [tuple(seen.get(at, ())) for at in range(len(glances))]

    def judge(self, call: Call) -> Iterator[tuple[str, float]]:
        """Labels and scores: the classes, and then the suspicions."""
        terms = self._terms
        classes = classes_of(call)
        yield from ((kind, 1.0) for kind in classes)
        if terms.offered and call.name not in terms.offered:
            yield UNKNOWN, 1.0
        commands = [each for each in call.arguments if _is_command(each, classes)]
        read = excerpt("\n".join(each.text for each in commands), words.TELLING)
        yield from _suspected(read.text)
        if read.is_spent:
            yield OBFUSCATED, 0.8
        urls = list(_urls_in(call))
        carried = max(self._carried(urls, classes, read.text), default=0.0)
        if carried:
            yield EXFILTRATION, carried
        if words.WRITE in classes and any(map(self._is_outside, _written(call, commands))):
            yield OUTSIDE, 0.9
        if terms.tainted and words.NETWORK in classes and self._leaves(urls):
            yield SENT, 0.9 if carried or _named(call.name) & words.OUTGOING else 0.5

    def _carried(
        self, urls: Sequence[str], classes: Sequence[str], command: str
    ) -> Iterator[float]:
        """How sure it is that data goes out by an address."""
        bar = _CARRIED[bool(_ACTING.intersection(classes))]
        for url in urls:
            if not self._is_allowed(host_of(url)):
                yield carries(url, bar)
        if words.SENDS_FILE.search(command) and self._leaves(urls):
            yield 0.9

    def _leaves(self, urls: Sequence[str]) -> bool:
        """Whether a call goes to a host that is not allowed, or to one that nobody can tell."""
        return not urls or not all(self._is_allowed(host_of(url)) for url in urls)

    def _is_allowed(self, host: str) -> bool:
        return is_below(host, self._terms.hosts)

    def _is_outside(self, path: str) -> bool:
        path = path.strip().strip("\"'")
        if words.SENSITIVE_WRITE.match(path):
            return True
        if not self._terms.paths or not path:
            return False
        plain = posixpath.normpath(path.replace("\\", "/"))
        if not plain.startswith(("/", "~")) and plain[1:2] != ":":
            return plain.startswith("..")
        return not any(f"{plain}/".startswith(f"{each.rstrip('/')}/") for each in self._terms.paths)


def classes_of(call: Call) -> tuple[str, ...]:
    """The classes of a call, gravest first."""
    kinds = {words.CLASS_OF[word] for word in _named(call.name) if word in words.CLASS_OF}
    keys = {each.key.lower() for each in call.arguments}
    if keys & words.COMMAND_KEYS:
        kinds.add(words.SHELL)
    if keys & words.URL_KEYS:
        kinds.add(words.NETWORK)
    if "amount" in keys and keys & {"iban", "account", "recipient", "currency", "to"}:
        kinds.add(words.PAYMENT)
    if words.SHELL in kinds:
        for argument in call.arguments:
            run = set(words.COMMAND.findall(argument.text[:_LONGEST]))
            kinds |= {words.NETWORK} if run & words.NETWORK_COMMANDS else set()
            writes = run & words.WRITE_COMMANDS or words.REDIRECTED.search(argument.text[:_LONGEST])
            kinds |= {words.WRITE} if writes else set()
    return tuple(kind for kind in words.CLASSES if kind in kinds) or (words.OTHER,)


def is_tainted(
    segments: Sequence[Segment], found: Iterable[tuple[Segment, Sequence[Finding]]]
) -> bool:
    """Whether a tool has shown something secret in this session, or was sent to read it."""
    for segment, findings in found:
        shown = segment.part is Part.TOOL_RESULT or segment.role is Role.TOOL
        if shown and any(each.severity in _GRAVE and each.kind in _HELD for each in findings):
            return True
    return any(
        segment.part is Part.TOOL_ARGUMENTS
        and words.SENSITIVE_READ.search(segment.text[:_LONGEST]) is not None
        for segment in segments
    )


def offered_in(segments: Iterable[Segment]) -> frozenset[str]:
    """The names, or for built-in ones the types, of the tools that a request offers."""
    return frozenset(
        each.text
        for each in segments
        if each.part is Part.TOOL_DEFINITION
        and each.path[-1:] in (("name",), ("type",))
        and "properties" not in each.path
        and each.text != "function"
    )


def hosts_in(segments: Iterable[Segment]) -> frozenset[str]:
    """The hosts that a user or an operator has named: they know them."""
    return frozenset(
        host_of(url)
        for each in segments
        if each.role in (Role.USER, Role.SYSTEM) and "://" in each.text
        for url in URL.findall(each.text)
    )


def _named(name: str) -> set[str]:
    return {word.lower() for word in words.WORDS_IN_NAME.findall(name)}


def _is_command(argument: Argument, classes: Sequence[str]) -> bool:
    return argument.key.lower() in words.COMMAND_KEYS or words.SHELL in classes


def _suspected(command: str) -> Iterator[tuple[str, float]]:
    if words.DANGEROUS.search(command):
        yield DANGEROUS, 0.9
    if words.DECODES.search(command):
        yield OBFUSCATED, 0.8
    if any(words.DANGEROUS.search(view) for view in _plainer(command)):
        yield OBFUSCATED, 0.95


def _urls_in(call: Call) -> Iterator[str]:
    """The addresses in the arguments, each once."""
    text = "\n".join(each.text for each in call.arguments if "://" in each.text)
    yield from dict.fromkeys(URL.findall(excerpt(text, ("://",)).text))


def _plainer(text: str) -> Iterator[str]:
    """What a shell would make of a command: marks that split words gone, encoded runs decoded."""
    joined = _BLANKS.sub(lambda m: f"{m[1]} " if m[1] else " ", text)
    joined = _SPLITTING.sub(lambda m: m[1] or m[2] or "", joined)
    if joined != text:
        yield joined
    yield from (view.text for view in find_encoded(joined))
    if re.search(r"\brev\b", text):
        yield text[::-1]


def _written(call: Call, commands: Iterable[Argument]) -> Iterator[str]:
    """The paths to which a call would write."""
    for argument in call.arguments:
        if argument.key.lower() in words.PATH_KEYS:
            yield argument.text
        yield from words.PATCHED.findall(argument.text[:_LONGEST])
    for argument in commands:
        for one, other in words.REDIRECTED.findall(argument.text[:_LONGEST]):
            yield one or other
