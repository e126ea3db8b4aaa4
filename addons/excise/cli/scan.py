"""`excise scan`: the same engine on text, files, HAR and JSON lines.

Exit status 0 clean, 1 findings, 2 an error. What is printed holds no matched value, except in
the text around it that the caller gave and the redaction left.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple, TextIO

from rich.console import Console
from rich.text import Text

from excise.assemble import Engine, load_engine
from excise.cli.options import settings_of
from excise.codecs import DIALECTS, read_body
from excise.detectors.base import signs_in
from excise.detectors.code.reader import Code
from excise.detectors.meaning.reading import Meaning
from excise.enforce.redact import build_redaction
from excise.errors import ConfigError, Unreadable
from excise.model import (
    Action,
    Decision,
    Direction,
    Mode,
    Part,
    Principal,
    Role,
    Ruling,
    Segment,
)
from excise.pipeline.scene import signals_of
from excise.pipeline.weigh import find
from excise.policy.situation import NO_SIGNALS

# One call of the scanner for so many lines: the fixed cost of a pass is shared.
BATCH: Final = 256
_CALLER: Final = Principal(id="scan", source="command-line")
_PARTS: Final = {
    Role.SYSTEM: Part.PROMPT,
    Role.USER: Part.PROMPT,
    Role.ASSISTANT: Part.COMPLETION,
    Role.TOOL: Part.TOOL_RESULT,
}


class Line(NamedTuple):
    """One JSON line as asked for, or what was wrong with it."""

    id: Any
    segment: Segment
    direction: Direction
    error: str = ""


def add_parser(subparsers: Any) -> None:
    """`excise scan` and its options."""
    parser = subparsers.add_parser("scan", help="the same engine on text, files and JSON lines")
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="files to read; - for standard input"
    )
    parser.add_argument("--jsonl", action="store_true", help="one JSON object a line in and out")
    parser.add_argument("--har", action="store_true", help="the files are HAR archives")
    parser.add_argument("--profile", metavar="NAME|FILE", help="default balanced")
    parser.add_argument(
        "--policies", type=Path, help="a folder with packs and profiles of your own"
    )
    parser.add_argument("--classifier", metavar="DIR", help="an ONNX classifier of your own")
    parser.add_argument("--deep", metavar="KIND:MODEL", help="a model of your own to ask as well")
    parser.add_argument("--enforce", action="store_true", help="treat shadow rules as enforced")
    parser.add_argument("--direction", choices=list(Direction), default=Direction.REQUEST)
    parser.add_argument("--role", choices=list(Role), default=Role.USER)
    parser.add_argument("--state-dir", type=Path, help="where keys and caches are kept")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Scan what the arguments name."""
    settings = settings_of(args)
    engine = load_engine(
        settings.profile,
        policies=settings.policies,
        state_dir=settings.state_dir,
        enforce=args.enforce,
        deep=settings.deep,
        deep_seconds=settings.deep_seconds,
        classifier=settings.classifier,
    )
    if args.jsonl:
        return _run_jsonl(engine, args)
    return _run_files(engine, args)


# -- JSON lines --------------------------------------------------------------------------------


def _run_jsonl(engine: Engine, args: argparse.Namespace) -> int:
    hit = False
    for name in args.files or ["-"]:
        with _opened(name) as stream:
            for answer in scan_lines(
                engine, stream, role=Role(args.role), direction=Direction(args.direction)
            ):
                hit = hit or bool(answer.get("findings"))
                sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    return 1 if hit else 0


def scan_lines(
    engine: Engine,
    lines: Iterable[str],
    *,
    role: Role = Role.USER,
    direction: Direction = Direction.REQUEST,
) -> Iterator[dict[str, Any]]:
    """One answer for each non-empty line, in order; a line that cannot be read gets an `error`."""
    stripped = (line for line in lines if line.strip())
    while batch := list(itertools.islice(stripped, BATCH)):
        asked = [_parse(line, role, direction) for line in batch]
        good = [line.segment for line in asked if not line.error]
        found = dict(zip((id(each) for each in good), engine.scanner.scan(good), strict=True))
        for line in asked:
            if line.error:
                yield {"id": line.id, "error": line.error}
            else:
                yield _answer(engine, line, found[id(line.segment)])


def _parse(text: str, role: Role, direction: Direction) -> Line:
    nothing = Segment("", role, _PARTS[role], 0)
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError):
        return Line(None, nothing, direction, "not a JSON object in one line")
    if not isinstance(asked, dict):
        return Line(None, nothing, direction, "not a JSON object in one line")
    name = asked.get("id")
    if not isinstance(asked.get("text"), str):
        return Line(
            name,
            nothing,
            direction,
            'wanted {"id", "text", "role"?, "direction"?}; "text" must be a text',
        )
    try:
        role = Role(asked.get("role", role))
        direction = Direction(asked.get("direction", direction))
    except ValueError:
        return Line(
            name,
            nothing,
            direction,
            f'"role" is one of {_list(Role)}, "direction" one of {_list(Direction)}',
        )
    return Line(name, Segment(asked["text"], role, _PARTS[role], 0), direction)


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)


def _answer(engine: Engine, line: Line, findings: Sequence[Any]) -> dict[str, Any]:
    said = NO_SIGNALS
    if engine.policy.reads:
        # Looked at before, so that this takes what is remembered.
        said = signals_of(engine.scanner.inspect([line.segment], None).signals)
    decision = engine.decide([(line.segment, tuple(findings))], line.direction, _CALLER, said)
    return {
        "id": line.id,
        "action": decision.action.value,
        "rules": sorted({ruling.finding.rule for ruling in decision.rulings}),
        "findings": [_finding(ruling) for ruling in _once(decision.rulings)],
        "signals": signals(line.segment, signs_in(findings)),
        "redacted": redacted(engine, line.segment.text, decision),
    }


def signals(segment: Segment, signs: int = 0) -> dict[str, Any]:
    """Every classifier's calibrated score, whatever the thresholds; `signs` as of `Glance`."""
    meaning = Meaning.shipped().signals(segment.text, segment.part, segment.role, signs)
    return {**meaning, "code": Code.shipped().signals(segment.text)}


def _once(rulings: Iterable[Ruling]) -> list[Ruling]:
    """A finding ruled on both in enforcement and in shadow is still one finding."""
    return list({(r.finding.rule, r.finding.span): r for r in rulings}.values())


def _finding(ruling: Ruling) -> dict[str, Any]:
    finding = ruling.finding
    return {
        "entity": finding.entity,
        "rule": finding.rule,
        "start": finding.span.start,
        "end": finding.span.end,
        "score": round(finding.score, 4),
        "severity": finding.severity.value,
    }


def redacted(engine: Engine, text: str, decision: Decision) -> str:
    """The text without what the decision cuts out; what would be blocked is cut out as well."""
    grave = [
        replace(ruling, action=Action.REDACT)
        for ruling in decision.rulings
        if ruling.mode is Mode.ENFORCE and ruling.action.rank >= Action.REDACT.rank
    ]
    redaction = build_redaction(grave, engine.placeholders.name)
    for edit in sorted(redaction.edits, key=lambda each: each.span, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


# -- files -------------------------------------------------------------------------------------


def _run_files(engine: Engine, args: argparse.Namespace) -> int:
    console = Console(soft_wrap=True, highlight=False)
    total = 0
    for name in args.files or ["-"]:
        with _opened(name) as stream:
            text = stream.read()
        read = _har_segments if args.har else _plain_segments
        segments = list(read(text, Role(args.role), name))
        direction = Direction(args.direction)
        for label, segment, way in segments:
            found = find(engine.scanner, [segment], way or direction, engine.policy.mild)
            said = signals_of(found.signals)
            decision = engine.decide(found.findings, way or direction, _CALLER, said)
            for ruling in sorted(_once(decision.rulings), key=lambda each: each.finding.span):
                total += 1
                console.print(_row(label, segment, ruling))
    console.print(f"{total} finding{'' if total == 1 else 's'}", style="dim")
    return 1 if total else 0


Located = tuple[str, Segment, Direction | None]


def _plain_segments(text: str, role: Role, name: str) -> Iterator[Located]:
    yield name, Segment(text, role, _PARTS[role], 0), None


def _har_segments(text: str, role: Role, name: str) -> Iterator[Located]:
    """Texts of an HTTP Archive 1.2: bodies both ways, taken apart where they are JSON."""
    try:
        entries = json.loads(text)["log"]["entries"]
        bodies = [
            (number, way, str(body))
            for number, entry in enumerate(entries)
            for way, body in (
                (Direction.REQUEST, (entry["request"].get("postData") or {}).get("text")),
                (Direction.RESPONSE, (entry["response"].get("content") or {}).get("text")),
            )
            if body
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ConfigError(
            "EXC-CFG-003",
            "not an HTTP archive; wanted a HAR 1.2 file as browsers save it.",
            at=name,
        ) from None
    for number, way, body in bodies:
        try:
            segments = read_body(DIALECTS["generic-json"], way, body.encode()).segments
        except Unreadable:
            segments = (Segment(body, role, Part.METADATA, 0),)
        for segment in segments:
            yield f"{name}#{number}/{way}", segment, way


def _row(label: str, segment: Segment, ruling: Ruling) -> Text:
    finding = ruling.finding
    before = segment.text[: finding.span.start]
    line = before.count("\n") + 1
    column = finding.span.start - (before.rfind("\n") + 1) + 1
    mode = " (shadow)" if ruling.mode is Mode.SHADOW else ""
    return Text.assemble(
        (f"{label}:{line}:{column}", "bold"),
        f"  {finding.entity}  ",
        (f"{ruling.action}{mode}", "red" if ruling.action is Action.BLOCK else "yellow"),
        (f"  {finding.rule}  {finding.severity}", "dim"),
    )


def _opened(name: str) -> TextIO:
    if name == "-":
        return io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace")
    try:
        return Path(name).open(encoding="utf-8", errors="replace")
    except OSError as fault:
        reason = fault.strerror or "cannot be read"
        raise ConfigError("EXC-CFG-003", f"{reason}; wanted a readable file.", at=name) from None
