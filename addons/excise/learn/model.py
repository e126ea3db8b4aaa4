"""What was learnt of some hosts' endpoints, as an OpenAPI 3.1 document that people prune, and what
is then allowed by it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from urllib.parse import unquote

from excise.errors import PolicyError
from excise.learn.schema import (
    ANY_KEY,
    ITEM,
    UNREAD,
    Schema,
    Where,
    find_faults,
    find_marks,
    is_name,
    is_schema,
    merge,
    without_marks,
)

VERSION: Final = "3.1.0"
_VALUE: Final = "{value}"
_MOST: Final = 512  # endpoints; a host that answers anywhere would fill memory
_JSON: Final = "application/json"
_EACH: Final = "application/jsonl"  # of a sequence the schema of each item
_GLOB: Final = re.compile(r"\{[^/}]*\}")


class Way(StrEnum):
    """What goes which way: a whole request or message of a client's, a whole answer, or each event
    of a streamed answer and each message of a server's."""

    REQUEST = "request"
    RESPONSE = "response"
    EVENT = "event"


@dataclass(slots=True)
class Endpoint:
    """One method of one path: where it was seen, in how many messages, and what goes each
    way."""

    hosts: set[str] = field(default_factory=set)
    seen: int = 0
    bodies: dict[Way, Schema] = field(default_factory=dict)
    unread: set[tuple[Way, Where]] = field(default_factory=set)


Key = tuple[str, str]  # path template, method


def template_of(path: str) -> str:
    """A path whose pieces are names; those that may be values are `{value}`."""
    pieces = unquote(path.partition("?")[0]).strip("/").split("/")[:12]
    return "/" + "/".join(p if is_name(p) or _VERSIONED.fullmatch(p) else _VALUE for p in pieces)


_VERSIONED: Final = re.compile(r"v[0-9]{1,2}(?:(?:alpha|beta)[0-9]?)?|")


@dataclass(slots=True)
class Learnt:
    """Everything that was observed."""

    endpoints: dict[Key, Endpoint] = field(default_factory=dict)
    changed: bool = field(default=False, compare=False)  # since whoever keeps it looked last

    def observe(
        self,
        key: Key,
        host: str,
        way: Way,
        schema: Schema | None,
        unread: Iterable[Where] = (),
    ) -> bool:
        """Take one message or event in; whether it told something new."""
        known = self.endpoints.get(key)
        if known is None:
            if len(self.endpoints) >= _MOST:
                return False
            known = self.endpoints[key] = Endpoint()
        before = (len(known.hosts), known.bodies.get(way), len(known.unread))
        self.changed = True
        known.hosts.add(host)
        known.seen += way is not Way.EVENT
        if schema is not None:
            old = known.bodies.get(way)
            known.bodies[way] = schema if old is None else merge(old, schema)
        known.unread |= {(way, where) for where in unread}
        return before != (len(known.hosts), known.bodies.get(way), len(known.unread))

    def join(self, other: Learnt) -> None:
        """Take in what another process observed."""
        for key, each in other.endpoints.items():
            mine = self.endpoints.setdefault(key, Endpoint())
            mine.hosts |= each.hosts
            mine.seen += each.seen
            mine.unread |= each.unread
            for way, schema in each.bodies.items():
                old = mine.bodies.get(way)
                mine.bodies[way] = schema if old is None else merge(old, schema)

    def covert(self) -> list[tuple[str, str, Way, str]]:
        """Method, path, way and field of every text that no codec reads."""
        return sorted(
            (method, path, way, "/".join(where) or ".")
            for (path, method), each in self.endpoints.items()
            for way, where in each.unread
        )


def to_openapi(learnt: Learnt) -> dict[str, Any]:
    """The document, in an order that diffs well."""
    paths: dict[str, Any] = {}
    for (path, method), each in sorted(learnt.endpoints.items()):
        unread = {way: {where for one, where in each.unread if one is way} for way in Way}
        bodies = {way: _marked(s, unread[way]) for way, s in each.bodies.items()}
        operation: dict[str, Any] = {
            "servers": [{"url": f"https://{host}"} for host in sorted(each.hosts)],
            "x-excise-seen": each.seen,
            "responses": {"default": {"description": "As observed."}},
        }
        for way, (media, holder) in _PLACES.items():
            if way in bodies:
                content = _holder(operation, holder).setdefault("content", {})
                content[media] = {"schema": bodies[way]}
        paths.setdefault(path, {})[method.lower()] = operation
    return {
        "openapi": VERSION,
        "info": {"title": "Observed LLM traffic", "version": "1"},
        "paths": paths,
    }


# Where the schema of each way stands: its media type, and the path of what has the content.
_PLACES: Final = {
    Way.REQUEST: (_JSON, ("requestBody",)),
    Way.RESPONSE: (_JSON, ("responses", "default")),
    Way.EVENT: (_EACH, ("responses", "default")),
}


def _holder(operation: dict[str, Any], path: Iterable[str]) -> dict[str, Any]:
    here = operation
    for name in path:
        here = here.setdefault(name, {})
    return here


def _marked(schema: Schema, unread: set[Where], where: Where = ()) -> Schema:
    """The schema with a mark at each field that no codec reads."""
    made = dict(schema)
    if where in unread:
        made[UNREAD] = True
    if "properties" in made:
        made["properties"] = {
            name: _marked(each, unread, (*where, name)) for name, each in made["properties"].items()
        }
    if "items" in made:
        made["items"] = _marked(made["items"], unread, (*where, ITEM))
    if isinstance(made.get("additionalProperties"), dict):
        made["additionalProperties"] = _marked(
            made["additionalProperties"], unread, (*where, ANY_KEY)
        )
    return made


def parse_openapi(text: str, origin: str) -> Learnt:
    """What a document of ours says, as pruned by people. Raises `PolicyError` (EXC-POL-018)."""
    try:
        document = json.loads(text)
        paths = document["paths"]
        if not str(document["openapi"]).startswith("3.1"):
            raise ValueError
        return Learnt(
            {
                (path, method.upper()): _endpoint(operation, f"{method.upper()} {path}")
                for path, methods in paths.items()
                for method, operation in methods.items()
            }
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        why = (
            str(fault) if isinstance(fault, _Form) else "it is not as `excise learn export` writes"
        )
        raise PolicyError("EXC-POL-018", f"cannot be enforced: {why}.", at=origin) from None


class _Form(ValueError):
    """Where a document is not as it must be."""


def _endpoint(operation: Mapping[str, Any], name: str) -> Endpoint:
    bodies: dict[Way, Schema] = {}
    unread: set[tuple[Way, Where]] = set()
    for way, (media, path) in _PLACES.items():
        holder: Any = operation
        for piece in path:
            holder = holder.get(piece) or {}
        content = holder.get("content") or {}
        if not content.keys() <= {each for each, at in _PLACES.values() if at == path}:
            raise _Form(f"{name} has a body of another media type")
        if media not in content:
            continue
        schema = content[media]["schema"]
        if not is_schema(schema):
            raise _Form(f"the {way} of {name} uses more of JSON Schema than is known here")
        unread |= {(way, where) for where in find_marks(schema)}
        bodies[way] = without_marks(schema)
    hosts = {server["url"].removeprefix("https://") for server in operation["servers"]}
    seen = int(operation.get("x-excise-seen", 0))
    return Endpoint(hosts=hosts, seen=seen, bodies=bodies, unread=unread)


@dataclass(frozen=True, slots=True)
class Model:
    """A document in force: what it does not name is not as it should be."""

    exact: Mapping[Key, Endpoint]
    globs: tuple[tuple[re.Pattern[str], str, Endpoint], ...]

    def find(self, host: str, method: str, path: str) -> Endpoint | None:
        """The endpoint that a request is for, or None where the document has none."""
        plain = "/" + unquote(path.partition("?")[0]).strip("/")
        found = self.exact.get((plain, method))
        if found is None:
            found = next(
                (e for glob, m, e in self.globs if m == method and glob.fullmatch(plain)), None
            )
        return found if found is not None and host in found.hosts else None

    def faults(
        self, host: str, method: str, path: str, way: Way, value: Any, *, empty: bool = False
    ) -> list[str]:
        """Why a message or event is not as the document says: `endpoint`, `body`, or fields by
        their path; none where it is."""
        endpoint = self.find(host, method, path)
        if endpoint is None:
            return ["endpoint"]
        schema = endpoint.bodies.get(way)
        if empty:
            return []
        if schema is None:
            return ["body"]
        return sorted({"/".join(where) or "." for where in find_faults(schema, value)})


def build_model(learnt: Learnt) -> Model:
    """What a document allows."""
    exact = {key: each for key, each in learnt.endpoints.items() if "{" not in key[0]}
    globs = tuple(
        (re.compile("[^/]+".join(map(re.escape, _GLOB.split(path)))), method, each)
        for (path, method), each in sorted(learnt.endpoints.items())
        if "{" in path
    )
    return Model(exact, globs)
