"""JSON Schemas of `pack.yaml` and of topic files, for editors; the loader says the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from excise.model import Action, Direction, Kind, Mode, Part, Severity
from excise.rules.schema import CHECKS, DETECTORS, DISGUISES, ENGINE, Scope, Status

Schema = dict[str, Any]
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
# What a pack may ask for by itself; the rest is for profiles.
ACTIONS: Final = (Action.LOG, Action.ALERT, Action.REDACT, Action.BLOCK)

_TEXT: Final[Schema] = {"type": "string"}
_FLAG: Final[Schema] = {"type": "boolean"}
_TEXTS: Final[Schema] = {"type": "array", "items": _TEXT}


def _word(words: Iterable[str]) -> Schema:
    """One of these."""
    return {"enum": sorted(map(str, words))}


def _several(words: Iterable[str]) -> Schema:
    """A list of some of these."""
    return {"type": "array", "items": _word(words)}


def _record(properties: Schema, *required: str) -> Schema:
    """A mapping of these keys and no other."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(required),
    }


def _listed(items: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": items}


def _whole(least: int, most: int | None = None) -> Schema:
    return {"type": "integer", "minimum": least} | ({"maximum": most} if most else {})


_SENTENCE: Final[Schema] = {"type": "string", "maxLength": 301, "pattern": r"\.\s*$"}
_WHERE: Final = _record({"direction": _several(Direction), "parts": _several(Part)})
_EXCUSE: Final = _record(
    {
        "use": _TEXT,
        **{scope.value: _TEXT for scope in Scope if scope is not Scope.SHA1},
        "sha1": _listed({"type": "string", "pattern": "^[0-9a-fA-F]{40}$"}),
        "ignore_case": _FLAG,
        "within": _whole(1),
        "because": _SENTENCE,
    }
)
_SHARED: Final[Schema] = {
    "status": _word(Status),
    "severity": _word(Severity),
    "level": _whole(1, 4),
    "kind": _word(Kind),
    "action": _word(ACTIONS),
    "where": _WHERE,
    "survives": _several(DISGUISES),
    "mode": _word(Mode),
    "serves": _TEXTS,
}
_CONTEXT: Final = _record(
    {"words": _TEXTS, "lists": _TEXTS, "before": _whole(0), "after": _whole(0)}
)
_PATTERN: Final = _record(
    {
        "regex": _TEXT,
        "group": _TEXT,
        "ignore_case": _FLAG,
        "min_entropy": {"type": "number", "minimum": 0},
        "checks": _several(CHECKS),
        "context": _CONTEXT,
    },
    "regex",
)
_ASKED: Final = _record(
    {
        "detector": _word(DETECTORS),
        "label": _TEXT,
        "min_score": {"type": "number", "minimum": 0, "maximum": 1},
        "columns": _whole(0),
    },
    "detector",
    "label",
)
_EXAMPLE: Final = _record(
    {
        "name": _TEXT,
        "text": _TEXT,
        "label": _TEXT,
        "expect": {"const": "none"},
        "someday": _word(("match", "none", "spans")),
        "also": _TEXTS,
    },
    "name",
    "text",
)
_RULE: Final = _record(
    {
        "id": _TEXT,
        "entity": _TEXT,
        "title": {"type": "string", "maxLength": 60},
        **_SHARED,
        "weight": {"type": "number", "minimum": 0, "maximum": 100},
        "generic": _FLAG,
        "keywords": _TEXTS,
        "match": {"oneOf": [_PATTERN, _ASKED]},
        "unless": _listed(_EXCUSE),
        "hold": _TEXT,
        "window": _whole(0),
        "why": _SENTENCE,
        "remedy": _SENTENCE,
        "references": _listed({"type": "string", "pattern": "^https://"}),
        "examples": _listed(_EXAMPLE),
    },
    "id",
    "entity",
    "title",
    "match",
    "why",
    "remedy",
    "examples",
)
_EXTENSION: Final = _record(
    {
        "rule": _TEXT,
        "unless": _listed(_EXCUSE),
        "level": _whole(1, 4),
        "action": _word(ACTIONS),
        "severity": _word(Severity),
        "mode": _word(Mode),
        "off": _FLAG,
        "because": _SENTENCE,
    },
    "rule",
    "because",
)


def build_pack_schema() -> Schema:
    """The schema of `pack.yaml`."""
    made = _record(
        {
            "pack": _TEXT,
            "version": _whole(1),
            "engine": {"const": ENGINE},
            "title": _TEXT,
            "defaults": _record(_SHARED),
            "fragments": {"type": "object", "additionalProperties": _TEXT},
            "excuses": {"type": "object", "additionalProperties": _listed(_EXCUSE)},
            "extends": _TEXTS,
            "known_false_positives": _TEXTS,
            "retired": _TEXTS,
        },
        "pack",
        "version",
        "engine",
        "title",
    )
    return {"$schema": _DIALECT, "title": "pack.yaml of Excise", **made}


def build_topic_schema() -> Schema:
    """The schema of a topic file."""
    made = _record({"rules": _listed(_RULE), "extend": _listed(_EXTENSION)})
    return {"$schema": _DIALECT, "title": "Rules of an Excise pack", **made}
