"""Words that belong to a language, read from the lexers of Pygments, and lines drawn from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from typing import Any

from pygments.lexer import words
from pygments.lexers import get_lexer_by_name

# Label → the name of its lexer.
LEXERS = {
    "python": "python", "javascript": "javascript", "typescript": "typescript", "java": "java",
    "c": "c", "c++": "cpp", "c#": "csharp", "go": "go", "rust": "rust", "ruby": "ruby",
    "php": "php", "sql": "sql", "shell": "bash", "kotlin": "kotlin", "swift": "swift",
    "scala": "scala", "perl": "perl", "lua": "lua", "r": "splus", "haskell": "haskell",
    "powershell": "powershell", "dart": "dart", "objective-c": "objective-c", "elixir": "elixir",
    "clojure": "clojure", "erlang": "erlang", "julia": "julia", "matlab": "matlab",
    "groovy": "groovy", "visual-basic": "vb.net", "fortran": "fortran", "cobol": "cobol",
    "pascal": "delphi", "f#": "fsharp", "ocaml": "ocaml", "lisp": "common-lisp",
    "prolog": "prolog", "solidity": "solidity", "zig": "zig", "batchfile": "batch", "tcl": "tcl",
    "verilog": "verilog", "vhdl": "vhdl", "cmake": "cmake", "nim": "nim", "ada": "ada",
    "assembly": "nasm",
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z][A-Za-z]{1,15}")
_PLAIN = re.compile(r"\\b|\(\?:|\(|\)|\?P?<\w+>|\\s\+?|\[\^?[^\]]*\]|\\[a-zA-Z]")


def words_of(label: str) -> list[str]:
    """Keywords and names built into a language, in order; none where no lexer lists them."""
    if label not in LEXERS:
        return []
    lexer = get_lexer_by_name(LEXERS[label])
    found: dict[str, None] = {}
    for own in type(lexer).__mro__:
        for rules in own.__dict__.get("tokens", {}).values():
            for word in _read(rules):
                found[word] = None
    for name in ("keywords", "builtins", "keyword_opts", "operators", "KEYWORDS", "primitives"):
        for word in getattr(lexer, name, ()) or ():
            if isinstance(word, str) and _NAME.fullmatch(word):
                found[word] = None
    return list(found)[:400]


def _read(rules: Any) -> Iterator[str]:
    for rule in rules if isinstance(rules, list) else ():
        if not isinstance(rule, tuple) or not rule:
            continue
        kind = str(rule[1]) if len(rule) > 1 else ""
        if not ("Keyword" in kind or "Name.Builtin" in kind or "Operator.Word" in kind):
            continue
        pattern = rule[0]
        parts = (
            pattern.words
            if isinstance(pattern, words)
            else _PLAIN.sub("|", str(pattern)).split("|")
        )
        for part in parts:
            yield from (
                _NAME.findall(part)
                if not isinstance(pattern, words)
                else [piece for piece in re.split(r"[^A-Za-z]+", part) if len(piece) > 1]
            )


def draw_lines(label: str, rng: Random, count: int) -> list[str]:
    """Texts of a few lines in which words of the language stand among names and marks."""
    own = words_of(label)
    if len(own) < 8:
        return []
    texts = []
    for _ in range(count):
        lines = []
        for _ in range(rng.randrange(2, 7)):
            parts = []
            for _ in range(rng.randrange(2, 6)):
                parts.append(rng.choice(own))
                parts.append(rng.choice(("x", "value", "item", "n", "result", "", "", "1", "name")))
            lines.append(" " * rng.choice((0, 0, 2, 4)) + " ".join(part for part in parts if part))
        texts.append("\n".join(lines) + "\n")
    return texts
