"""YAML texts → `RulePack`s, strictly: every mistake is named with file, line and mend.

Reading the files is the caller's: `load_packs` takes their texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from excise.errors import PolicyError, closest
from excise.model import Action, Direction, Kind, Mode, Part, Severity
from excise.rules.accepted import is_digest
from excise.rules.compile import compile_excuses, compile_rule
from excise.rules.extend import parse_extension
from excise.rules.files import ACTIONS
from excise.rules.schema import (
    CHECKS,
    DETECTORS,
    DISGUISES,
    ENGINE,
    FAMILIES,
    Asked,
    Context,
    Example,
    Excuse,
    Extension,
    Match,
    Rule,
    RulePack,
    Scope,
    Status,
)
from excise.strict import Node, parse_yaml

_KEBAB: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ENTITY: Final = re.compile(r"[a-z][a-z0-9-]*(?:\.[a-zA-Z0-9][a-zA-Z0-9-]*){0,3}")
_FRAGMENT: Final = re.compile(r"\{\{([a-z][a-z0-9_-]*)\}\}")
_SOMEDAY: Final = ("match", "none", "spans")
_DEFAULTS: Final = (
    "status", "severity", "level", "kind", "action", "where", "survives", "mode", "serves",
)  # fmt: skip


@dataclass(slots=True)
class _Head:
    """What `pack.yaml` says, for the rules of the pack."""

    name: str
    version: int
    title: str
    retired: frozenset[str]
    fragments: Mapping[str, str]
    defaults: Node | None
    lists: Mapping[str, frozenset[str]]
    extends: tuple[str, ...] = ()
    known_false_positives: tuple[str, ...] = ()
    excuses: dict[str, tuple[Excuse, ...]] = field(default_factory=dict)


def load_packs(packs: Mapping[str, Mapping[str, str]]) -> tuple[RulePack, ...]:
    """Packs from texts: pack name → {file name in its folder: text}. Raises `PolicyError`.

    Every pattern has been compiled once when this returns.
    """
    loaded = tuple(load_pack(name, packs[name]) for name in sorted(packs))
    _unique(rule for pack in loaded for rule in pack.rules)
    return loaded


def load_pack(name: str, files: Mapping[str, str]) -> RulePack:
    """One pack. Raises `PolicyError`."""
    if "pack.yaml" not in files:
        raise PolicyError("EXC-POL-004", "pack.yaml is missing.", at=f"packs/{name}")
    head = _head(name, files)
    rules: list[Rule] = []
    extensions: list[Extension] = []
    for file in sorted(files):
        if file.endswith(".yaml") and file != "pack.yaml":
            topic = parse_yaml(files[file], f"packs/{name}/{file}")
            rules += [_rule(node, head) for node in topic.nodes("rules", ())]
            extensions += [_extension(node, head) for node in topic.nodes("extend", ())]
            topic.done()
    _unique(rules)
    _lists_read(name, files, head)
    for rule in rules:
        if rule.asked:
            compile_excuses(rule)
        else:
            compile_rule(rule)
    return RulePack(
        name=name,
        version=head.version,
        title=head.title,
        rules=tuple(rules),
        retired=head.retired,
        extensions=tuple(extensions),
        extends=head.extends,
        known_false_positives=head.known_false_positives,
    )


def _lists_read(name: str, files: Mapping[str, str], head: _Head) -> None:
    texts = [text for file, text in files.items() if file.endswith(".yaml")]
    for file in sorted(head.lists):
        if not any(file in text for text in texts):
            raise PolicyError(
                "EXC-POL-015",
                "no rule of the pack reads this list.",
                at=f"packs/{name}/{file}:1",
                hint="Name it in a rule, or remove the file.",
            )


def extended_by(name: str, files: Mapping[str, str]) -> tuple[str, ...]:
    """The packs that a pack brings along, by its `extends`. Raises `PolicyError`."""
    head = parse_yaml(files.get("pack.yaml", "{}"), f"packs/{name}/pack.yaml")
    return head.texts("extends", ())


def _unique(rules: Iterable[Rule]) -> None:
    seen: dict[str, str] = {}
    for rule in rules:
        if rule.id in seen:
            raise PolicyError(
                "EXC-POL-007",
                f'"{rule.id}" stands twice, first at {seen[rule.id]}.',
                at=rule.origin,
            )
        seen[rule.id] = rule.origin


def _head(name: str, files: Mapping[str, str]) -> _Head:
    node = parse_yaml(files["pack.yaml"], f"packs/{name}/pack.yaml")
    if node.text("pack") != name:
        raise PolicyError("EXC-POL-007", f'the folder is named "{name}".', at=node.at("pack"))
    if node.integer("engine") != ENGINE:
        at = node.at("engine")
        raise PolicyError("EXC-POL-006", f"this engine reads format {ENGINE}.", at=at)
    fragments = node.node("fragments", None)
    head = _Head(
        name=name,
        version=node.integer("version"),
        title=node.text("title"),
        retired=frozenset(node.texts("retired", ())),
        fragments={key: fragments.text(key) for key in fragments} if fragments else {},
        defaults=node.node("defaults", None),
        extends=node.texts("extends", ()),
        known_false_positives=node.texts("known_false_positives", ()),
        lists={file: _entries(text) for file, text in files.items() if file.endswith(".txt")},
    )
    shared = node.node("excuses", None)
    for key in shared or ():
        entries = shared.nodes(key) if shared else ()
        head.excuses[key] = tuple(_excuse(each, head, shared=key) for each in entries)
    node.done()
    for key in head.defaults or ():
        if head.defaults and key not in _DEFAULTS:
            known = ", ".join(sorted(_DEFAULTS))
            raise PolicyError(
                "EXC-POL-003",
                f'unknown key "{key}"; known here: {known}.',
                at=head.defaults.at(key),
                hint=closest(key, _DEFAULTS),
            )
    return head


def _entries(text: str) -> frozenset[str]:
    lines = (line.strip() for line in text.splitlines())
    return frozenset(line.lower() for line in lines if line and not line.startswith("#"))


def _rule(node: Node, head: _Head) -> Rule:
    def inherited(key: str) -> Node:
        return head.defaults if key not in node and head.defaults and key in head.defaults else node

    status = Status(inherited("status").choice("status", Status, Status.STABLE))
    where = inherited("where").node("where", None)
    match = node.node("match")
    asked = _asked(match) if "detector" in match else None
    rule = Rule(
        id=_id(node, head),
        pack=head.name,
        entity=_entity(node, asked),
        title=_title(node),
        status=status,
        severity=Severity(inherited("severity").choice("severity", Severity)),
        level=_level(inherited("level")),
        kind=Kind(inherited("kind").choice("kind", Kind)),
        action=Action(inherited("action").choice("action", ACTIONS, Action.REDACT)),
        generic=node.flag("generic", False),
        directions=_directions(where),
        parts=frozenset(map(Part, where.choices("parts", Part, ()) if where else ())),
        keywords=_keywords(node),
        match=Match(regex="") if asked else _match(match, head),
        asked=asked,
        unless=tuple(each for entry in node.nodes("unless", ()) for each in _uses(entry, head)),
        hold=_expand(node, "hold", head) if "hold" in node else "",
        window=node.integer("window", 0),
        survives=() if asked else inherited("survives").choices("survives", DISGUISES, ()),
        why=_sentence(node, "why"),
        remedy=_sentence(node, "remedy"),
        references=_references(node, status),
        examples=_examples(node, status),
        origin=node.at(),
        weight=_weight(node) if "weight" in node else None,
        serves=inherited("serves").texts("serves", ()),
        mode=_mode(inherited("mode")),
    )
    node.done(also=(*_DEFAULTS, "weight"))
    return rule


def _extension(node: Node, head: _Head) -> Extension:
    return parse_extension(
        node,
        actions=ACTIONS,
        excuses=lambda entry: _uses(entry, head),
        sentence=_sentence,
        level=_level,
    )


def _mode(node: Node) -> Mode | None:
    return Mode(node.choice("mode", Mode)) if "mode" in node else None


def _weight(node: Node) -> float:
    weight = float(node.number("weight"))
    if not 0 <= weight <= 100:
        raise PolicyError("EXC-POL-006", f"weight {weight}; wanted 0 to 100.", at=node.at("weight"))
    return weight


def _id(node: Node, head: _Head) -> str:
    text = node.text("id")
    pack, _, name = text.partition(".")
    if pack != head.name or not _KEBAB.fullmatch(name):
        raise PolicyError(
            "EXC-POL-007",
            f'the id "{text}" must be "{head.name}." and a name in kebab case.',
            at=node.at("id"),
        )
    if text in head.retired:
        raise PolicyError("EXC-POL-007", f'the id "{text}" is retired.', at=node.at("id"))
    return text


def _entity(node: Node, asked: Asked | None) -> str:
    text = node.text("entity")
    family = text.partition(".")[0]
    whole = text.removesuffix(".*") if asked and asked.label == "*" else text
    if not _ENTITY.fullmatch(whole) or family not in FAMILIES:
        raise PolicyError(
            "EXC-POL-010",
            f'no entity is called "{text}"; families: {", ".join(sorted(FAMILIES))}.',
            at=node.at("entity"),
            hint=closest(family, FAMILIES),
        )
    return text


def _title(node: Node) -> str:
    text = node.text("title")
    if len(text) > 60 or text.endswith(".") or text[:1] != text[:1].upper():
        raise PolicyError(
            "EXC-POL-012",
            "a title has at most 60 characters, begins in upper case and has no full stop.",
            at=node.at("title"),
        )
    return text


def _sentence(node: Node, key: str, longest: int = 300) -> str:
    text = node.text(key).strip()
    if len(text) > longest or not text.endswith("."):
        raise PolicyError(
            "EXC-POL-012",
            f'"{key}" is a sentence of at most {longest} characters with its full stop.',
            at=node.at(key),
        )
    return text


def _level(node: Node) -> int:
    level = node.integer("level", 1)
    if not 1 <= level <= 4:
        raise PolicyError("EXC-POL-006", f"level {level}; wanted 1 to 4.", at=node.at("level"))
    return level


def _directions(where: Node | None) -> frozenset[Direction]:
    if where is None:
        return frozenset({Direction.REQUEST})
    where.choices("parts", Part, ())
    found = frozenset(map(Direction, where.choices("direction", Direction, ("request",))))
    where.done()
    return found


def _keywords(node: Node) -> tuple[str, ...]:
    words = node.texts("keywords", ())
    for word in words:
        if not word or word != word.lower():
            raise PolicyError(
                "EXC-POL-012", f'the keyword "{word}" must be lower case.', at=node.at("keywords")
            )
    return words


def _references(node: Node, status: Status) -> tuple[str, ...]:
    found = node.texts("references", ())
    if any(not each.startswith("https://") for each in found) or len(set(found)) < len(found):
        raise PolicyError(
            "EXC-POL-012", "references are https addresses, each once.", at=node.at("references")
        )
    if status is Status.STABLE and not found:
        raise PolicyError(
            "EXC-POL-004", "a stable rule needs a reference.", at=node.at("references")
        )
    return found


def _expand(node: Node, key: str, head: _Head) -> str:
    """A regex with its fragments filled in."""

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name not in head.fragments:
            raise PolicyError(
                "EXC-POL-010",
                f'no fragment is called "{name}".',
                at=node.at(key),
                hint=closest(name, head.fragments),
            )
        return f"(?:{head.fragments[name]})"

    return _FRAGMENT.sub(fill, node.text(key))


def _match(node: Node, head: _Head) -> Match:
    for key in ("phrases", "list", "all", "any"):
        if key in node:
            raise PolicyError(
                "EXC-POL-003", f'"{key}" is not supported by this engine.', at=node.at(key)
            )
    checks = node.choices("checks", CHECKS, ())
    match = Match(
        regex=_expand(node, "regex", head),
        group=node.text("group", ""),
        ignore_case=node.flag("ignore_case", False),
        min_entropy=float(node.number("min_entropy", 0.0)),
        checks=checks,
        context=_context(node.node("context"), head) if "context" in node else None,
    )
    node.done()
    return match


def _asked(node: Node) -> Asked:
    asked = Asked(
        detector=node.choice("detector", DETECTORS),
        label=node.text("label"),
        min_score=float(node.number("min_score", 0.5)),
        columns=node.integer("columns", 0),
    )
    node.done()
    if not 0 <= asked.min_score <= 1:
        raise PolicyError("EXC-POL-006", "min_score is between 0 and 1.", at=node.at("min_score"))
    return asked


def _context(node: Node, head: _Head) -> Context:
    words = node.texts("words", ())
    files = node.texts("lists", ())
    for file in files:
        words += tuple(sorted(_known_list(file, node, "lists", head)))
    context = Context(
        words=words or node.texts("words"),
        before=node.integer("before", 60),
        after=node.integer("after", 0),
    )
    node.done()
    for word in context.words:
        if not word.strip("*"):
            raise PolicyError("EXC-POL-012", "a context word is empty.", at=node.at("words"))
    return context


def _uses(node: Node, head: _Head) -> tuple[Excuse, ...]:
    if "use" not in node:
        return (_excuse(node, head),)
    name = node.text("use")
    node.done()
    if name not in head.excuses:
        raise PolicyError(
            "EXC-POL-010",
            f'no set of excuses is called "{name}".',
            at=node.at("use"),
            hint=closest(name, head.excuses),
        )
    return head.excuses[name]


def _excuse(node: Node, head: _Head, shared: str = "") -> Excuse:
    scopes = [scope for scope in Scope if scope.value in node]
    if len(scopes) != 1:
        known = ", ".join(scope.value for scope in Scope)
        raise PolicyError(
            "EXC-POL-004", f"an excuse needs exactly one of {known}, use.", at=node.at()
        )
    scope = scopes[0]
    values = {Scope.LIST: _list, Scope.SHA1: _digests}.get(scope)
    excuse = Excuse(
        scope=scope,
        pattern="" if values else _expand(node, scope.value, head),
        ignore_case=node.flag("ignore_case", False),
        within=node.integer("within", 40),
        values=values(node, head) if values else frozenset(),
        because=_sentence(node, "because"),
        shared=shared,
        origin=node.at(),
    )
    node.done()
    return excuse


def _digests(node: Node, head: _Head) -> frozenset[str]:
    found = frozenset(each.lower() for each in node.texts("sha1"))
    for each in found:
        if not is_digest(each):
            raise PolicyError(
                "EXC-POL-004",
                f'"{each}" is no SHA-1, which has 40 digits in hex.',
                at=node.at("sha1"),
            )
    return found


def _list(node: Node, head: _Head) -> frozenset[str]:
    return _known_list(node.text("list"), node, "list", head)


def _known_list(file: str, node: Node, key: str, head: _Head) -> frozenset[str]:
    if file not in head.lists:
        raise PolicyError(
            "EXC-POL-010",
            f'the pack has no "{file}".',
            at=node.at(key),
            hint=closest(file, head.lists),
        )
    return head.lists[file]


def _examples(node: Node, status: Status) -> tuple[Example, ...]:
    examples = tuple(_example(each) for each in node.nodes("examples"))
    names = [each.name for each in examples]
    for example in examples:
        if names.count(example.name) > 1:
            raise PolicyError(
                "EXC-POL-007", f'the example "{example.name}" stands twice.', at=example.origin
            )
    proven = [each for each in examples if not each.someday]
    quiet = sum(each.silent for each in proven)
    if status is Status.STABLE and (quiet < 2 or len(proven) - quiet < 2):
        raise PolicyError(
            "EXC-POL-011",
            f"{len(proven) - quiet} positive and {quiet} negative examples; "
            "a stable rule needs two of each.",
            at=node.at("examples"),
        )
    return examples


def _example(node: Node) -> Example:
    silent = "expect" in node and bool(node.choice("expect", ("none",)))
    example = Example(
        name=node.text("name"),
        text=node.text("text"),
        label=node.text("label", ""),
        silent=silent,
        someday=node.choice("someday", _SOMEDAY, ""),
        also=node.texts("also", ()),
        origin=node.at(),
    )
    node.done()
    if silent == ("<<" in example.text and ">>" in example.text):
        raise PolicyError(
            "EXC-POL-012",
            f'"{example.name}" must either mark spans with <<…>> or say expect: none.',
            at=example.origin,
        )
    return example
