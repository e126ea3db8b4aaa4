"""Builds the reference pages from the tables in the code. Run by `scripts/gen-docs`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Final

from reference_bypasses import lines as bypass_lines
from reference_detection import page as detection_page
from reference_detection import readme
from reference_runtimes import lines as runtime_lines

from excise.audit.fields import build_schema, render_reference
from excise.audit.mapping import render_mapping
from excise.catalogue import load_catalogue
from excise.cli.main import COMMANDS, build_parser
from excise.config import Settings
from excise.edge.metrics import render_reference as render_metrics
from excise.errors import CODES, REASONS
from excise.kinds import KINDS
from excise.policy.fields import FIELDS, FUNCTIONS, RECORD, About
from excise.policy.files import build_limits_schema, build_profile_schema
from excise.resources import policies_dir
from excise.rules.files import build_pack_schema, build_topic_schema
from excise.rules.load import load_packs
from excise.rules.schema import RulePack

ROOT: Final = Path(__file__).resolve().parent.parent
MADE: Final = "<!-- Written by scripts/gen-docs from {}. -->"

# What to do about each error, for somebody who has just met it.
MENDS: Final = {
    "EXC-CFG-001": "The message names the setting, where its value came from and what is wanted. "
    "Values come from the settings file, then `EXCISE_…` variables, then the command line; "
    "`docs/reference/settings.md` lists them all.",
    "EXC-CFG-002": "Listen on 127.0.0.1, or say which networks your clients are in with "
    "`--allow-clients`. An open proxy relays for anybody.",
    "EXC-CFG-003": "Check the path in the message: that it exists, and that the user who runs "
    "`excise` may read it, or write where writing is meant.",
    "EXC-CFG-004": "Run `scripts/setup run` in a checkout, or install the package with the extra "
    "that the message names.",
    "EXC-CFG-005": "Leave the option out. It is refused because some of its values let traffic "
    "pass unread; the message lists the options that are free to set.",
    "EXC-CFG-006": "Start the proxy with `excise up`, or give the address it listens on with "
    "`--listen`.",
    "EXC-CFG-007": "Run `excise gateway` as root, in the network namespace it is meant for, on a "
    "Linux with nftables; the message holds what `nft` says. Nothing was changed.",
    "EXC-CFG-008": "The message holds the command and the first line that it said; run it by hand "
    "to see the rest, or have `--print` say all that would be done.",
    "EXC-POL-001": "Mend the YAML at the file and line that the message names.",
    "EXC-POL-002": "Remove one of the two keys; readers differ on which one counts.",
    "EXC-POL-003": "Correct the spelling, or remove the key; the message says what comes nearest.",
    "EXC-POL-004": "Add the key at the place that the message names.",
    "EXC-POL-005": "Write the value in the type that the message wants; quote texts that YAML "
    "takes for numbers or for truth values.",
    "EXC-POL-006": "Take one of the values that the message lists.",
    "EXC-POL-007": "Give the rule an id of its own that begins with its pack's name and a dot; "
    "ids that were retired stay retired.",
    "EXC-POL-008": "Rewrite the pattern without look-around, back-references or unbounded "
    "repetition; `policies/README.md` has the dialect.",
    "EXC-POL-009": "Run `excise policy test FILE`, and mend the rule or its examples until "
    "each holds.",
    "EXC-POL-010": "The name is used and nowhere defined: correct it, or add what it names.",
    "EXC-POL-011": "Add examples: two that must be found, two that must not, one of them a near "
    "miss.",
    "EXC-POL-012": "Bring the text into the form that the message describes.",
    "EXC-POL-013": "Mend the expression at the file, line and column that the message names; "
    "`docs/reference/policy-fields.md` lists every field with its type.",
    "EXC-POL-014": "Split the expression into several clauses, each with a part of it.",
    "EXC-POL-015": "Remove what has no effect, or change what keeps it from having one; the "
    "message says which.",
    "EXC-POL-016": "The last good policy stays in force. Run `excise policy test` on the same "
    "files: what fails there without a code is a fault of the product.",
    "EXC-POL-017": "Look at what has changed in the folder and, if it is to be in force, sign it "
    "with `excise policy sign` and the key whose public half `policy-key` names.",
    "EXC-POL-018": "Take what `excise learn export` writes and only remove from it; the message "
    "says what is not known here. `excise learn check FILE` reads it as the proxy does.",
    "EXC-AUD-001": "Free the disk, or mend the permissions of the folder. Until then no LLM "
    "traffic passes, since nothing could be recorded of it.",
    "EXC-AUD-002": "The disk is slower than the traffic. Move the trail to a faster one, or raise "
    "`audit-queue`; exchanges are refused rather than left out of the trail.",
    "EXC-AUD-003": "A fault of the product: nothing but the schema's fields may be written. "
    "Report it with the reference of the line.",
    "EXC-AUD-004": "Check that the file is the one that was meant; if it was, treat it as a sign "
    "that somebody was at the trail, and run `excise audit verify`.",
    "EXC-AUD-005": "Mend what the sink sends to, or let it lose its oldest lines with "
    "`when-full=drop-oldest`; the file has every line that was taken.",
    "EXC-STA-001": "Somebody else may have read the key. Make a new one where that could have "
    "happened; `chmod 600` where it could not.",
    "EXC-STA-002": "Move the file away and let a new one be made. A new placeholder key gives "
    "values new placeholders; a new CA must be trusted by the clients again.",
    "EXC-STA-003": "Start `excise up` once, or run `excise ca create`; or name the folder with "
    "`--state-dir` or `--ca-dir`.",
    "EXC-STA-004": "Quote the reference of the refusal, 32 hex digits; and run the command "
    "as the user whose state folder the proxy has.",
    "EXC-STA-005": "Names have up to 64 letters, digits and `. _ @ -`; passwords have 12 "
    "characters or more; a token belongs to a user who was added before (docs/forward-proxy.md).",
    "EXC-STA-006": "Look whether the server of `redis` runs and is reached from this node, whether"
    " `redis-ca`"
    " vouches for it, and whether its user may do what docs/nodes.md lists. LLM traffic is refused"
    " until it answers.",
    "EXC-STA-007": "Look whether the directory of `ldap` is reached from here, and whether"
    " `ldap-ca` vouches for it. Whoever is known by it alone is refused with 503 until then.",
    "EXC-SAF-001": "Traffic would have left unread or uncut, so the port was closed: exit status "
    "3. Report it with the version, the settings and what stands in standard error.",
}

UNREADABLE: Final = {
    "encoding-unknown": "A content coding that no decoder is known for.",
    "encoding-broken": "The coding's own checks fail, or bytes follow its end.",
    "expansion": "Decoded, the body is larger than `max-decoded`, or more than `max-ratio` times "
    "its size on the wire.",
    "size": "The body is larger than `max-body`.",
    "malformed": "It is not the JSON, form or stream that it says it is.",
    "charset": "The text is not UTF-8.",
    "depth": "It is nested deeper than any client nests.",
    "media-type": "A type that no codec reads.",
    "document": "A PDF or Office file that could not be read: damaged, locked, too large, of an "
    "old format, or its readers (the extra `documents`) are not installed.",
    "archive": "Files packed together, which nobody unpacks.",
    "metadata": "A picture whose metadata cannot be told from the rest, and so was left in it.",
    "media": "Pictures, sound or film, which nobody looks at or listens to.",
    "token-ids": "Text that the client sends as the numbers of a tokenizer.",
    "grpc": "Protobuf in the framing of gRPC or Connect: searched, never edited.",
    "ambiguous": "Something is said twice: upstream may read the other one.",
    "websocket": "A WebSocket, which this version does not read.",
    "trailers": "Text behind the body, where no provider sends any.",
    "truncated": "The message ended before its own end.",
    "unmodelled": "The document that `allowed` names has no such host, path, field or type.",
}


def main() -> int:
    """Write the pages, or compare them; 1 where one differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    check = parser.parse_args().check
    stale = []
    for name, text in build_pages().items():
        path = ROOT / name
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    for name in stale:
        print(f"{'differs from the code' if check else 'written'}: {name}", file=sys.stderr)
    return 1 if check and stale else 0


def build_pages() -> dict[str, str]:
    """Every generated file by its path from the root."""
    return {
        "policies/schema/audit.json": json.dumps(build_schema(), indent=2) + "\n",
        "policies/schema/profile.json": json.dumps(build_profile_schema(), indent=2) + "\n",
        "policies/schema/limits.json": json.dumps(build_limits_schema(), indent=2) + "\n",
        "policies/schema/pack.json": json.dumps(build_pack_schema(), indent=2) + "\n",
        "policies/schema/topic-file.json": json.dumps(build_topic_schema(), indent=2) + "\n",
        "docs/reference/audit.md": render_reference(),
        "docs/reference/audit-mapping.md": render_mapping(),
        "docs/reference/errors.md": _page("Errors", "addons/excise/errors.py", _errors()),
        "docs/reference/settings.md": _page("Settings", "addons/excise/config.py", _settings()),
        "docs/reference/commands.md": _page("Commands", "addons/excise/cli", _commands()),
        "docs/reference/metrics.md": _page(
            "Metrics", "addons/excise/edge/metrics.py", render_metrics()
        ),
        "docs/reference/policy-fields.md": _page(
            "Fields of policy expressions", "addons/excise/policy/fields.py", _policy_fields()
        ),
        "docs/reference/known-bypasses.md": _page(
            "Known bypasses", "tests/packs/bypasses.py", bypass_lines()
        ),
        "docs/reference/runtimes.md": _page(
            "Runtimes", "addons/excise/cli/runtimes.py", runtime_lines()
        ),
        "docs/reference/rules.md": _page("Rules", "policies/packs", _rules()),
        "docs/reference/hosts.md": _page("Hosts", "policies/hosts.yaml", _hosts()),
        "docs/reference/detection.md": detection_page(),
        "README.md": readme((ROOT / "README.md").read_text("utf-8")),
    }


def _page(title: str, source: str, lines: Iterator[str]) -> str:
    return "\n".join([f"# {title}", "", MADE.format(source), "", *lines]) + "\n"


def _table(*names: str) -> Iterator[str]:
    yield f"| {' | '.join(names)} |"
    yield "|" + "---|" * len(names)


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", r"\|") for cell in cells) + " |"


def _errors() -> Iterator[str]:
    yield "A command that cannot go on prints one sentence that ends with one of these codes, and"
    yield "exits with status 2, after EXC-SAF-001 with 3. No message holds anything of the traffic."
    for code, meaning in CODES.items():
        yield from ("", f"## {code}", "", f"{meaning[0].upper()}{meaning[1:]}.", "", MENDS[code])
    yield from ("", "## Why a message could not be read", "")
    yield "These words stand in the audit trail as `uninspectable:WORD`. The profile says, per"
    yield "word, whether such a message is stopped or goes on with an alert."
    yield ""
    yield from _table("word", "means")
    yield from (_row(f"`{word}`", UNREADABLE[word]) for word in sorted(REASONS))


def _settings() -> Iterator[str]:
    yield "Each is set, later ones winning, by the settings file (`$EXCISE_CONFIG`, else"
    yield "`excise/excise.yaml` in the user's configuration folder), by `EXCISE_NAME` in the"
    yield "environment, or by `--name` where the command has that option."
    yield ""
    yield from _table("setting", "environment", "wanted", "default")
    own = {"state_dir": "the user's state folder", "ca_dir": "`ca` in the state folder",
           "audit": "`audit/audit.jsonl` in the state folder"}  # fmt: skip
    defaults = {each.name: each.default for each in fields(Settings)}
    for name, kind in KINDS.items():
        default = own.get(name) or (f"`{defaults[name]}`" if defaults[name] else "none")
        if defaults.get(name) is False:
            default = "false"
        yield _row(f"`{name.replace('_', '-')}`", f"`EXCISE_{name.upper()}`", kind.wanted, default)


def _commands() -> Iterator[str]:
    yield "Exit status: 0 fine, 1 findings or a failed check, 2 an error somebody must mend."
    for name, summary in COMMANDS.items():
        try:
            parser = build_parser(name)
        except ModuleNotFoundError:
            continue
        yield from ("", f"## excise {name}", "", f"{summary[0].upper()}{summary[1:]}.")
        yield from _options(_sub(parser, name))


def _sub(parser: argparse.ArgumentParser, name: str) -> argparse.ArgumentParser:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action.choices[name]
    raise LookupError(name)


def _options(parser: argparse.ArgumentParser, indent: str = "###") -> Iterator[str]:
    shown = [a for a in parser._actions if not isinstance(a, argparse._HelpAction)]
    plain = [a for a in shown if not isinstance(a, argparse._SubParsersAction)]
    if plain:
        yield from ("", *_table("option", "does"))
        yield from (_row(f"`{_spelled(action)}`", action.help or "") for action in plain)
    for group in (a for a in shown if isinstance(a, argparse._SubParsersAction)):
        for name, sub in group.choices.items():
            yield from ("", f"{indent} {sub.prog.rpartition(' excise ')[2]}")
            helps = [each.help for each in group._choices_actions if each.dest == name]
            if helps and helps[0]:
                yield from ("", f"{helps[0][0].upper()}{helps[0][1:]}.")
            yield from _options(sub, indent + "#")


def _spelled(action: argparse.Action) -> str:
    words = ", ".join(action.option_strings) or str(action.metavar or action.dest.upper())
    if action.option_strings and action.nargs != 0:
        default = "|".join(map(str, action.choices)) if action.choices else action.dest.upper()
        words += f" {action.metavar or default}"
    return words


def _policy_fields() -> Iterator[str]:
    yield "What the `if` of a clause may read, in the Common Expression Language (CEL). A field has"
    yield "exactly the type in the table; decimal numbers are written with a point (`3.0`)."
    for about, words in (
        (About.EXCHANGE, "Known of every message"),
        (About.FINDINGS, "What was found in the message"),
        (About.FINDING, "The finding that a clause about findings is asked about"),
    ):
        yield from ("", f"## {words}", "", *_table("field", "type", "says"))
        for each in (each for each in FIELDS.values() if each.about is about):
            values = ", ".join(f"`{word}`" for word in each.words)
            yield _row(f"`{each.name}`", f"`{each.type}`",
                       f"{each.doc} One of {values}." if values else each.doc)  # fmt: skip
    yield from ("", "## Functions of one name", "", *_table("function", "gives", "says"))
    for name, function in FUNCTIONS.items():
        yield _row(f'`{name}("{function.names}")`', f"`{function.type}`", function.doc)
    keys = ", ".join(f"`{key}` ({kind})" for key, kind in RECORD.items())
    yield from ("", f"A record of `findings` has {keys}.")


def _rules() -> Iterator[str]:
    packs = load_packs(_pack_texts())
    total = sum(len(pack.rules) for pack in packs)
    yield f"{total} rules in {len(packs)} packs. Action and severity are what the rule asks for;"
    yield "a profile may say otherwise."
    for pack in packs:
        yield from ("", f"## {pack.name}", "", f"{pack.title}. {len(pack.rules)} rules.", "")
        yield from _serves(pack)
        yield from _table("rule", "finds", "entity", "severity", "action", "level", "status")
        for rule in sorted(pack.rules, key=lambda each: each.id):
            yield _row(f"`{rule.id}`", rule.title, f"`{rule.entity}`", rule.severity, rule.action,
                       rule.level, rule.status)  # fmt: skip


def _serves(pack: RulePack) -> Iterator[str]:
    """What the rules of a pack serve, and what they take for something else."""
    serving: dict[tuple[str, ...], list[str]] = {}
    for rule in pack.rules:
        serving.setdefault(rule.serves, []).append(rule.id)
    for serves, rules in sorted(serving.items(), key=lambda pair: -len(pair[1])):
        which = "Serves" if len(serving) == 1 or len(rules) > 3 else f"{', '.join(rules)} serve"
        yield from (f"{which}: {'; '.join(serves) or 'nothing by name'}.", "")
    if pack.known_false_positives:
        yield "Known to be taken for something else:"
        yield from ("", *(f"- {each}" for each in pack.known_false_positives), "")


def _pack_texts() -> dict[str, dict[str, str]]:
    texts = {}
    for home in sorted((policies_dir() / "packs").iterdir()):
        files = [*home.glob("*.yaml"), *home.glob("lists/*.txt")]
        if (home / "pack.yaml").is_file():
            texts[home.name] = {
                path.relative_to(home).as_posix(): path.read_text("utf-8") for path in sorted(files)
            }
    return texts


def _hosts() -> Iterator[str]:
    path = policies_dir() / "hosts.yaml"
    catalogue = load_catalogue(path.read_text("utf-8"), "hosts.yaml")
    yield "Only these hosts are decrypted; every other connection is tunnelled as it is. `*` is any"
    yield "part of one label, a leading `*.` any number of labels. Where a path has no dialect of"
    yield "its own, every text of its JSON is read all the same; of a host that is called mixed,"
    yield "what goes to other paths than those in [Coverage](coverage.md) is passed on unread."
    yield ""
    yield from _table("provider", "kind", "hosts", "dialects")
    for host in catalogue.hosts:
        dialects = sorted({route.dialect for route in host.routes} - {"generic-json"})
        hosts = ", ".join(f"`{pattern}`" for pattern in host.patterns)
        kind = f"{host.kind}, mixed" if host.is_mixed else host.kind
        yield _row(host.provider, kind, hosts, ", ".join(dialects) or "generic-json")


if __name__ == "__main__":
    raise SystemExit(main())
