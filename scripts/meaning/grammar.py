"""Draws sentences from a small grammar: `[this|that]` is a choice, `$name` a line of a list.

A file has sections `= name`; each line of a section is one sentence. A section named `$name` is a
list of its own.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Final

_CHOICE: Final = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
_LIST: Final = re.compile(r"\$([a-z_]{2,})")


def read_grammar(path: Path) -> dict[str, list[str]]:
    """The sections of a file. ValueError where a list is named that is not there."""
    sections: dict[str, list[str]] = {}
    here: list[str] = []
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("= "):
            here = sections.setdefault(line[2:].strip(), [])
        elif line.strip() and not line.startswith("# "):
            here.append(line.strip())
    for lines in sections.values():
        for line in lines:
            for name in _LIST.findall(line):
                if f"${name}" not in sections:
                    raise ValueError(f"{path.name}: no list ${name}")
    return sections


def draw(sections: dict[str, list[str]], name: str, dice: random.Random) -> str:
    """One sentence of a section."""
    return spell(sections, dice.choice(sections[name]), dice)


def spell(sections: dict[str, list[str]], line: str, dice: random.Random) -> str:
    """The line with its lists and choices drawn; `\\n` is an end of line."""
    line = line.replace("\\|", "\0")
    while found := _LIST.search(line):
        chosen = dice.choice(sections[f"${found[1]}"])
        line = line[: found.start()] + chosen.replace("\\|", "\0") + line[found.end() :]
    while found := _CHOICE.search(line):
        chosen = dice.choice(found[1].split("|"))
        line = line[: found.start()] + chosen + line[found.end() :]
    return re.sub(" +", " ", line.replace("\\n", "\n").replace("\0", "|")).strip()
