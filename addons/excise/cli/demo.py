"""`excise demo`: real calls through a real proxy to a stand-in model, and what came of each."""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from excise.cli.demo_clients import Clients, trust_of
from excise.cli.demo_scenes import (
    SCENES,
    Outcome,
    Scene,
    judge,
    make_values,
    tell_tales,
    worst_action,
)
from excise.cli.demo_stage import ProxyProcess
from excise.rules.fillers import fill
from excise.standin.script import Answer, always, answer_prompt, last_text
from excise.standin.server import StandIn

WIDTH: Final = 150  # columns of the picture
COLUMNS: Final = {
    "exchange": 3,
    "the client sent": 4,
    "upstream received": 4,
    "the client got": 4,
    "audit": 4,
}
COLOURS: Final = {"allow": "green", "alert": "yellow", "redact": "cyan", "block": "red"}
_STEER: Final = re.compile(r" ?standin:[a-z]+(?:=\d+)?")
_FONT_URL: Final = re.compile(r',\s*url\("https:[^)]*\)\s*format\("[^"]*"\)')
_PLACEHOLDER: Final = re.compile(r"\[[A-Z][A-Z0-9_]{1,40}_[a-z0-9]{9}\]")
_REFERENCE: Final = re.compile(r".*(Reference: \S+)\.$", re.DOTALL)


def add_parser(subparsers: Any) -> None:
    """`excise demo` and its options."""
    parser = subparsers.add_parser("demo", help="proxy, stand-in model and real calls")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write the table as a picture")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Play every scene; 1 where anything leaked or did not come out as it has to."""
    console = Console(record=args.svg is not None, width=WIDTH if args.svg else None)
    with tempfile.TemporaryDirectory(prefix="excise-demo-") as name:
        outcomes, leaks = play(Path(name), console)
    console.print(_table(outcomes))
    faults = [f"{each.scene.title}: {fault}" for each in outcomes for fault in each.faults]
    leaks = [fault for fault in faults if "leak: " in fault] + leaks
    others = [fault for fault in faults if fault not in leaks]
    for fault in (*leaks, *others):
        console.print(f"[red]✗ {escape(fault)}[/red]")
    console.print(f"[bold]leaks: {len(leaks)}[/bold]", highlight=False)
    if args.svg is not None:
        # A font from elsewhere would have every reader of the picture call there.
        picture = _FONT_URL.sub("", console.export_svg(title="excise demo"))
        args.svg.write_text(picture, "utf-8")
    return 1 if leaks or others else 0


def play(
    folder: Path, console: Console, scenes: Sequence[Scene] = SCENES
) -> tuple[list[Outcome], list[str]]:
    """Start both servers below `folder` and play the scenes; besides, where values were found."""
    values = make_values()
    # The credential for the provider is no leak: it has to arrive there as it is.
    own = {name: fill("{alnum:40}", name) for name in ("openai_key", "anthropic_key")}
    with StandIn(folder / "upstream") as standin:
        proxy = ProxyProcess(folder / "proxy", standin)
        with console.status("starting the proxy and a stand-in for the models …"), proxy:
            clients = Clients(port=proxy.port, trust=trust_of(proxy.ca, standin.ca), **own)
            outcomes = [perform(scene, values, clients, standin, proxy) for scene in scenes]
        parts = [part for value in (*values.values(), *own.values()) for part in tell_tales(value)]
        leaks = [f"leak: a planted value stands in {name}" for name in proxy.find_leaks(parts)]
    return outcomes, leaks


def perform(
    scene: Scene,
    values: Mapping[str, str],
    clients: Clients,
    standin: StandIn,
    proxy: ProxyProcess,
) -> Outcome:
    """Play one scene, wait for its audit lines and judge it."""
    sent = scene.says.format_map(values)
    asked, written = len(standin.received), len(proxy.lines())
    fixed = Answer(text=scene.answers.format_map(values), chunk=3)
    standin.script = always(fixed) if scene.answers else answer_prompt
    said = scene.act(clients, sent)
    lines = [line for line in proxy.await_lines(written, scene.lines) if line.get("id")]
    received = tuple(standin.received)[asked:]
    return Outcome(
        scene=scene,
        sent=sent,
        said=said,
        received=received,
        lines=tuple(lines),
        faults=tuple(judge(scene, values, said, received, lines)),
    )


def _table(outcomes: Sequence[Outcome]) -> Table:
    values = make_values()
    table = Table(show_lines=True, expand=True, title_justify="left")
    for name, ratio in COLUMNS.items():
        table.add_column(name, ratio=ratio, overflow="fold")
    for each in outcomes:
        mark = "[red]✗[/red]" if each.faults else "[green]✓[/green]"
        table.add_row(
            f"{mark} {escape(each.scene.title)}\n[dim]{escape(each.scene.client)}[/dim]",
            show(each.sent, values),
            _upstream(each, values),
            show(_REFERENCE.sub(r"HTTP 400: … \1", each.said.text), values),
            _audit(each),
        )
    return table


def show(text: str, values: Mapping[str, str]) -> str:
    """A text as markup: planted values short and red, placeholders cyan, steering words left out.

    The ends of a value are enough for whoever planted it, and nobody can use them.
    """
    marked = escape(_STEER.sub("", text))
    for value in values.values():
        spelled = [value, value.replace("\n", "\\n")]
        for each in spelled:
            flat = " ".join(each.split())
            short = f"{flat[:4]}…{flat[-4:]}" if "-----" not in each else "(private key)"
            marked = marked.replace(escape(each), f"[bold red]{short}[/bold red]")
    marked = _PLACEHOLDER.sub(lambda hit: f"[cyan]{hit.group()}[/cyan]", marked)
    return marked.strip()


def _upstream(outcome: Outcome, values: Mapping[str, str]) -> str:
    if not outcome.received:
        return "[dim]nothing[/dim]"
    request = outcome.received[-1]
    text = last_text(request.json())
    if not text:
        text = request.body.decode("utf-8", "replace")
    if not text.isprintable() and "\n" not in text:
        text = f"({len(request.raw)} bytes, as sent)"
    if "?" in request.target:
        text = f"{request.target.partition('?')[2]} {request.header('x-note')}"
    return show(text, values)


def _audit(outcome: Outcome) -> str:
    if not outcome.scene.lines:
        return "[dim]tunnelled, not read[/dim]"
    worst = worst_action(outcome.lines)
    rules = sorted(
        {str(ruling["rule"]) for line in outcome.lines for ruling in line.get("rulings", ())}
    )
    reasons = sorted({str(word) for line in outcome.lines for word in line.get("reasons", ())})
    restored = sum(int(line.get("restored", 0)) for line in outcome.lines)
    words = [f"[{COLOURS.get(worst, 'white')}]{worst}[/]", *rules, *reasons]
    return "\n".join([*words, *([f"restored: {restored}"] if restored else [])])
