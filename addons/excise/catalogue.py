"""Which hosts are LLM hosts, whose they are, and which dialect is spoken on which path.

The data is `policies/hosts.yaml`. In a host pattern `*` is any part of one label, a leading `*.`
any number of labels; in a path pattern `*` is anything within one segment, a trailing `/**`
everything below. Patterns are compared in lower case.

A host that does other things as well has `others: unread`: what goes to paths that no route names
is passed on as traffic with any other host is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from excise.errors import PolicyError
from excise.strict import Node, parse_yaml

DEFAULT_DIALECT: Final = "generic-json"
DIALECTS: Final = frozenset(
    {
        DEFAULT_DIALECT,
        "anthropic-messages",
        "bedrock-agents",
        "bedrock-converse",
        "bedrock-invoke",
        "cohere-chat",
        "gemini-content",
        "gemini-live",
        "gemini-stream",
        "grpc",
        "mcp-jsonrpc",
        "mistral-chat",
        "mistral-conversations",
        "ollama-chat",
        "openai-assistants",
        "openai-chat",
        "openai-realtime",
        "openai-responses",
    }
)
KINDS: Final = frozenset({"api", "web"})
OTHERS: Final = frozenset({"read", "unread"})

_REMEMBERED: Final = 4096  # answers kept for hosts and for paths; then forgotten all at once
_PATTERN: Final = re.compile(r"(?:\*\.)?[a-z0-9*-]+(?:\.[a-z0-9*-]+)*(?::[0-9]{1,5})?")
_PORT: Final = re.compile(r":[0-9]+$")
_SLASHES: Final = re.compile(r"/{2,}")


@dataclass(frozen=True, slots=True)
class Route:
    """One path pattern. `speaks` names the wire format, also where no dialect of ours has it."""

    path: str
    dialect: str
    speaks: str


@dataclass(frozen=True, slots=True, eq=False)
class Host:
    """One entry of the catalogue: the hosts of a provider that speak alike."""

    provider: str
    kind: str  # `api`, or `web` for a chat in the browser
    patterns: tuple[str, ...]
    routes: tuple[Route, ...]
    _exact: Mapping[str, Route] = field(repr=False)
    _globs: tuple[tuple[re.Pattern[str], Route], ...] = field(repr=False)
    is_mixed: bool = False  # other paths than those of the routes are none of ours
    _known: dict[str, str] = field(default_factory=dict, repr=False)

    def reads(self, path: str) -> bool:
        """Whether what goes to a path as sent is LLM traffic."""
        return not self.is_mixed or self.route(path) is not None

    def dialect(self, path: str) -> str:
        """The name of the dialect spoken on a path as sent; a query behind it does not matter."""
        known = self._known.get(path)
        if known is None:
            route = self.route(path)
            known = route.dialect if route else DEFAULT_DIALECT
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[path] = known
        return known

    def route(self, path: str) -> Route | None:
        """The first route that fits a path as sent; exact ones come before patterns."""
        plain = normal_path(path)
        exact = self._exact.get(plain)
        if exact:
            return exact
        return next((route for glob, route in self._globs if glob.fullmatch(plain)), None)


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Every LLM host by pattern."""

    hosts: tuple[Host, ...]
    _exact: Mapping[str, Host] = field(repr=False)
    _suffixes: Mapping[str, Host] = field(repr=False)
    _globs: tuple[tuple[re.Pattern[str], Host], ...] = field(repr=False)
    _known: dict[str, Host | None] = field(default_factory=dict, repr=False)

    def find(self, host: str) -> Host | None:
        """The entry for a host as a client names it (any case, a dot at the end, a port), or None
        where it is no LLM host. Exact names win over suffixes, suffixes over other patterns."""
        if host in self._known:
            return self._known[host]
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[host] = found = self._find(host.lower())
        return found

    def domains(self) -> tuple[str, ...]:
        """The fewest domain names of which all these hosts are, or below which they lie; addresses
        left out."""
        names = set()
        for entry in self.hosts:
            for pattern in entry.patterns:
                name = _PORT.sub("", pattern)
                # Behind the last label that may be anything.
                name = name.rpartition("*")[2].partition(".")[2] if "*" in name else name
                if name and not name.replace(".", "").isdecimal():
                    names.add(name)
        return tuple(
            sorted(
                name
                for name in names
                if not any(name != each and name.endswith(f".{each}") for each in names)
            )
        )

    def _find(self, host: str) -> Host | None:
        for name in dict.fromkeys((host, _PORT.sub("", host).rstrip("."))):
            if name in self._exact:
                return self._exact[name]
        suffix = name
        while suffix:
            suffix = suffix.partition(".")[2]
            if suffix in self._suffixes:
                return self._suffixes[suffix]
        return next((entry for glob, entry in self._globs if glob.fullmatch(name)), None)


def normal_path(path: str) -> str:
    """A path as routes are compared: no query, percent escapes undone, one slash at a time, no dot
    segments, no slash at the end, lower case."""
    plain = _SLASHES.sub("/", unquote(path.partition("?")[0])).lower()
    if "/." in plain:
        kept: list[str] = []
        for piece in plain.split("/"):
            if piece == "..":
                kept = kept[:-1]
            elif piece != ".":
                kept.append(piece)
        plain = "/".join(kept)
    return "/" + plain.strip("/")


def load_catalogue(text: str, origin: str) -> Catalogue:
    """The catalogue a YAML text holds. Raises `PolicyError` with file and line."""
    root = parse_yaml(text, origin)
    if root.integer("version") != 1:
        raise PolicyError("EXC-POL-006", 'unknown "version"; known: 1.', at=root.at("version"))
    families = root.node("families")
    tables = {name: tuple(_routes(families.nodes(name))) for name in families}
    hosts = tuple(_host(node, tables) for node in root.nodes("hosts"))
    lines = [node.at("hosts") for node in root.nodes("hosts")]
    root.done()
    return _build(hosts, lines)


def _routes(nodes: tuple[Node, ...]) -> Iterator[Route]:
    for node in nodes:
        dialect = node.choice("dialect", DIALECTS, default=DEFAULT_DIALECT)
        speaks = node.text("speaks", default=dialect)
        for path in node.texts("paths"):
            if path != normal_path(path):
                raise PolicyError(
                    "EXC-POL-012",
                    f'the path "{path}" is not as paths are compared.',
                    at=node.at("paths"),
                    hint=f'Write "{normal_path(path)}".',
                )
            yield Route(path, dialect, speaks)
        node.done()


def _host(node: Node, tables: Mapping[str, tuple[Route, ...]]) -> Host:
    routes = list(_routes(node.nodes("routes", default=())))
    for name in node.choices("families", tables, default=()):
        routes += tables[name]
    patterns = node.texts("hosts")
    for pattern in patterns:
        if not _PATTERN.fullmatch(pattern):
            raise PolicyError(
                "EXC-POL-012",
                f'"{pattern}" is no host pattern; wanted a name in lower case, with * where '
                "anything may stand.",
                at=node.at("hosts"),
            )
    entry = Host(
        provider=node.text("provider"),
        kind=node.choice("kind", KINDS, default="api"),
        patterns=patterns,
        routes=tuple(routes),
        _exact={route.path: route for route in reversed(routes) if "*" not in route.path},
        _globs=tuple((_path_glob(route.path), route) for route in routes if "*" in route.path),
        is_mixed=node.choice("others", OTHERS, default="read") == "unread",
    )
    node.done()
    return entry


def _path_glob(path: str) -> re.Pattern[str]:
    body, below, _ = path.partition("/**")
    return re.compile(re.escape(body).replace(r"\*", "[^/]*") + ("(?:/.*)?" if below else ""))


def _build(hosts: tuple[Host, ...], lines: list[str]) -> Catalogue:
    exact: dict[str, Host] = {}
    suffixes: dict[str, Host] = {}
    globs: list[tuple[re.Pattern[str], Host]] = []
    seen: set[str] = set()
    for entry, line in zip(hosts, lines, strict=True):
        for pattern in entry.patterns:
            if pattern in seen:
                raise PolicyError("EXC-POL-007", f'the host "{pattern}" stands twice.', at=line)
            seen.add(pattern)
            if "*" not in pattern:
                exact[pattern] = entry
            elif pattern.startswith("*.") and "*" not in pattern[2:]:
                suffixes[pattern[2:]] = entry
            else:
                globs.append((_host_glob(pattern), entry))
    return Catalogue(hosts=hosts, _exact=exact, _suffixes=suffixes, _globs=tuple(globs))


def _host_glob(pattern: str) -> re.Pattern[str]:
    labels, rest = ("(?:[^.]+\\.)+", pattern[2:]) if pattern.startswith("*.") else ("", pattern)
    return re.compile(labels + re.escape(rest).replace(r"\*", "[^.]*"))
