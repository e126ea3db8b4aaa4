"""The `excise` command: finds the subcommand, runs it, turns what went wrong into one line.

Exit status: 0 fine, 1 findings or a failed check, 2 an error somebody must mend.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Final

from excise import __version__
from excise.errors import ExciseError

# Each module has `add_parser(subparsers)`; only the one that is asked for is imported, because
# the proxy's and the scanner's dependencies take longer to load than `excise env` to run.
COMMANDS: Final[dict[str, str]] = {
    "up": "run the proxy",
    "service": "the proxy as a service of its user",
    "demo": "show what it does: proxy, stand-in model and real calls, without a network",
    "scan": "the same engine on text, files and JSON lines",
    "audit": "read the trail",
    "dashboard": "the trail as a page, for a browser on this machine",
    "env": "print proxy and CA settings for a shell or an editor",
    "run": "run one command with those settings",
    "prove": "planted values through the real clients of this machine, and what upstream got",
    "ca": "the interception CA",
    "pac": "a proxy auto-configuration script",
    "gateway": "hand a network's traffic to the proxy, by nftables",
    "user": "who may use the proxy",
    "token": "tokens of users' devices",
    "policy": "packs and profiles",
    "learn": "endpoints and fields that were observed, and what is allowed of them",
    "limits": "what is used of each limit, and forgetting it",
    "kill": "refuse all LLM traffic at once",
    "reload": "have running proxies load their policy anew",
    "override": "let one refused request pass once",
    "fingerprint": "indexes of own code",
    "dictionary": "indexes of own records, for exact-data match",
    "known": "the operator's own secrets, as digests",
    "canary": "planted values whose way out is told",
    "packages": "lists of the packages that exist",
    "facts": "what is so, for answers that say otherwise",
    "tools": "definitions of tools that are pinned",
    "topics": "topics of the operator's own, from examples",
    "tokens": "count tokens for a model, without a network",
    "doctor": "what is wrong here, and the mend",
    "bench": "added cost against plain mitmproxy in one run",
}


def build_parser(only: str | None) -> argparse.ArgumentParser:
    """The parser; with `only`, just that subcommand carries its options."""
    parser = argparse.ArgumentParser(
        prog="excise", description="An egress firewall for LLM traffic."
    )
    parser.add_argument("--version", action="version", version=f"excise {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        if name == only:
            importlib.import_module(f"excise.cli.{name}").add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=summary, add_help=False)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    only = next((word for word in words if not word.startswith("-")), None)
    args = build_parser(only if only in COMMANDS else None).parse_args(words)
    try:
        return int(args.func(args))
    except ExciseError as fault:
        print(f"excise: {fault}", file=sys.stderr)
        return fault.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough; closing stderr keeps the interpreter quiet.
        sys.stderr.close()
        return 141


if __name__ == "__main__":
    raise SystemExit(main())
