"""Presidio's recognizer YAML → the files of a pack, for operators who bring recognizers along.

What is written are rules like any other, in the dialect of packs: look-around at either end of a
pattern becomes an excuse, every repeat gets a bound. They begin in the sandbox, since a rule that
acts must carry examples.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final, NamedTuple

from excise.detectors.adopted.presidio import entity_of, raised
from excise.detectors.adopted.rules import BOUNDS, level_of
from excise.errors import PolicyError
from excise.rules.dialect import shape
from excise.rules.schema import WIDEST
from excise.rules.tree import DialectError
from excise.strict import Node, parse_yaml

_FLAGS: Final = re.DOTALL | re.MULTILINE | re.IGNORECASE  # Presidio's own default
_SURE: Final = 0.6  # a score from which no word of context is waited for
_LOOK: Final = (op.ASSERT, op.ASSERT_NOT)
_BEHIND: Final = re.compile(r"^(\(\?<?[!=])")
_NAMED: Final = re.compile(r"\(\?P?<(?![=!])\w+>")
_PIECE: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d+),\}|[*+.]", re.DOTALL)

_INSIDE: Final = (
    "look-around inside of a pattern, back-references and atomic groups are not allowed; consume "
    "the neighbour, and write two rules for two forms."
)

_HEAD: Final = """\
pack: {pack}
version: 1
engine: 1
title: Recognizers brought along from Presidio
defaults:
  status: sandbox
  severity: medium
  kind: personal
  level: 2
  action: redact
  where: {{direction: [request]}}
"""
_EXAMPLES: Final = """\
    # To let the rule act, write two texts in which it must find something and two in which it
    # must not, one of these a near miss, add a reference, and say `status: stable`:
    #   - {name: in a sentence, text: "the number is <<...>> indeed"}
    #   - {name: one digit short, text: "...", expect: none}
    examples: []
"""


class Imported(NamedTuple):
    """Files of a pack by name, how many rules they hold, and the recognizers that were left out
    because the package ships them."""

    files: Mapping[str, str]
    rules: int
    shipped: tuple[str, ...]


class _Looked(NamedTuple):
    """A pattern without the look-around at its ends, and that as excuses."""

    regex: str
    excuses: tuple[str, ...]


def import_recognizers(text: str, origin: str, pack: str) -> Imported:
    """The pack that a recognizer registry's YAML stands for. Raises `PolicyError` with file and
    line where something cannot be brought along."""
    node = parse_yaml(text, origin)
    flags = node.integer("global_regex_flags", int(_FLAGS))
    recognizers = node.raw("recognizers", None)
    if not isinstance(recognizers, list):
        raise PolicyError("EXC-POL-004", '"recognizers" is missing; wanted a list.', at=node.at())
    shipped: list[str] = []
    rules: list[str] = []
    for each in recognizers:
        if isinstance(each, Node) and ("patterns" in each or "deny_list" in each):
            rules += _rules(each, pack, flags)
        else:
            shipped.append(str(each.get("name", "")) if isinstance(each, Node) else str(each))
    files = {
        "pack.yaml": _HEAD.format(pack=pack),
        "recognizers.yaml": "rules:\n" + "\n".join(rules) if rules else "rules: []\n",
    }
    return Imported(files, len(rules), tuple(shipped))


def _rules(node: Node, pack: str, flags: int) -> Iterator[str]:
    entity = node.text("supported_entity", "") or "".join(node.texts("supported_entities", ())[:1])
    if not entity:
        raise PolicyError("EXC-POL-004", '"supported_entity" is missing.', at=node.at())
    name = _kebab(node.text("name", entity).removesuffix("Recognizer"))
    context = tuple(node.texts("context", ())) or tuple(_contexts(node))
    pieces: list[tuple[_Looked, float]] = [
        (_looked(each, flags), float(each.number("score"))) for each in node.nodes("patterns", ())
    ]
    words = node.texts("deny_list", ())
    if words:
        pieces.append((_one_of(words), float(node.number("deny_list_score", 1.0))))
    for number, (looked, score) in enumerate(pieces, start=1):
        ignore_case = bool(flags & re.IGNORECASE)
        rule_id = f"{pack}.{name}-{number}"
        yield _rule(rule_id, entity, looked, ignore_case, level_of(score))
        if context and score < _SURE:
            level = level_of(raised(score))
            yield _rule(f"{rule_id}-context", entity, looked, ignore_case, level, context)


def _contexts(node: Node) -> Iterator[str]:
    """Words of context that stand beside the languages."""
    for each in node.raw("supported_languages", ()) or ():
        if isinstance(each, Node):
            yield from each.texts("context", ())


def _kebab(name: str) -> str:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
    return re.sub(r"[^a-z0-9]+", "-", parted).strip("-") or "recognizer"


def _one_of(words: Sequence[str]) -> _Looked:
    """Any of some words, not within a longer one."""
    choices = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    return _Looked(f"(?:{choices})", (_excuse("before", r"\w\Z"), _excuse("after", r"\A\w")))


def _looked(node: Node, flags: int) -> _Looked:
    # The span is the whole match, also where a group has a name.
    regex = _NAMED.sub("(?:", node.text("regex"))
    try:
        tree = list(parser.parse(re.sub(r"\(\?[aiLmsux]+\)", "", regex), re.ASCII | re.MULTILINE))
    except (re.error, OverflowError, RecursionError) as fault:
        raise _fault(node, f"not a regular expression: {fault}.") from None
    excuses: list[str] = []
    bare = regex
    while tree and tree[0][0] in _LOOK:
        piece = _first_group(bare)
        excuses.append(_as_excuse(piece, node))
        bare, tree = bare[len(piece) :], tree[1:]
    while tree and tree[-1][0] in _LOOK:
        piece = _last_group(bare)
        excuses.append(_as_excuse(piece, node))
        bare, tree = bare[: -len(piece)], tree[:-1]
    if _holds(tree, (*_LOOK, op.GROUPREF, op.GROUPREF_EXISTS, op.ATOMIC_GROUP)):
        raise _fault(
            node, "look-around inside of a pattern, back-references and atomic groups are not "
            "allowed; consume the neighbour, and write two rules for two forms."
        )  # fmt: skip
    return _Looked(_in_dialect(bare, flags, node), tuple(excuses))


def _in_dialect(bare: str, flags: int, node: Node) -> str:
    """The pattern as it was written, but for what the dialect has another way."""
    refused = ""
    for most in BOUNDS:
        written = _bounded(bare, most, dotall=bool(flags & re.DOTALL))
        try:
            shape(written, ignore_case=bool(flags & re.IGNORECASE), widest=WIDEST)
        except DialectError as why:
            refused = str(why)
        else:
            return written
    raise _fault(node, refused)


def _bounded(regex: str, most: int, *, dotall: bool) -> str:
    """The pattern with a bound for each repeat that has none, and a class for a dot that takes
    line ends."""

    def bound(found: re.Match[str]) -> str:
        if found[0] == ".":
            return r"[\s\S]" if dotall else "."
        low = {"*": "0", "+": "1"}.get(found[0], found[1])
        return found[0] if low is None else f"{{{low},{max(int(low), most)}}}"

    return _PIECE.sub(bound, regex)


def _fault(node: Node, message: str) -> PolicyError:
    return PolicyError("EXC-POL-008", message, at=node.at("regex"))


def _holds(tree: Any, kinds: tuple[Any, ...]) -> bool:
    # By identity: the names of kinds are numbers, too, and so are the bounds of repeats.
    if isinstance(tree, tuple) and tree and any(tree[0] is kind for kind in kinds):
        return True
    if isinstance(tree, list | tuple | parser.SubPattern):
        return any(_holds(each, kinds) for each in tree)
    return False


def _first_group(regex: str) -> str:
    """The group that a pattern begins with."""
    for end in range(1, len(regex) + 1):
        if regex[end - 1] == ")" and _is_whole(regex[:end]):
            return regex[:end]
    return regex


def _last_group(regex: str) -> str:
    """The group that a pattern ends with."""
    for start in range(len(regex) - 1, -1, -1):
        if regex[start] == "(" and _is_whole(regex[start:]) and _BEHIND.match(regex[start:]):
            return regex[start:]
    return regex


def _is_whole(piece: str) -> bool:
    try:
        return len(parser.parse(piece)) == 1
    except re.error:
        return False


def _as_excuse(piece: str, node: Node) -> str:
    """What a look-around forbids, as an excuse that lets go what stands so."""
    opening = _BEHIND.match(piece)
    if opening is None:
        raise _fault(node, _INSIDE)
    body, mark = piece[opening.end() : -1], opening[1]
    match mark:
        case "(?<!":
            return _excuse("before", rf"(?<={body})\Z")
        case "(?<=":
            return _excuse("before", rf"(?<!{body})\Z")
        case "(?!":
            return _excuse("after", rf"\A(?:{body})")
        case _:
            return _excuse("after", rf"\A(?!{body})")


def _excuse(scope: str, pattern: str) -> str:
    because = "The recognizer looks around itself."
    return f"      - {scope}: {_quoted(pattern)}\n        because: {because}\n"


def _quoted(text: str) -> str:
    """A YAML text."""
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return json.dumps(text, ensure_ascii=True)


def _rule(
    rule_id: str,
    entity: str,
    looked: _Looked,
    ignore_case: bool,
    level: int,
    context: Sequence[str] = (),
) -> str:
    lines = [
        f"  - id: {rule_id}",
        f"    entity: {entity_of(entity)}",
        f"    title: {_quoted(f'{entity} by a recognizer for Presidio'[:60])}",
        f"    level: {level}",
        "    match:",
        f"      regex: {_quoted(looked.regex)}",
    ]
    if ignore_case:
        lines.append("      ignore_case: true")
    if context:
        words = ", ".join(_quoted(f"*{word.strip()}*") for word in dict.fromkeys(context))
        lines += ["      context:", f"        words: [{words}]"]
    if looked.excuses:
        lines.append("    unless:")
    text = "\n".join(lines) + "\n" + "".join(looked.excuses)
    why = '    why: "A recognizer calls it personal data."\n'
    remedy = '    remedy: "Leave it out, or let the firewall put a placeholder in its place."\n'
    return text + why + remedy + _EXAMPLES
