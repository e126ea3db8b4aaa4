"""How often guards of calls and answers speak up over ordinary work: calls as agents for code make
them, answers with links and pictures, answers to instructed models. All drawn by seed from
`meaning/calls.txt` and `../shared/data`; every mention is a false alarm.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from grammar import draw, read_grammar
from samples import rows

from excise.detectors.answers.leak import Leak, build_shingles
from excise.detectors.answers.links import Links
from excise.detectors.base import Glance
from excise.detectors.build import build_plain_scanner
from excise.detectors.tools.calls import Argument, Call
from excise.detectors.tools.guard import Terms, ToolGuard
from excise.detectors.tools.words import CLASSES, OTHER
from excise.folders import open_folders
from excise.model import Part, Role, Segment
from excise.rules.load import load_packs

HERE: Final = Path(__file__).parent
DATA: Final = HERE.parent.parent / "shared" / "data"
BAR: Final = 0.75  # what the rules of these guards ask for


def draw_calls(count: int, dice: random.Random) -> Iterator[Call]:
    """Calls of a shell, of files and of the web, six to three to one."""
    sections = read_grammar(HERE / "meaning" / "calls.txt")
    for _ in range(count):
        kind = dice.choices(("bash", "write", "fetch"), (6, 3, 1))[0]
        text = draw(sections, kind, dice)
        if kind == "bash":
            yield Call("bash", (Argument("command", text),), 0)
        elif kind == "write":
            body = Argument("content", "def main():\n    return 0\n")
            yield Call("write_file", (Argument("path", text), body), 0)
        else:
            yield Call("web_fetch", (Argument("url", text),), 0)


def guarded(calls: Sequence[Call], terms: Terms) -> Counter[str]:
    """Label → calls that carry it with a score that counts, beside the classes."""
    guard, out = ToolGuard(terms), Counter[str]()
    for call in calls:
        out.update({
            label for label, score in guard.judge(call)
            if score >= BAR and label not in (*CLASSES, OTHER)
        })  # fmt: skip
    return out


def patterned(calls: Sequence[Call]) -> Counter[str]:
    """Rule of the pack `tools` → calls that it finds something in."""
    files = open_folders(None, None).pack("tools")
    assert files is not None
    (pack,) = load_packs({"tools": files})
    scanner, out = build_plain_scanner(pack.rules), Counter[str]()
    for call in calls:
        segments = [
            Segment(each.text, Role.ASSISTANT, Part.TOOL_ARGUMENTS, at)
            for at, each in enumerate(call.arguments)
        ]
        out.update({each.rule for found in scanner.scan(segments) for each in found})
    return out


def linked(count: int, dice: random.Random) -> Counter[str]:
    """Answers with a link or picture of a host that nobody named, of which one is told."""
    sections = read_grammar(HERE / "meaning" / "calls.txt")
    links, out = Links(frozenset()), Counter[str]()
    for _ in range(count):
        text = draw(sections, "links", dice)
        (sights,) = links.find([_glance(text)])
        out["links"] += any(each.score >= BAR for each in sights)
    return out


def leaking(data: Path, dice: random.Random) -> tuple[int, Counter[str]]:
    """Other instructions of the same kind, and ordinary answers, taken for copies of a prompt."""
    told = [row["text"] for row in rows(data, "overdefence") if row["source"].startswith("0xeb")]
    answers = [row["text"] for row in rows(data, "moderation_train") if row["part"] == "response"]
    out, count = Counter[str](), 0
    for prompt in dice.sample(told, min(300, len(told))):
        leak = Leak(build_shingles([prompt]))
        texts = dice.sample(answers, 4)
        count += len(texts)
        found = leak.find([_glance(text) for text in texts])
        out["system-prompt"] += sum(any(s.score >= BAR for s in each) for each in found)
    return count, out


def _glance(text: str) -> Glance:
    return Glance(Segment(text, Role.ASSISTANT, Part.COMPLETION, 0))


def measure(data: Path, count: int) -> dict[str, Any]:
    """Guard → how many texts it read, and what it said of how many."""
    dice = random.Random("guards")
    calls = list(draw_calls(count, dice))
    offered = frozenset({"bash", "write_file", "web_fetch"})
    report: dict[str, Any] = {
        "tool-guard": {"read": count, **guarded(calls, Terms(offered=offered))},
        "tool-guard, a secret was read": {
            "read": count, **guarded(calls, Terms(offered=offered, tainted=True)),
        },
        "tools": {"read": count, **patterned(calls)},
        "links": {"read": count, **linked(count, dice)},
    }  # fmt: skip
    if (data / "overdefence.jsonl.gz").is_file():
        read, said = leaking(data, dice)
        report["leak"] = {"read": read, **said}
    return report


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate-guards", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--show", action="store_true", help="print the calls that are told")
    args = parser.parse_args()
    print(json.dumps(measure(args.data, args.count), indent=1))
    if args.show:
        guard = ToolGuard(Terms())
        seen = set()
        for call in draw_calls(args.count, random.Random("guards")):
            said = [x for x, s in guard.judge(call) if s >= BAR and x not in (*CLASSES, OTHER)]
            if said and call.arguments not in seen:
                seen.add(call.arguments)
                print(said, call.arguments[0].text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
