"""The JSON Schemas of profiles and limits, for editors; the loader says the rest."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

from excise.errors import REASONS
from excise.model import Action, Direction, Kind, Mode, Part, Role, Severity, ToolClass
from excise.policy.judging import CLASSIFIERS
from excise.policy.limits import ID, SPAN, WINDOWED, Per, What
from excise.policy.load import BUILT, JUSTIFICATIONS, MAX_TEXT
from excise.policy.schema import JUDGED_PARTS, How, Images, Pinning, Scope, Sockets, When

Schema = dict[str, Any]
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Final[Schema] = {"type": "string"}
_TEXTS: Final[Schema] = {"type": "array", "items": _TEXT}
_CHANCE: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 1}
_GREY: Final[Schema] = {"type": "array", "items": _CHANCE, "minItems": 2, "maxItems": 2}
_WORDS: Final = {
    "kinds": Kind,
    "severities": Severity,
    "roles": Role,
    "parts": Part,
    "tool-classes": ToolClass,
    "directions": Direction,
}


def build_profile_schema() -> Schema:
    """The schema of a profile."""
    made = _record(
        {
            "profile": _TEXT,
            "extends": _TEXT,
            "title": _TEXT,
            "packs": _listed(_use()),
            "level": {"type": "integer", "minimum": 1, "maximum": 4},
            "clauses": _listed(_clause()),
            "uninspectable": _record(
                {"otherwise": _word(BUILT), **{reason: _word(BUILT) for reason in sorted(REASONS)}},
                "otherwise",
            ),
            "on-fault": _word(BUILT),
            "require": _TEXTS,
            "sockets": _word(Sockets),
            "images": _word(Images),
            "note": _TEXT,
            "tools": _record({"hosts": _TEXTS, "paths": _TEXTS, "pins": _word(Pinning)}),
            "judge": _record(
                {
                    "directions": _listed(_word(Direction)),
                    "parts": _listed(_word(JUDGED_PARTS)),
                    "grey": _record(dict.fromkeys(sorted(CLASSIFIERS), _GREY)),
                    "if": _TEXT,
                }
            ),
            "cases": _listed(_case()),
        },
        "profile",
        "title",
    )
    # One that extends another need not say again what that says.
    alone = {"required": ["packs", "uninspectable", "on-fault"]}
    return {
        "$schema": _DIALECT,
        "title": "A profile of Excise",
        **made,
        "anyOf": [{"required": ["extends"]}, alone],
    }


def build_limits_schema() -> Schema:
    """The schema of limits."""
    when = _record(dict.fromkeys(("users", "groups", "models", "providers"), _TEXTS))
    percent = {"type": "integer", "minimum": 1, "maximum": 100}
    limit = _record(
        {
            "id": {**_TEXT, "pattern": f"^{ID.pattern}$"},
            "count": _word(What),
            "at-most": {"type": "number", "exclusiveMinimum": 0},
            "within": {**_TEXT, "pattern": f"^{SPAN.pattern}$"},
            "per": _listed(_word(Per)),
            "mode": _word(Mode),
            "warn-at": _listed(percent),
            "when": when,
        },
        "id",
        "count",
        "at-most",
    )
    # What counts within a window needs one, and nothing else has one.
    windowed = {"properties": {"count": _word(WINDOWED)}, "required": ["count"]}
    has_window = {"required": ["within"]}
    rule = {"if": windowed, "then": has_window, "else": {"not": has_window}}
    return {
        "$schema": _DIALECT,
        "title": "Limits of Excise",
        **_record({"limits": _listed({**limit, **rule})}, "limits"),
    }


def _use() -> Schema:
    modes = {"mode": _word(Mode), "enforce": _TEXTS, "shadow": _TEXTS}
    return _record({"pack": _TEXT, **modes}, "pack")


def _clause() -> Schema:
    names = [each.name.replace("_", "-") for each in fields(When)]
    when = {name: _listed(_word(_WORDS[name])) if name in _WORDS else _TEXTS for name in names}
    return _record(
        {
            "id": _TEXT,
            "when": _record(when),
            "if": _TEXT,
            "then": _word(BUILT),
            "mode": _word(Mode),
            "scope": _word(Scope),
            "percent": {"type": "integer", "minimum": 0, "maximum": 100},
            "tell": _TEXT,
            "how": _word(How),
            "valid": {"type": "boolean"},
            "text": {**_TEXT, "maxLength": MAX_TEXT},
            "retry-after": {"type": "integer", "minimum": 1, "maximum": 86_400},
            "override": _record(
                {
                    "minutes": {"type": "integer", "minimum": 1, "maximum": 1440},
                    "justification": _word(JUSTIFICATIONS),
                }
            ),
        },
        "id",
        "then",
    )


def _case() -> Schema:
    expect = {"action": _word(Action), "would": _word(Action), "clause": _TEXT}
    return _record(
        {
            "name": _TEXT,
            "findings": _TEXTS,
            "direction": _word(Direction),
            "group": _TEXT,
            "user": _TEXT,
            "model": _TEXT,
            "role": _word(Role),
            "part": _word(Part),
            "older": {"type": "boolean"},
            "tokens": {"type": "integer", "minimum": 0},
            "expect": _record(expect, "action"),
        },
        "name",
        "expect",
    )


def _word(words: Any) -> Schema:
    return {"enum": sorted(map(str, words))}


def _listed(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _record(properties: Schema, *required: str) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(required),
    }
