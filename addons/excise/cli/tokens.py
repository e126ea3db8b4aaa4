"""`excise tokens`: how many tokens a text has for a model, estimated and exact."""

from __future__ import annotations

import argparse
from contextlib import closing
from typing import Any, Final

from excise.cli.indexes import read_text
from excise.text.tokencount import DEFAULT, encoding_of
from excise.workers.counter import TokenCounter

_WITHIN: Final = 60.0  # seconds; whoever asks at a terminal can wait for a large file


def add_parser(subparsers: Any) -> None:
    """`excise tokens` and its options."""
    parser = subparsers.add_parser("tokens", help="count tokens for a model, without a network")
    parser.add_argument("files", nargs="*", metavar="FILE", help="files; - for standard input")
    parser.add_argument("--model", default="", help="whose encoding counts; default the newest")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Count each file."""
    with closing(TokenCounter(within=_WITHIN)) as counter:
        _show(counter, args)
    return 0


def _show(counter: TokenCounter, args: argparse.Namespace) -> None:
    encoding = encoding_of(args.model)
    print(f"{'estimate':>9} {'exact':>9}  file ({encoding})")
    for name in args.files or ["-"]:
        text = read_text(name)
        about = counter.count([text], args.model).tokens
        exact = counter.exact([text], args.model)
        print(f"{about:>9} {exact.tokens if exact else 'no answer':>9}  {name}")
    if args.model and encoding == DEFAULT and not _is_published(args.model):
        print(f"The tokenizer of {args.model} is not published; these are tokens of {encoding}.")


def _is_published(model: str) -> bool:
    """Whether a model is known to use one of the encodings that ship."""
    name = model.rpartition("/")[2].lower().removeprefix("ft:")
    return name.startswith(("gpt-", "chatgpt-", "o1", "o3", "o4", "text-embedding-"))
