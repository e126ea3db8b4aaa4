"""`excise topics`: topics of the operator's own, from a few examples each, or an allow list.

What is kept is a direction in the space of word vectors; no example can be read out of it.
"""

from __future__ import annotations

import argparse
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from excise.cli.indexes import add_removing, add_state_dir, read_all, read_text
from excise.cli.options import settings_of
from excise.detectors.base import Glance
from excise.detectors.meaning.own_topics import (
    FEWEST,
    MOST,
    OwnTopic,
    Trained,
    build_allowed,
    train,
)
from excise.detectors.meaning.reading import Meaning, Topics
from excise.errors import PolicyError
from excise.model import Part, Role, Segment
from excise.state.indexes import is_name, put_index
from excise.strict import Node, parse_yaml

KIND: Final = "topics"


def add_parser(subparsers: Any) -> None:
    """`excise topics` with its own commands."""
    parser = subparsers.add_parser("topics", help="topics of the operator's own")
    commands = parser.add_subparsers(dest="topics_command", metavar="COMMAND", required=True)
    made = commands.add_parser("train", help="make topics out of a YAML file and keep them")
    made.add_argument(
        "file", metavar="FILE", help=f"topics, each with a name and {FEWEST} to {MOST} examples, "
        "or a name and the topics that are allowed"
    )  # fmt: skip
    made.set_defaults(func=run_train)
    test = commands.add_parser("test", help="the score of every topic for a text")
    test.add_argument("file", metavar="FILE", help="a text; - for standard input")
    test.set_defaults(func=run_test)
    shown = commands.add_parser("list", help="the topics that were made")
    shown.set_defaults(func=run_list)
    add_state_dir(made, test, shown, add_removing(commands, KIND))


def run_train(args: argparse.Namespace) -> int:
    """Read, train, keep; exit status 1 where a topic does not find its own examples."""
    state_dir = settings_of(args).state_dir
    nodes = parse_yaml(read_text(args.file), args.file)
    found = [_made(node) for node in nodes.nodes("topics")]
    nodes.done()
    weak = False
    for each in found:
        topic = each.topic if isinstance(each, Trained) else each
        put_index(state_dir, KIND, topic.name, topic.to_bytes())
        if isinstance(each, Trained):
            weak = weak or each.kept < 0.5
            print(
                f"{topic.name}: finds {each.kept:.0%} of its examples unseen, at most one in 200 "
                f"ordinary texts; min_score {each.proposed}"
            )
        else:
            print(f"{topic.name}: everything but {', '.join(topic.allowed)}; min_score 0.5")
    return 1 if weak else 0


def _made(node: Node) -> Trained | OwnTopic:
    name = node.text("name")
    examples, allowed = node.texts("examples", ()), node.texts("allowed", ())
    node.done()
    model = Meaning.shipped().model
    if not is_name(name) or name in model.topics or bool(examples) == bool(allowed):
        raise PolicyError(
            "EXC-POL-006",
            f'the topic "{name}" is one that ships, can be no name, or has not just one of '
            "examples and allowed.",
            at=node.at(),
        )
    try:
        return train(model, name, examples) if examples else build_allowed(model, name, allowed)
    except ValueError as why:
        raise PolicyError("EXC-POL-006", f'the topic "{name}": {why}.', at=node.at()) from None


def run_test(args: argparse.Namespace) -> int:
    """One row a topic, the likeliest first; exit status 1 where one of the own has 0.5."""
    own = read_all(settings_of(args).state_dir, KIND, OwnTopic.from_bytes)
    detector = Topics(Meaning.shipped(), tuple(own.values()))
    glance = Glance(Segment(read_text(args.file), Role.USER, Part.PROMPT, 0))
    (sights,) = detector.find([glance])
    table = Table()
    for column in ("topic", "score", "from", "to"):
        table.add_column(column)
    for sight in sorted(sights, key=lambda each: -each.score):
        start, end = sight.span
        table.add_row(sight.label, f"{sight.score:.2f}", str(start), str(end))
    Console().print(table)
    return 1 if any(each.label in own and each.score >= 0.5 for each in sights) else 0


def run_list(args: argparse.Namespace) -> int:
    """One row a topic."""
    table = Table()
    for column in ("name", "made from"):
        table.add_column(column)
    for name, topic in read_all(settings_of(args).state_dir, KIND, OwnTopic.from_bytes).items():
        said = f"everything but {', '.join(topic.allowed)}" if topic.allowed else "examples"
        table.add_row(name, said)
    Console().print(table)
    return 0
