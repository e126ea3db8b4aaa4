"""Draws texts that are no code but look like it: data formats, logs, tables, talk about code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

_DRAWN = {
    name: entries
    for line in (Path(__file__).parent / "words.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
    for name, *entries in [line.split("  ")]
}
_WORDS, _VALUES, _COLUMN = _DRAWN["words"], _DRAWN["values"], _DRAWN["column"]
_THINGS, _LANGUAGES, _FRAGMENTS = _DRAWN["things"], _DRAWN["languages"], _DRAWN["fragments"]
_TALK = (
    "Write a {l} function that returns the {w} of a list of {w}s.",
    "Can you explain what `{f}` does in {l}?",
    "How do I use {f} in {l}? I get an error when {f} is called twice.",
    "The {t} is written in {l}; we call {f} before {f}.",
    "I want a class {W} with the methods get_{w}, set_{w} and is{W}Valid.",
    "In {l}, {f} is faster than {f} because it avoids a copy.",
    "Refactor the {t} so that it uses {f} (see {f}) and not {f}.",
    "- Use `{f}` for the {t}\n- Do not use `{f}`; it is slow\n- Run `{f}` when done",
    "1. Open the file {w}.py\n2. Add {f} to the {t}\n3. Save it and run {f}",
    "Input: {w} = [{n}, {n}, {n}], {w} = {n}\nOutput: {n}",
    "Example:\nInput: {n}\nOutput: true",
    "## {W}\n\nThe {t} needs {l} 3.{n} and {f}.\n\n### Usage\n\nCall {f} and pass the {w}.",
    "TypeError: {w} is not a {w}. What does this mean?",
    "Error: cannot find {w} in {t} ({n}). Please help!",
    "Table {w}s has the columns {w}, {w}, {w} and {w}; table {w}s has {w} and {w}.",
    "What is the difference between {f} and {f} in {l}?",
    "**{W}:** the {w} of the {t} (default: `{f}`)",
    "Step {n}: {W} the {w}; then, if {w} > {n}, return to step {n}.",
    "Let f(x) = {n}x + {n}. Find x such that f(x) = {n}.",
    "Subject: {t}\n\nHi all,\n\nthe {t} failed with exit code {n}. Could somebody look at {f}?",
    "{W} ({n}): {w}, {w}, {w}; {w}/{w}; {n}%",
    "if the {w} is {n}, then the {w} for the {t} should return {n}, else {n}.",
    "Import the {w} from the {t}, select all {w}s and delete the {w}.",
    "{w}: {W} {W}\n{w}: {n}\n{w}: {W}, {W}",
    "Let us import goods from China, export the {w} and print the {t} report for each class.",
    "The public class of {n} students must return to school; while it rains, do not go out.",
    "Create a {l} program for the {t}. It must:\n* read a {w}\n* check the {w}\n* print the {w}",
    "Given x = {n} and y = {n}, compute (x + y) / {n}.",
    "fix {t}: handle empty {w} (#{n})",
    "[{n}, {n}, {n}, {n}]",
    "'{w}', '{w}', '{w}'",
    "{n} + {n} = {n}; {n} * {n} = {n}",
    "{w}.txt:\nHello World\nI am a {w}",
    '{w}.txt (containing "Line 1\\nLine 2\\nLine {n}")',
    '"Hello, World!\nThis is the {w} file.\nHave a great {w}!"',
    "Line {n}\nLine {n}\nLine {n}",
    "{w}.csv\n{W}, {W}, {W}\n{n}, {n}, {n}\ncolumn: {n}",
    "- APA (American {W} Association)\n- IEEE (Institute of {W} and {W} Engineers)",
    "  {n}. [{W} {W}]\n    Quantity: [{W}]\n    ...",
    "({w}): {w} {n}, {w} {n}, ({w}) {n}.",
    '{W}_{w}_{w}! [{W}] {w}: "{w}", then the {w} provided.',
)


def draw_talk(seed: int, count: int) -> list[str]:
    """Prose about programs that holds names and fragments of them."""
    rng = Random(f"talk {seed}")
    out = []
    for _ in range(count):
        turn = rng.random()
        if turn < 0.62:
            lines = [_fill(rng.choice(_TALK), rng) for _ in range(rng.choice((1, 1, 2, 3)))]
        elif turn < 0.72:
            lines = [_foreign(rng) for _ in range(rng.randrange(1, 8))]
        elif turn < 0.8:  # a column of words, as copied out of a table
            lines = rng.choices(_COLUMN + _WORDS + _VALUES, k=rng.randrange(4, 30))
        else:
            lines = _list(rng)
        out.append("\n".join(lines))
    return out


def _list(rng: Random) -> list[str]:
    """A heading, perhaps, and a list of a few words each."""
    mark = rng.choice(("", "- ", "- ", "* ", "## ", "• ", "{}. ", "{}) ", "[ ] ", "  - "))
    heading = " ".join(rng.choices(_WORDS, k=rng.randrange(1, 4))).capitalize()
    lines = rng.choice(([], [f"# {heading}", ""], [f"{heading}:"], [f"{heading}:", ""], [heading]))
    for number in range(1, rng.randrange(3, 9)):
        words = " ".join(rng.choices(_WORDS + _VALUES, k=rng.randrange(1, 5)))
        tail = rng.choice(("", "", "", " ({})", ": {}", " - {}", ", {}", ".", ";", " x{n}"))
        tail = tail.format(rng.choice(_WORDS), n=rng.randrange(9))
        case = rng.choice((str, str.capitalize, str.title))
        lines.append(mark.format(number) + case(words) + tail)
    return lines


def _foreign(rng: Random) -> str:
    """A line in a script without capitals, or in Cyrillic or Greek; the words mean nothing."""
    first, last, gap = rng.choice(
        ((0x4E00, 0x6E00, ""), (0x3042, 0x3090, ""), (0xAC00, 0xC000, " "), (0x430, 0x44F, " "),
         (0x3B1, 0x3C9, " "), (0x627, 0x649, " "), (0x905, 0x939, " "))
    )  # fmt: skip
    words = [
        "".join(chr(rng.randrange(first, last)) for _ in range(rng.randrange(1, 9)))
        for _ in range(rng.randrange(1, 14))
    ]
    mark = rng.choice(("、", ", ", "，", " ")) if gap == "" else gap
    head = rng.choice(("", "", "", "## ", "- ", "1. ", "【", "**"))
    return head + mark.join(words) + rng.choice((".", "。", "!", ":", "：", ""))


def _fill(pattern: str, rng: Random) -> str:
    out = []
    for piece in pattern.split("{"):
        if len(piece) > 1 and piece[1] == "}":
            out.append(_slot(piece[0], rng) + piece[2:])
        else:
            out.append(piece)
    return "".join(out)


def _slot(letter: str, rng: Random) -> str:
    draws: dict[str, Callable[[], str]] = {
        "l": lambda: rng.choice(_LANGUAGES),
        "w": lambda: rng.choice(_WORDS),
        "W": lambda: rng.choice(_WORDS).capitalize(),
        "f": lambda: rng.choice(_FRAGMENTS),
        "t": lambda: rng.choice(_THINGS),
        "n": lambda: str(rng.choice((rng.randrange(10), rng.randrange(1000)))),
    }
    return draws[letter]()


def draw_formats(seed: int, count: int) -> list[str]:
    """Data in twelve formats, as often each."""
    rng = Random(f"formats {seed}")
    makers = (
        _json, _yaml, _csv, _ini, _log, _table, _xml, _env, _headers, _toml, _listing, _pairs,
    )  # fmt: skip
    return [makers[number % len(makers)](rng) for number in range(count)]


def _word(rng: Random) -> str:
    word = rng.choice(_WORDS)
    snake, camel = f"{word}_{rng.choice(_WORDS)}", word + rng.choice(_WORDS).title()
    return rng.choice((word, word, snake, camel))


def _value(rng: Random) -> object:
    return rng.choice(
        (
            rng.choice(_VALUES), rng.choice(_VALUES), rng.randrange(1000),
            round(rng.random() * 100, 2), rng.random() < 0.5, None, _day(rng), _sentence(rng),
        )
    )  # fmt: skip


def _day(rng: Random) -> str:
    return f"20{rng.randrange(10, 27)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"


def _time(rng: Random) -> str:
    return f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}"


def _sentence(rng: Random) -> str:
    return " ".join(rng.choice(_WORDS + _VALUES) for _ in range(rng.randrange(2, 8)))


def _tree(rng: Random, depth: int) -> object:
    if depth == 0 or rng.random() < 0.2:
        return _value(rng)
    if rng.random() < 0.3:
        return [_tree(rng, depth - 1) for _ in range(rng.randrange(1, 4))]
    return {_word(rng): _tree(rng, depth - 1) for _ in range(rng.randrange(1, 6))}


def _json(rng: Random) -> str:
    tree = {_word(rng): _tree(rng, 2) for _ in range(rng.randrange(2, 6))}
    if rng.random() < 0.2:
        return "\n".join(json.dumps({_word(rng): _value(rng) for _ in range(4)}) for _ in range(3))
    return json.dumps(tree, indent=rng.choice((None, 2, 2, 4)))


def _yaml_lines(tree: object, indent: int, rng: Random) -> Iterator[str]:
    pad = " " * indent
    if isinstance(tree, dict):
        for key, value in tree.items():
            if isinstance(value, dict | list):
                yield f"{pad}{key}:"
                yield from _yaml_lines(value, indent + 2, rng)
            else:
                yield f"{pad}{key}: {value}"
    elif isinstance(tree, list):
        for value in tree:
            if isinstance(value, dict):
                first, *rest = list(_yaml_lines(value, indent + 2, rng))
                yield f"{pad}- {first.strip()}"
                yield from rest
            else:
                yield f"{pad}- {value}"
    else:
        yield f"{pad}{tree}"


def _yaml(rng: Random) -> str:
    head = rng.choice(("", "---\n", "apiVersion: v1\nkind: Service\nmetadata:\n  name: shop\n",
                       "version: '3'\nservices:\n", "name: CI\non: [push]\njobs:\n"))  # fmt: skip
    tree = {_word(rng): _tree(rng, 3) for _ in range(rng.randrange(2, 6))}
    return head + "\n".join(_yaml_lines(tree, 0, rng))


def _csv(rng: Random) -> str:
    mark = rng.choice(",,,;\t")
    width = rng.randrange(2, 7)
    rows = [[_word(rng) for _ in range(width)]]
    rows += [[str(_value(rng)) for _ in range(width)] for _ in range(rng.randrange(2, 10))]
    return "\n".join(mark.join(row) for row in rows)


def _ini(rng: Random) -> str:
    lines = []
    for _ in range(rng.randrange(1, 4)):
        lines.append(f"[{_word(rng)}]")
        lines += [f"{_word(rng)}{rng.choice((' = ', '='))}{_value(rng)}" for _ in range(3)]
        if rng.random() < 0.3:
            lines.append(f"; {_sentence(rng)}")
    return "\n".join(lines)


def _toml(rng: Random) -> str:
    lines = [f"[{_word(rng)}.{_word(rng)}]", f'{_word(rng)} = "{_sentence(rng)}"']
    lines += [f"{_word(rng)} = {json.dumps(_value(rng))}" for _ in range(4)]
    lines.append(f'{_word(rng)} = ["{rng.choice(_VALUES)}", "{rng.choice(_VALUES)}"]')
    return "\n".join(lines)


def _log(rng: Random) -> str:
    style = rng.randrange(4)
    lines = []
    for _ in range(rng.randrange(2, 10)):
        level = rng.choice(("INFO", "WARN", "ERROR", "DEBUG"))
        stamp = f"{_day(rng)} {_time(rng)}"
        lines.append(
            (
                f"{stamp},{rng.randrange(999):03} {level} [main] com.shop.{_word(rng)} - "
                f"{_sentence(rng)}",
                f"[{stamp}] {level.lower()}: {_sentence(rng)} {_word(rng)}={rng.randrange(99)}",
                f"Jan {rng.randrange(28)} {_time(rng)} host sshd[{rng.randrange(9999)}]: "
                f"{_sentence(rng)}",
                f"10.0.0.{rng.randrange(255)} - - [{_day(rng)}:{_time(rng)} +0000] "
                f'"GET /{_word(rng)} HTTP/1.1" 200 {rng.randrange(9999)}',
            )[style]
        )  # fmt: skip
    return "\n".join(lines)


def _table(rng: Random) -> str:
    width = rng.randrange(2, 6)
    rows = [[str(_value(rng)) for _ in range(width)] for _ in range(rng.randrange(2, 8))]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    if rng.random() < 0.6:
        lines.insert(1, "|" + "|".join("---" for _ in range(width)) + "|")
    return "\n".join(lines)


def _xml(rng: Random) -> str:
    outer = _word(rng)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>'] if rng.random() < 0.4 else []
    lines.append(f'<{outer} xmlns="http://example.org/ns">')
    for _ in range(rng.randrange(2, 6)):
        inner = _word(rng)
        lines.append(f'  <{inner} id="{rng.randrange(99)}">{_value(rng)}</{inner}>')
    return "\n".join([*lines, f"</{outer}>"])


def _env(rng: Random) -> str:
    return "\n".join(
        f"{_word(rng).upper()}_{_word(rng).upper()}={_value(rng)}"
        for _ in range(rng.randrange(2, 8))
    )


def _headers(rng: Random) -> str:
    lines = [f"{rng.choice(('GET', 'POST'))} /{_word(rng)}/{rng.randrange(99)} HTTP/1.1",
             "Host: example.org", "Accept: application/json"]  # fmt: skip
    return "\n".join(lines + [f"X-{_word(rng).title()}: {_value(rng)}" for _ in range(2)])


def _listing(rng: Random) -> str:
    if rng.random() < 0.5:
        return "\n".join(
            f"-rw-r--r-- 1 root root {rng.randrange(9999):6} Jan {rng.randrange(28):2} "
            f"{_time(rng)[:5]} {_word(rng)}.txt"
            for _ in range(rng.randrange(2, 8))
        )
    return "\n".join(
        f"{rng.choice(('├──', '└──', '│   ├──'))} {_word(rng)}"
        f"{rng.choice(('.py', '.md', '/', '.json'))}"
        for _ in range(rng.randrange(2, 8))
    )


def _pairs(rng: Random) -> str:
    return "\n".join(f"{_word(rng).title()}: {_value(rng)}" for _ in range(rng.randrange(2, 9)))
