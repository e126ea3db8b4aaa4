"""The shape of JSON values as a small part of JSON Schema: types and field names, never a value.

A schema is a dict with `type` (a sorted list of words), `properties`, `items` and
`additionalProperties`, as 2020-12 has them. What is in no `properties` is forbidden where
`additionalProperties` is false. A field's name is kept where it looks like one that a programmer
chose; others may be values themselves (ids, addresses, secrets), and make the object a map.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Final

Schema = dict[str, Any]
Where = tuple[str, ...]

ITEM: Final = "[]"  # stands for every place of a list in a path
ANY_KEY: Final = "*"  # stands for every key of a map

_NAME: Final = re.compile(r"[$_]?[a-z][a-z]{0,23}(?:[_.-]?[A-Za-z][a-z]{0,23}|_?[0-9]{1,2}){0,7}")
_MOST: Final = 96  # names of one object; more is a map
_DEEPEST: Final = 24
# What stands below is the client's own: the schema of a tool, its arguments, labels.
FREE: Final = frozenset(
    {"arguments", "args", "input_schema", "inputSchema", "json_schema", "labels", "logit_bias"}
    | {"metadata", "parameters", "parametersJsonSchema", "responseJsonSchema", "responseSchema"}
    | {"response_schema", "schema", "structuredContent", "variables"}
)
ANYTHING: Final[Schema] = {}


def infer(value: Any, depth: int = 0) -> Schema:
    """The schema of one value."""
    if depth > _DEEPEST:
        return ANYTHING
    if isinstance(value, dict):
        return _of_object(value, depth)
    if isinstance(value, list):
        items: Schema | None = None
        for each in value:
            told = infer(each, depth + 1)
            items = told if items is None else merge(items, told)
        return {"type": ["array"], **({"items": items} if items is not None else {})}
    return {"type": [_word(value)]}


def _of_object(value: dict[str, Any], depth: int) -> Schema:
    named: dict[str, Schema] = {}
    others: Schema | None = None
    for name, each in value.items():
        told = ANYTHING if name in FREE else infer(each, depth + 1)
        if is_name(name) and len(named) < _MOST:
            named[name] = told
        else:
            others = told if others is None else merge(others, told)
    return {
        "type": ["object"],
        "properties": dict(sorted(named.items())),
        "additionalProperties": False if others is None else others,
    }


def merge(one: Schema, other: Schema) -> Schema:
    """What allows what either allows."""
    if not one or not other:
        return ANYTHING
    types = sorted({*one["type"], *other["type"]})
    if "number" in types and "integer" in types:
        types.remove("integer")
    made: Schema = {"type": types}
    if "object" in types:
        known = [each for each in (one, other) if "object" in each["type"]]
        made |= known[0] if len(known) == 1 else _merged_objects(*known)
        made["type"] = types
    items = [each["items"] for each in (one, other) if "items" in each]
    if items:
        made["items"] = merge(*items) if len(items) == 2 else items[0]
    return made


def _merged_objects(one: Schema, other: Schema) -> Schema:
    named = dict(one["properties"])
    for name, told in other["properties"].items():
        named[name] = merge(named[name], told) if name in named else told
    others = [
        each["additionalProperties"]
        for each in (one, other)
        if each["additionalProperties"] is not False
    ]
    if len(named) > _MOST:
        kept = sorted(named)
        others += [named.pop(name) for name in kept[_MOST:]]
    rest: Schema | bool = False
    for each in others:
        rest = each if rest is False else merge(rest, each)  # type: ignore[arg-type]
    return {"properties": dict(sorted(named.items())), "additionalProperties": rest}


def find_faults(schema: Schema, value: Any, where: Where = ()) -> Iterator[Where]:
    """Places at which a value is not what the schema allows; `where` names fields as the schema
    does, and says `*` for a name that it does not have."""
    if not schema:
        return
    word, types = _word(value), schema.get("type", ())
    if word not in types and not (word == "integer" and "number" in types):
        yield where
    elif word == "object":
        named, others = schema.get("properties", {}), schema.get("additionalProperties", False)
        for name, each in value.items():
            if name in named:
                yield from find_faults(named[name], each, (*where, name))
            elif others is False:
                yield (*where, ANY_KEY)
            elif others is not True:
                yield from find_faults(others, each, (*where, ANY_KEY))
    elif word == "array" and "items" in schema:
        for each in value:
            yield from find_faults(schema["items"], each, (*where, ITEM))


def find_unread(value: Any, read: Collection[tuple[str | int, ...]], schema: Schema) -> set[Where]:
    """Fields with a text that none of the paths in `read` leads to or through, by the names of the
    schema."""
    found: set[Where] = set()
    read = set(read)

    def is_read(path: tuple[str | int, ...]) -> bool:
        return any(path[:end] in read for end in range(1, len(path) + 1))

    def walk(here: Any, path: tuple[str | int, ...], shown: Where, told: Schema) -> None:
        if isinstance(here, dict) and told:
            for name, each in here.items():
                known = name in told.get("properties", {})
                below = told["properties"][name] if known else ANYTHING
                walk(each, (*path, name), (*shown, name if known else ANY_KEY), below)
        elif isinstance(here, list):
            for number, each in enumerate(here):
                walk(each, (*path, number), (*shown, ITEM), told.get("items", ANYTHING))
        elif isinstance(here, str) and here and not is_read(path):
            found.add(shown)

    walk(value, (), (), schema)
    return found


def find_marks(schema: Schema, where: Where = ()) -> Iterator[Where]:
    """Places that a document marks as read by no codec."""
    if schema.get(UNREAD):
        yield where
    for name, each in schema.get("properties", {}).items():
        yield from find_marks(each, (*where, name))
    if "items" in schema:
        yield from find_marks(schema["items"], (*where, ITEM))
    if isinstance(schema.get("additionalProperties"), dict):
        yield from find_marks(schema["additionalProperties"], (*where, ANY_KEY))


def without_marks(schema: Schema) -> Schema:
    """The same schema without them."""
    made = {name: each for name, each in schema.items() if name != UNREAD}
    if "properties" in made:
        made["properties"] = {n: without_marks(each) for n, each in made["properties"].items()}
    for name in ("items", "additionalProperties"):
        if isinstance(made.get(name), dict):
            made[name] = without_marks(made[name])
    return made


def is_name(text: str) -> bool:
    """Whether a key is a name that may be kept."""
    digits = sum(map(str.isdigit, text))
    return len(text) <= 48 and digits <= 2 and _NAME.fullmatch(text) is not None


def is_schema(value: Any) -> bool:
    """Whether a value has the form that `infer` gives; what is left out allows anything."""
    if not isinstance(value, dict):
        return False
    if set(value) <= {UNREAD}:
        return True
    types = value.get("type")
    if not isinstance(types, list) or not types or not set(types) <= _WORDS:
        return False
    others = value.get("additionalProperties", False)
    inner = [*_dict(value.get("properties", {})).values()]
    inner += [value["items"]] if "items" in value else []
    inner += [] if isinstance(others, bool) else [others]
    known = {"type", "properties", "items", "additionalProperties", UNREAD}
    return set(value) <= known and all(map(is_schema, inner))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {"": None}


UNREAD: Final = "x-excise-unread"
_WORDS: Final = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


def _word(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "array"
    return "integer" if isinstance(value, int) or float(value).is_integer() else "number"
