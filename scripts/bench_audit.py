"""Times the trail on generated lines; CPU seconds are of this process, all threads."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from excise.audit.archive import pack
from excise.audit.chain import Head, link
from excise.audit.fields import Stage
from excise.audit.record import Facts, build_record
from excise.audit.stats import read_stats
from excise.audit.verify import verify_trail
from excise.model import (
    Action,
    Decision,
    Direction,
    Finding,
    Kind,
    Mode,
    Part,
    Principal,
    Role,
    Ruling,
    Segment,
    Severity,
    Span,
    Usage,
)

FILE_BYTES = 64_000_000
SHAPES = 2000


def main() -> int:
    """Write a trail, then time each step on it."""
    given = [each for each in sys.argv[1:] if each != "--page"]
    count = int(given[0]) if given else 1_000_000
    records = [record(number) for number in range(SHAPES)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audit.jsonl"
        encode = json.JSONEncoder(separators=(",", ":")).encode
        lines = [encode(each).encode() + b"\n" for each in records]
        per_line("render", SHAPES, lambda: [encode(each).encode() for each in records])
        per_line("chain", SHAPES, lambda: chained(lines))
        size = write(path, lines, count)
        print(f"trail        {count} lines, {size / 1e6:.0f} MB before packing")
        timed("verify", lambda: verify_trail(path, None, lambda _: None))
        timed("first stats", lambda: read_stats(path))
        timed("stats", lambda: read_stats(path))
        if "--page" in sys.argv:
            asyncio.run(page(path))
    return 0


async def page(path: Path) -> None:
    """Seconds until the dashboard's first section shows its figures, and the newest lines."""
    from dashboard.browser import open_browser
    from dashboard.served import served

    from excise.dashboard.desk import Books, build_desk

    books = Books(trail=path, state_dir=path.parent, reviewer="bench", limits=dict)
    with served(build_desk(books, {})) as server:
        async with open_browser(path.parent / "profile") as tab:
            await tab.open(server.url)
            await tab.until("!document.querySelector('#page').hidden")
            for turn in ("first", "again", "again"):
                await tab.open("about:blank")
                began = time.perf_counter()
                await tab.open(f"http://127.0.0.1:{server.port}/#/activity?range=all")
                await tab.until("document.querySelector('.figures strong')")
                figures = time.perf_counter() - began
                await tab.until("document.querySelectorAll('.lines tbody tr.opens').length > 5")
                lines = time.perf_counter() - began
                print(f"page, {turn:<6} {figures:.2f} s to figures, {lines:.2f} s to lines")


def record(number: int) -> dict[str, Any]:
    """One line as the firewall makes it; every fourth found something."""
    segment = Segment("so the value it", Role.USER, Part.PROMPT, 0, ("messages", 0, "content"))
    finding = Finding(
        f"secret.k{number % 30}", f"secrets.k{number % 30}", Span(3, 8), 0.9, Severity.HIGH,
        Kind.SECRET,
    )  # fmt: skip
    action = (Action.ALLOW, Action.ALLOW, Action.ALLOW, Action.REDACT)[number % 4]
    ruling = Ruling(
        segment=segment, finding=finding, action=action, mode=Mode.ENFORCE, clause="keys-out"
    )
    facts = Facts(
        stage=Stage.REQUEST, id=f"{number:032x}", direction=Direction.REQUEST,
        principal=Principal(id=f"user:p{number % 200}", source="proxy", group="staff"),
        address="192.0.2.7", user_agent="OpenAI/Python 2.1.0", provider="openai",
        host="api.openai.com", method="POST", target="/v1/chat/completions",
        dialect="openai-chat", model="gpt-5", status=200, bytes_in=number, bytes_out=number,
        usage=Usage(input=number, output=number), timings={"total": number / 500},
        profile="balanced", policy="a" * 64,
    )  # fmt: skip
    rulings = (ruling,) if action is Action.REDACT else ()
    return build_record(
        facts, Decision(action=action, would=action, rulings=rulings), key=b"k" * 32
    )


def chained(lines: list[bytes]) -> list[bytes]:
    """The lines with their links."""
    head, made = Head(), []
    for line in lines:
        linked, head = link(head, line)
        made.append(linked)
    return made


def write(path: Path, lines: list[bytes], count: int) -> int:
    """A trail of `count` lines in full files, packed, and one that is written to."""
    head, held, size, total, files = Head(), [], 0, 0, 0
    for number in range(count):
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1.9e9 + number))
        body = lines[number % len(lines)]
        linked, head = link(head, b'{"time":"%b.000Z",%b' % (moment.encode(), body[1:]))
        held.append(linked)
        size += len(linked)
        total += len(linked)
        if size >= FILE_BYTES:
            full = path.with_name(f"audit-20300101T000000-{files:06d}.jsonl")
            full.write_bytes(b"".join(held))
            pack(full, "zstd")
            held, size, files = [], 0, files + 1
    path.write_bytes(b"".join(held))
    return total


def per_line(name: str, count: int, work: Callable[[], object]) -> None:
    """The best of nine, in CPU microseconds a line."""
    best = min(cpu(work) for _ in range(9))
    print(f"{name:<12} {best / count * 1e6:.2f} us a line")


def timed(name: str, work: Callable[[], object]) -> None:
    """Wall and CPU seconds."""
    began = time.perf_counter()
    spent = cpu(work)
    print(f"{name:<12} {time.perf_counter() - began:.2f} s, {spent:.2f} s of CPU")


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of this process."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    raise SystemExit(main())
