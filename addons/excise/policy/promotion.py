"""A profile's text with one rule or clause taken out of shadow; every other byte stays."""

from __future__ import annotations

import re
from typing import Final

from excise.errors import PolicyError
from excise.model import Action, Mode
from excise.policy.schema import Clause, PackUse, Profile

_ENFORCE: Final = re.compile(r"\benforce:[ \t]*\[([^\]]*)\]")
_SHADOW: Final = re.compile(r",?[ \t]*\bshadow:[ \t]*\[([^\]]*)\]")
_MODE: Final = re.compile(r"\bmode:[ \t]*shadow\b")
_BARE: Final = re.compile(r"clauses:[ \t]*(?:#[^\n]*)?\n?")
_PERCENT: Final = re.compile(r"\bpercent:[ \t]*\d+")


def promote_rule(text: str, use: PackUse, rule: str) -> str:
    """The text in which a pack's use enforces a rule. Raises `PolicyError` where a person must."""
    first, last = _item(text, _line(use.origin))
    lines = text.splitlines(keepends=True)
    item = "".join(lines[first:last])
    if rule in use.shadow:
        item = _taken_out(item, rule, use.origin)
    if use.mode is Mode.SHADOW or rule not in use.shadow:
        item = _put_in(item, rule)
    return "".join([*lines[:first], item, *lines[last:]])


def promote_clause(text: str, clause: Clause, percent: int = 100) -> str:
    """The text in which a clause is enforced for so many of the principals."""
    first, last = _item(text, _line(clause.origin))
    lines = text.splitlines(keepends=True)
    item = "".join(lines[first:last])
    item = _MODE.sub("mode: enforce", item)
    if _PERCENT.search(item):
        item = _PERCENT.sub(f"percent: {percent}", item)
    elif percent < 100:
        item = _with(item, f"percent: {percent}")
    return "".join([*lines[:first], item, *lines[last:]])


def roll_out(text: str, use: PackUse, rule: str, action: Action, percent: int) -> str:
    """The text in which a rule is enforced for so many of the principals, and only noted for the
    others: two clauses take the place of its own action."""
    name = rule.replace(".", "-")
    clauses = (
        f"- {{id: {name}-noted, when: {{rules: [{rule}]}}, then: log}}\n",
        f"- {{id: {name}, when: {{rules: [{rule}]}}, then: {action}, percent: {percent}}}\n",
    )
    lines = promote_rule(text, use, rule).splitlines(keepends=True)
    head = next((n for n, line in enumerate(lines) if line.startswith("clauses:")), None)
    if head is None:
        return "".join([*lines, "clauses:\n", *(f"  {each}" for each in clauses)])
    if _BARE.fullmatch(lines[head]) is None:
        at = f"{use.origin.rpartition(':')[0]}:{head + 1}"
        raise PolicyError(
            "EXC-POL-012", "the clauses stand in one line.", at=at,
            hint="Write them as a list of lines.",
        )  # fmt: skip
    last = head + 1
    while last < len(lines) and (not lines[last].strip() or lines[last][0] in " -#"):
        last += 1
    items = (line for line in lines[head + 1 : last] if line.lstrip().startswith("-"))
    first = next(items, "  -")
    depth = first[: len(first) - len(first.lstrip())]
    return "".join([*lines[:last], *(depth + each for each in clauses), *lines[last:]])


def find_use(profile: Profile, pack: str) -> PackUse | None:
    """Where a profile switches a pack on by name."""
    return next((use for use in profile.packs if use.name == pack), None)


def _line(origin: str) -> int:
    return int(origin.rpartition(":")[2])


def _item(text: str, number: int) -> tuple[int, int]:
    """The lines of the list item that begins in this line (from 1), its end excluded."""
    lines = text.splitlines()
    first = number - 1
    while first > 0 and not lines[first].lstrip().startswith("-"):
        first -= 1
    depth = len(lines[first]) - len(lines[first].lstrip())
    last = first + 1
    while last < len(lines) and (
        lines[last].strip() and len(lines[last]) - len(lines[last].lstrip()) > depth
    ):
        last += 1
    return first, last


def _put_in(item: str, rule: str) -> str:
    found = _ENFORCE.search(item)
    if found:
        inside = found[1].strip()
        named = f"{inside}, {rule}" if inside else rule
        return f"{item[: found.start(1)]}{named}{item[found.end(1) :]}"
    return _with(item, f"enforce: [{rule}]")


def _taken_out(item: str, rule: str, at: str) -> str:
    found = _SHADOW.search(item)
    if found is None:
        raise PolicyError(
            "EXC-POL-012", f"{rule} stands in a shadow: list over several lines.", at=at,
            hint="Take it out by hand.",
        )  # fmt: skip
    left = [each.strip() for each in found[1].split(",") if each.strip() not in ("", rule)]
    if left:
        return f"{item[: found.start(1)]}{', '.join(left)}{item[found.end(1) :]}"
    if "{" in item.partition("#")[0]:
        return item[: found.start()] + item[found.end() :]
    lines = [line for line in item.splitlines(keepends=True) if not _SHADOW.search(line)]
    return "".join(lines)


def _with(item: str, entry: str) -> str:
    """An item of a list with one more key, in the style that it is written in."""
    head = item.lstrip()
    if head.startswith("- {"):
        at = item.rindex("}")
        return f"{item[:at]}, {entry}{item[at:]}"
    depth = len(item) - len(head) + 2
    return f"{item if item.endswith(chr(10)) else item + chr(10)}{' ' * depth}{entry}\n"
