"""`excise facts`: what is so, for answers that say otherwise."""

from __future__ import annotations

import argparse
from typing import Any

from rich.console import Console
from rich.table import Table

from excise.cli.indexes import add_removing, add_state_dir, read_all, read_text
from excise.cli.options import settings_of
from excise.detectors.answers.facts import NAME, Fact, Facts, check_fact, from_bytes, to_bytes
from excise.detectors.base import Glance
from excise.errors import PolicyError
from excise.model import Part, Role, Segment
from excise.state.indexes import is_name, put_index
from excise.strict import Node, parse_yaml


def add_parser(subparsers: Any) -> None:
    """`excise facts` with its own commands."""
    parser = subparsers.add_parser("facts", help="what is so, for answers that say otherwise")
    commands = parser.add_subparsers(dest="facts_command", metavar="COMMAND", required=True)
    made = commands.add_parser("load", help="keep the facts of a YAML file under a name")
    made.add_argument("name", help="of this set of facts; one of the same name is replaced")
    made.add_argument("file", metavar="FILE", help="facts: name, about, value, wrong")
    made.set_defaults(func=run_load)
    test = commands.add_parser("test", help="what a text says against the facts")
    test.add_argument("file", metavar="FILE", help="a text; - for standard input")
    test.set_defaults(func=run_test)
    shown = commands.add_parser("list", help="the facts that are kept")
    shown.set_defaults(func=run_list)
    add_state_dir(made, test, shown, add_removing(commands, NAME))


def run_load(args: argparse.Namespace) -> int:
    """Read, check, keep. Raises `PolicyError` for a fact that nothing can contradict."""
    nodes = parse_yaml(read_text(args.file), args.file)
    facts = [_fact(node) for node in nodes.nodes("facts")]
    nodes.done()
    if not is_name(args.name):
        raise PolicyError("EXC-POL-006", f'"{args.name}" can be no name.', at=args.file)
    put_index(settings_of(args).state_dir, NAME, args.name, to_bytes(facts))
    print(f"{args.name}: {len(facts)} facts")
    return 0


def _fact(node: Node) -> Fact:
    fact = Fact(node.text("name"), node.texts("about"), node.text("value"), node.texts("wrong", ()))
    node.done()
    try:
        if not is_name(fact.name):
            raise ValueError("its name can be none")
        check_fact(fact)
    except ValueError as why:
        raise PolicyError("EXC-POL-006", f'the fact "{fact.name}": {why}.', at=node.at()) from None
    return fact


def run_test(args: argparse.Namespace) -> int:
    """One row a contradiction; exit status 1 where there is one."""
    sets = read_all(settings_of(args).state_dir, NAME, from_bytes)
    detector = Facts([fact for each in sets.values() for fact in each])
    text = read_text(args.file)
    (sights,) = detector.find([Glance(Segment(text, Role.ASSISTANT, Part.COMPLETION, 0))])
    table = Table()
    for column in ("fact", "said", "at"):
        table.add_column(column)
    for sight in sights:
        start, end = sight.span
        table.add_row(sight.label, text[start:end], str(start))
    Console().print(table)
    return 1 if sights else 0


def run_list(args: argparse.Namespace) -> int:
    """One row a fact."""
    table = Table()
    for column in ("set", "fact", "about", "value"):
        table.add_column(column)
    for name, facts in read_all(settings_of(args).state_dir, NAME, from_bytes).items():
        for each in facts:
            table.add_row(name, each.name, ", ".join(each.about), each.value)
    Console().print(table)
    return 0
