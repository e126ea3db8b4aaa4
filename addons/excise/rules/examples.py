"""Runs the examples that rules carry; the same code for the suite and for authors elsewhere.

The scanners are passed in as factories, so that this knows rules and nothing of engines. Every
failure is reported, as a sentence with the place of the example; none shows the text itself.
"""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import batched
from typing import Final, Protocol

from excise.model import Finding, Part, Role, Segment, Span
from excise.rules.fillers import FillerError, fill
from excise.rules.schema import Example, Rule, RulePack, Status

_MARK: Final = re.compile(r"<<(.*?)>>", re.DOTALL)
_NEAR: Final = 400  # characters of a negative up to which neighbours are tried
_AT_ONCE: Final = 16  # neighbours; more may come to more decoded runs than a message may hold
_LETTERS: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_=:./+ "
_JSON: Final = {
    '"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "/": "\\/",
}  # fmt: skip


class Scanner(Protocol):
    """What is asked of a scanner here; `detectors.base.Scanner` is one."""

    def scan(self, segments: Sequence[Segment]) -> list[tuple[Finding, ...]]: ...

    def hold(self, text: str) -> int: ...


Factory = Callable[[Sequence[Rule]], Scanner]
Disguise = Callable[[str, Iterable[Span]], tuple[str, frozenset[Span]]]
Merge = Callable[[Iterable[Finding]], list[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """An example with its fillers filled in and its marks read."""

    example: Example
    text: str = field(repr=False)
    spans: frozenset[Span]
    part: Part = Part.PROMPT

    def segment(self, text: str | None = None) -> Segment:
        """The text, or another in its stead, as a segment."""
        example = self.example
        whole = self.text if text is None else text
        return Segment(whole, Role.USER, self.part, 0, label=example.label)


def filled(rule: Rule, example: Example) -> Filled:
    """Raises `FillerError`."""
    marked = fill(example.text, f"{rule.id}\0{example.name}")
    pieces, spans, at, length = list[str](), set[Span](), 0, 0
    if not example.silent:
        for mark in _MARK.finditer(marked):
            length += mark.start() - at
            spans.add(Span(length, length + len(mark[1])))
            pieces += (marked[at : mark.start()], mark[1])
            length += len(mark[1])
            at = mark.end()
    pieces.append(marked[at:])
    # A prompt, unless a rule that reads a detector does not read prompts: what a tool brought is
    # judged otherwise than what a person wrote.
    asked = rule.asked is not None and rule.parts and Part.PROMPT not in rule.parts
    part = min(rule.parts) if asked else Part.PROMPT
    return Filled(example=example, text="".join(pieces), spans=frozenset(spans), part=part)


def check_pack(pack: RulePack, *, alone: Factory, whole: Factory, merge: Merge) -> list[str]:
    """Every sentence about an example, excuse or stream cut of the pack that does not hold.

    `alone` builds the scanner of one rule and is called often, `whole` that of all rules.
    """
    faults: list[str] = []
    # What a side detector makes of the examples of patterns turns on its model, not on the pack.
    patterns = [rule for rule in pack.rules if rule.asked is None]
    together = whole(patterns)
    for rule in pack.rules:
        faults += check_rule(rule, alone)
        for each in _readable(rule) if rule.asked is None else ():
            faults += _check_together(rule, each, together, merge)
    faults += _check_shared(pack, alone)
    return faults


def check_rule(rule: Rule, alone: Factory) -> list[str]:
    """The sentences about one rule by itself."""
    faults = []
    scanner = alone([rule])
    for example in rule.examples:
        try:
            each = filled(rule, example)
        except FillerError as why:
            faults.append(_say(rule, example, f"{why}."))
            continue
        problems = list(_check_example(rule, each, scanner))
        if example.someday:
            if not problems:
                faults.append(_say(rule, example, "holds now; take the `someday` away."))
        else:
            faults += [_say(rule, example, problem) for problem in problems]
    faults += _check_excuses(rule, alone)
    # What a side detector answers does not turn on one character.
    if rule.status is Status.STABLE and not rule.asked and not _has_near_miss(rule, alone):
        faults.append(
            f"{rule.origin}: {rule.id}: no negative example is a near miss, one character off."
        )
    return faults


def check_extended(rule: Rule, alone: Factory) -> list[str]:
    """The sentences about a rule as another pack leaves it: what it is for is still found, and
    what was let pass still passes."""
    scanner, faults = alone([rule]), []
    for each in _readable(rule):
        if each.example.someday:
            continue
        found = _spans(scanner, each.segment())
        if found != each.spans:
            told = f"as extended: wanted {_show(each.spans)}, found {_show(found)}."
            faults.append(_say(rule, each.example, told))
    return faults


def _say(rule: Rule, example: Example, problem: str) -> str:
    return f'{example.origin}: {rule.id}: "{example.name}": {problem}'


def _readable(rule: Rule) -> Iterator[Filled]:
    for example in rule.examples:
        try:
            yield filled(rule, example)
        except FillerError:
            continue


def _spans(scanner: Scanner, segment: Segment) -> frozenset[Span]:
    return frozenset(finding.span for finding in scanner.scan([segment])[0])


def _show(spans: Iterable[Span]) -> str:
    return ", ".join(f"{start}-{end}" for start, end in sorted(spans)) or "nothing"


def _check_example(rule: Rule, each: Filled, scanner: Scanner) -> Iterator[str]:
    found = _spans(scanner, each.segment())
    if found != each.spans:
        yield f"wanted {_show(each.spans)}, found {_show(found)}."
    elif each.spans:
        if rule.is_streamed:
            yield from check_cuts(each, scanner)
        for disguise in rule.survives:
            yield from _check_disguise(each, scanner, disguise)


def check_cuts(each: Filled, scanner: Scanner) -> Iterator[str]:
    """Wherever a stream is cut, no part of a span is let go before the span is found."""
    for cut in range(1, len(each.text)):
        part = each.text[:cut]
        decided = scanner.hold(part)
        early = [span for span in each.spans if span.start < min(cut, decided)]
        if not early:
            continue
        found = _spans(scanner, each.segment(part))
        straddling = [span.start for span in found if span.start < decided < span.end]
        decided = min([decided, *straddling])
        for span in early:
            if span.start < decided and not (span.end <= decided and span in found):
                yield f"cut at {cut}, {span.start}-{span.end} is let go up to {decided}."
                return


def _check_disguise(each: Filled, scanner: Scanner, disguise: str) -> Iterator[str]:
    text, wanted = DISGUISES[disguise](each.text, each.spans)
    found = _spans(scanner, each.segment(text))
    if not wanted <= found:
        yield f"as {disguise} wanted {_show(wanted)}, found {_show(found)}."


def json_escape(text: str, spans: Iterable[Span]) -> tuple[str, frozenset[Span]]:
    """The text as inside a JSON string, the first character of each span as `\\uXXXX`."""
    heads = {span.start for span in spans}
    pieces = []
    places = [0]
    for index, char in enumerate(text):
        escaped = f"\\u{ord(char):04x}" if index in heads and ord(char) < 0xD800 else char
        pieces.append(_JSON.get(char, escaped))
        places.append(places[-1] + len(pieces[-1]))
    return "".join(pieces), frozenset(Span(places[s.start], places[s.end]) for s in spans)


def written_as(write: Callable[[str], str]) -> Disguise:
    """A disguise that writes each value otherwise and leaves the text around it."""

    def disguise(text: str, spans: Iterable[Span]) -> tuple[str, frozenset[Span]]:
        pieces, moved, at, length = list[str](), set[Span](), 0, 0
        for span in sorted(spans):
            value = write(text[span.start : span.end])
            length += span.start - at
            moved.add(Span(length, length + len(value)))
            length += len(value)
            pieces += (text[at : span.start], value)
            at = span.end
        return "".join((*pieces, text[at:])), frozenset(moved)

    return disguise


def _base64_url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _base64_packed(raw: bytes) -> str:
    return base64.b64encode(gzip.compress(raw, mtime=0)).decode()


def _base64_lines(raw: bytes) -> str:
    coded = base64.b64encode(raw).decode()
    return "\n".join(coded[at : at + 64] for at in range(0, len(coded), 64))


_TAGS: Final = {code: code + 0xE0000 for code in range(0x20, 0x7F)}
_WIDE: Final = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
DISGUISES: Final[dict[str, Disguise]] = {
    "json_escape": json_escape,
    "fullwidth": written_as(lambda value: value.translate(_WIDE)),
    "zero_width": written_as("\u200b".join),
    "base64": written_as(lambda value: base64.b64encode(value.encode()).decode()),
    "hex": written_as(lambda value: value.encode().hex()),
    "base64_url": written_as(lambda value: _base64_url(value.encode())),
    "base64_lines": written_as(lambda value: _base64_lines(value.encode())),
    "gzip": written_as(
        lambda value: base64.b64encode(gzip.compress(value.encode(), mtime=0)).decode()
    ),
    "hex_colons": written_as(lambda value: value.encode().hex(":")),
    "hex_bytes": written_as(lambda value: ", ".join(f"0x{byte:02x}" for byte in value.encode())),
    "percent": written_as(lambda value: "".join(f"%{byte:02X}" for byte in value.encode())),
    "quoted_printable": written_as(
        lambda value: "".join(f"={byte:02X}" for byte in value.encode())
    ),
    "html": written_as(lambda value: "".join(f"&#{ord(char)};" for char in value)),
    "html_twice": written_as(lambda value: "".join(f"&amp;#{ord(char)};" for char in value)),
    "unicode_escape": written_as(lambda value: "".join(f"\\u{{{ord(char):x}}}" for char in value)),
    "tags": written_as(lambda value: value.translate(_TAGS)),
    "dotted": written_as(".".join),
    "spaced": written_as(" ".join),
}


def _check_together(rule: Rule, each: Filled, together: Scanner, merge: Merge) -> Iterator[str]:
    if each.example.someday:
        return
    findings = merge(together.scan([each.segment()])[0])
    allowed = {rule.id, *each.example.also}
    strange = sorted({finding.rule for finding in findings} - allowed)
    if strange:
        yield _say(rule, each.example, f"{', '.join(strange)} speak here; see `also`.")
    for span in each.spans:
        if not any(f.span.start <= span.start and span.end <= f.span.end for f in findings):
            yield _say(rule, each.example, f"the whole pack lets {span.start}-{span.end} go.")


def _check_excuses(rule: Rule, alone: Factory) -> Iterator[str]:
    for index, excuse in enumerate(rule.unless):
        if not excuse.shared and not _is_needed(rule, index, alone):
            yield (
                f"{excuse.origin}: {rule.id}: no negative example needs this excuse "
                f"({excuse.because})"
            )


def _check_shared(pack: RulePack, alone: Factory) -> Iterator[str]:
    users: dict[str, list[tuple[Rule, int]]] = {}
    for rule in pack.rules:
        for index, excuse in enumerate(rule.unless):
            if excuse.shared:
                users.setdefault(excuse.origin, []).append((rule, index))
    for origin, uses in users.items():
        if not any(_is_needed(rule, index, alone) for rule, index in uses):
            excuse = uses[0][0].unless[uses[0][1]]
            yield f"{origin}: no negative example needs this excuse ({excuse.because})"


def _is_needed(rule: Rule, index: int, alone: Factory) -> bool:
    """Whether the excuse by itself lets something go in a negative example."""
    without = alone([replace(rule, unless=())])
    alone_with = alone([replace(rule, unless=rule.unless[index : index + 1])])
    quiet = [e.segment() for e in _readable(rule) if e.example.silent and not e.example.someday]
    return any(_spans(without, each) - _spans(alone_with, each) for each in quiet)


def _has_near_miss(rule: Rule, alone: Factory) -> bool:
    """Whether a negative, silent without any excuse, is one character from being found."""
    scanner = alone([replace(rule, unless=())])
    quiet = [e for e in _readable(rule) if e.example.silent and len(e.text) <= _NEAR]
    still = [
        each
        for each in sorted(quiet, key=lambda each: len(each.text))
        if not _spans(scanner, each.segment())
    ]
    near = (
        each.segment(text)
        for neighbours in (_shorter, _longer, _other)
        for each in still
        for text in neighbours(each.text)
    )
    return any(any(scanner.scan(few)) for few in batched(near, _AT_ONCE))


def _shorter(text: str) -> Iterator[str]:
    """Every text with one character less."""
    for at in range(len(text)):
        yield text[:at] + text[at + 1 :]


def _longer(text: str) -> Iterator[str]:
    """Every text with one character doubled."""
    for at in range(len(text)):
        yield text[:at] + text[at] + text[at:]


def _other(text: str) -> Iterator[str]:
    """Every text with one character put in, or in the place of another."""
    for at in range(len(text) + 1):
        for char in _LETTERS:
            yield text[:at] + char + text[at + 1 :]
            yield text[:at] + char + text[at:]
