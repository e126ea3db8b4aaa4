"""The only reader of YAML: safe, and strict about what YAML would quietly let pass.

Every mapping it returns is a `Node` that remembers file and line, refuses a key that stands
twice, and hands out fields by name and type, so that a typo is an error where it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import yaml

from excise.errors import PolicyError, closest

_MISSING: Final = object()


class Node(Mapping[str, Any]):
    """A mapping with its place in the file. Fields are taken by `text`, `number`, `flag`, …;
    `done` then refuses what nobody took."""

    def __init__(
        self, items: dict[str, Any], lines: dict[str, int], origin: str, line: int
    ) -> None:
        self._items = items
        self._lines = lines
        self._taken: set[str] = set()
        self.origin = origin
        self.line = line

    def __getitem__(self, key: str) -> Any:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def at(self, key: str | None = None) -> str:
        """`file:line` of a key, or of the mapping itself."""
        return f"{self.origin}:{self._lines.get(key, self.line) if key else self.line}"

    def _take(self, key: str, default: Any, check: Callable[[Any], bool], wanted: str) -> Any:
        self._taken.add(key)
        value = self._items.get(key, _MISSING)
        if value is _MISSING:
            if default is _MISSING:
                raise PolicyError(
                    "EXC-POL-004", f'"{key}" is missing; wanted {wanted}.', at=self.at()
                )
            return default
        if not check(value):
            raise PolicyError(
                "EXC-POL-005",
                f'"{key}" is {_kind(value)}; wanted {wanted}.',
                at=self.at(key),
                hint=_surprise(value),
            )
        return value

    def text(self, key: str, default: Any = _MISSING) -> str:
        """A string; numbers and the words YAML 1.1 takes for booleans must be quoted."""
        return str(self._take(key, default, lambda v: isinstance(v, str), "a text"))

    def number(self, key: str, default: Any = _MISSING) -> float:
        """An integer or a float."""
        return self._take(  # type: ignore[no-any-return]
            key,
            default,
            lambda v: isinstance(v, int | float) and not isinstance(v, bool),
            "a number",
        )

    def integer(self, key: str, default: Any = _MISSING) -> int:
        """A whole number."""
        return self._take(  # type: ignore[no-any-return]
            key, default, lambda v: isinstance(v, int) and not isinstance(v, bool), "a whole number"
        )

    def flag(self, key: str, default: Any = _MISSING) -> bool:
        """`true` or `false`."""
        return self._take(key, default, lambda v: isinstance(v, bool), "true or false")  # type: ignore[no-any-return]

    def texts(self, key: str, default: Any = _MISSING) -> tuple[str, ...]:
        """A list of strings."""
        value = self._take(
            key,
            default,
            lambda v: isinstance(v, list) and all(isinstance(i, str) for i in v),
            "a list of texts",
        )
        return tuple(value)

    def node(self, key: str, default: Any = _MISSING) -> Node:
        """A mapping."""
        return self._take(key, default, lambda v: isinstance(v, Node), "a mapping")  # type: ignore[no-any-return]

    def nodes(self, key: str, default: Any = _MISSING) -> tuple[Node, ...]:
        """A list of mappings."""
        value = self._take(
            key,
            default,
            lambda v: isinstance(v, list) and all(isinstance(i, Node) for i in v),
            "a list of mappings",
        )
        return tuple(value)

    def choice(self, key: str, known: Iterable[str], default: Any = _MISSING) -> str:
        """One word of a closed list."""
        words = sorted(known)
        return (
            _known(self.text(key, default), words, self.at(key))
            if key in self or default is _MISSING
            else default
        )

    def choices(self, key: str, known: Iterable[str], default: Any = _MISSING) -> tuple[str, ...]:
        """Several words of a closed list."""
        words = sorted(known)
        return tuple(_known(word, words, self.at(key)) for word in self.texts(key, default))

    def raw(self, key: str, default: Any = _MISSING) -> Any:
        """Whatever stands there, taken unseen."""
        return self._take(key, default, lambda _: True, "a value")

    def done(self, *, also: Iterable[str] = ()) -> None:
        """Refuse every key that nobody asked for; `also` names those that might have stood here."""
        for key in self._items:
            if key not in self._taken:
                known = ", ".join(sorted({*self._taken, *also}))
                raise PolicyError(
                    "EXC-POL-003",
                    f'unknown key "{key}"; known here: {known}.',
                    at=self.at(key),
                    hint=closest(key, {*self._taken, *also}),
                )


def _known(word: str, words: list[str], at: str) -> str:
    if word not in words:
        raise PolicyError(
            "EXC-POL-006",
            f'unknown "{word}"; known: {", ".join(words)}.',
            at=at,
            hint=closest(word, words),
        )
    return word


def _kind(value: Any) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list"}
    return "nothing" if value is None else names.get(type(value), "a mapping")


def _surprise(value: Any) -> str:
    if isinstance(value, bool):
        return "YAML reads a bare on, off, yes, no, true or false as a boolean; put it in quotes."
    if isinstance(value, int | float):
        return "Put it in quotes to make it a text."
    return ""


# Ten times faster where PyYAML was built with libyaml, and the packs are long.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """SafeLoader that builds `Node`s and refuses a key that stands twice."""

    origin = "<text>"

    def construct_node(self, node: yaml.MappingNode) -> Node:
        items: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if isinstance(key, bool):
                key = key_node.value  # `on:` as a key means the word
            if not isinstance(key, str):
                raise PolicyError(
                    "EXC-POL-005",
                    f"the key {key!r} is {_kind(key)}; wanted a text.",
                    at=f"{self.origin}:{line}",
                )
            if key in items:
                raise PolicyError(
                    "EXC-POL-002",
                    f'"{key}" stands twice, first in line {lines[key]}; keep one.',
                    at=f"{self.origin}:{line}",
                )
            lines[key] = line
            items[key] = self.construct_object(value_node, deep=True)
        return Node(items, lines, self.origin, node.start_mark.line + 1)


_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.construct_node)


def parse_yaml(text: str, origin: str) -> Node:
    """The one mapping a YAML text holds. Raises `PolicyError` with file and line."""
    try:
        value = _load(text, origin)
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        raise PolicyError(
            "EXC-POL-001",
            f"not YAML: {fault.problem or 'cannot be parsed'}.",
            at=f"{origin}:{line}",
        ) from None
    except yaml.YAMLError:
        raise PolicyError(
            "EXC-POL-001", "not YAML: a character that YAML forbids.", at=origin
        ) from None
    if not isinstance(value, Node):
        raise PolicyError(
            "EXC-POL-005", f"the file holds {_kind(value)}; wanted a mapping.", at=origin
        )
    return value


def _load(text: str, origin: str) -> Any:
    loader = _Loader(text)
    loader.origin = origin
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()
