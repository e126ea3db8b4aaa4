"""Every field of an audit line, as one table: the schema and the reference page come from here.

The schema is closed and public: fields may be added, none is renamed or changes its meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from excise.model import Action, Direction, Kind, Mode, Part, Place, Role, Severity

SCHEMA_VERSION: Final = 1

# Lengths beyond which text that others choose is cut.
MAX_AGENT: Final = 200
MAX_EXCERPT: Final = 1000
MAX_HOST: Final = 253  # RFC 1035 §2.3.4
MAX_MODEL: Final = 128
MAX_NAME: Final = 128
MAX_PATH: Final = 256
MAX_RULINGS: Final = 64

WORD: Final = r"^[A-Za-z0-9_.:*/+@-]{1,128}$"


class Stage(StrEnum):
    """What a line tells of."""

    REQUEST = "request"
    RESPONSE = "response"
    STREAM = "stream"
    SHADOW = "shadow"
    TUNNEL = "tunnel"
    FAULT = "fault"
    START = "start"
    STOP = "stop"
    GAP = "gap"
    NOTICE = "notice"
    CHECKPOINT = "checkpoint"
    RECOVERY = "recovery"
    RETENTION = "retention"


# Lines about the trail itself.
BOOKKEEPING: Final = (Stage.CHECKPOINT, Stage.RECOVERY, Stage.RETENTION)


class Field(NamedTuple):
    """One field: its JSON Schema, what it says, and whether every line has it."""

    name: str
    schema: Mapping[str, Any]
    doc: str
    required: bool = False


def _words(enum: Iterable[str]) -> dict[str, Any]:
    return {"enum": [str(word) for word in enum]}


def _text(limit: int) -> dict[str, Any]:
    return {"type": "string", "maxLength": limit}


def _list(items: Mapping[str, Any], limit: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "maxItems": limit}


def object_of(fields: Iterable[Field]) -> dict[str, Any]:
    """The closed schema of an object with these fields."""
    known = tuple(fields)
    schema: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {each.name: {"description": each.doc, **each.schema} for each in known},
    }
    required = [each.name for each in known if each.required]
    return {**schema, "required": required} if required else schema


_WORD: Final[dict[str, Any]] = {"type": "string", "pattern": WORD}
_COUNT: Final[dict[str, Any]] = {"type": "integer", "minimum": 0}
_MS: Final[dict[str, Any]] = {"type": "number", "minimum": 0}
_HEX16: Final[dict[str, Any]] = {"type": "string", "pattern": "^[0-9a-f]{16}$"}
_STATUS: Final[dict[str, Any]] = {"type": "integer", "minimum": 0, "maximum": 999}

RULING: Final = (
    Field("rule", _WORD, "Id of the rule.", True),
    Field("entity", _WORD, "What was found.", True),
    Field("kind", _words(Kind), "What sort of concern the rule serves.", True),
    Field("severity", _words(Severity), "The harm if it is true.", True),
    Field("action", _words(Action), "What is done about it.", True),
    Field("mode", _words(Mode), "`shadow` where it was only noted.", True),
    Field("clause", _text(MAX_NAME), "Clause of the profile; empty for the rule's own action."),
    Field("detector", _WORD, "Which detector saw it."),
    Field("place", _words(Place), "Body, header, target, or inside a file of the body."),
    Field("role", _words(Role), "Who speaks there."),
    Field("part", _words(Part), "What that text is to the model."),
    Field(
        "path",
        _text(MAX_PATH),
        "Where in the document; object keys that are no known wire word are `*`.",
    ),
    Field("score", {"type": "number", "minimum": 0, "maximum": 1}, "How sure; the highest."),
    Field(
        "fingerprint",
        _HEX16,
        "Keyed HMAC-SHA256 of the value, first 16 hex digits.",
    ),
    Field("older", {"const": True}, "It stands in an older turn, where nothing is refused."),
    Field("because", _text(300), "Why the operator had the rule changed."),
    Field(
        "excerpt",
        _text(MAX_EXCERPT),
        "Text around the first of them, all that was found in it masked; with `audit-excerpts`.",
    ),
    Field("count", {"type": "integer", "minimum": 1}, "How often in this message.", True),
)

CLAUSE: Final = (
    Field("clause", _text(MAX_NAME), "Clause of the profile.", True),
    Field("action", _words(Action), "What it asks for.", True),
    Field("mode", _words(Mode), "`shadow` where it was only noted.", True),
)

_DIGEST: Final[dict[str, Any]] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
NOTICES: Final = (
    "limit-warning", "policy-loaded", "policy-rejected", "kill-switch-on", "kill-switch-off",
    "store-away", "store-back",
    "worker-died", "self-test-failed",
)  # fmt: skip
CHECKPOINT_REASONS: Final = ("interval", "rotation", "retention", "stop")

DROPPED: Final = (
    Field("file", _text(MAX_NAME), "Name it had, without its packing.", True),
    Field("seq", _COUNT, "Number of its last line."),
    Field("digest", _DIGEST, "Digest of its last line."),
)

TIMINGS: Final = ("read", "detect", "decide", "enforce", "audit", "total")

FIELDS: Final = (
    Field("schema", {"const": SCHEMA_VERSION}, "Version of this schema.", True),
    Field(
        "time",
        {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"},
        "When the line was handed to the trail, UTC (RFC 3339).",
        True,
    ),
    Field("stage", _words(Stage), "What the line tells of.", True),
    Field("id", _text(64), "The exchange; the same on each of its lines."),
    Field("reference", _text(64), "What a refused user was given to quote."),
    Field("direction", _words(Direction), "To the model, or back."),
    Field(
        "principal",
        object_of(
            (
                Field("id", _text(MAX_NAME), "Who, in a form that is safe to log.", True),
                Field("source", _text(MAX_NAME), "How that is known."),
                Field("group", _text(MAX_NAME), "The group policies may speak of."),
            )
        ),
        "Who is speaking.",
    ),
    Field(
        "client",
        object_of(
            (
                Field("address", _text(64), "Network address the connection came from."),
                Field("user_agent", _text(MAX_AGENT), "What the client calls itself, masked."),
                Field("family", _text(40), "First product that it names, in lower case."),
                Field("fingerprint", _HEX16, "Keyed HMAC of its header names in their order."),
            )
        ),
        "The program at the other end.",
    ),
    Field(
        "provider", _text(MAX_NAME), "Provider, from the host catalogue (`gen_ai.provider.name`)."
    ),
    Field("host", _text(MAX_HOST), "Host the exchange was for (`server.address`)."),
    Field("method", _text(16), "HTTP method."),
    Field("path", _text(MAX_PATH), "Path, masked, and names of query fields without values."),
    Field("dialect", _text(MAX_NAME), "Codec that read the message."),
    Field("model", _text(MAX_MODEL), "Model asked for (`gen_ai.request.model`)."),
    Field(
        "conversation",
        object_of(
            (
                Field("step", _COUNT, "Turns in this request: its place in the conversation."),
                Field("tool_turns", _COUNT, "Turns of them that hold a tool's result."),
                Field(
                    "sources",
                    _list(_HEX16, 16),
                    "Keyed HMACs of the ids under which retrieved documents and chunks come.",
                ),
            )
        ),
        "Where in its conversation a request stands.",
    ),
    Field("stream", {"type": "boolean"}, "Whether the answer is a stream."),
    Field("status", _STATUS, "HTTP status the client was given."),
    Field("action", _words(Action), "What was done; on a `shadow` line nothing."),
    Field(
        "would",
        _words(Action),
        "What would have been done with shadow rules enforced; on a `shadow` line, with those it "
        "tells of.",
    ),
    Field(
        "rulings",
        _list(object_of(RULING), MAX_RULINGS),
        "What was found and what policy said of it; equal ones are one entry with a count.",
    ),
    Field(
        "clauses",
        _list(object_of(CLAUSE), MAX_RULINGS),
        "What clauses said of the exchange as a whole.",
    ),
    Field(
        "risk",
        {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}},
        "Anomaly score by layer, such as `lexical` and `meaning`.",
    ),
    Field("rulings_left_out", _COUNT, "Entries that the limit on `rulings` left out."),
    Field("reasons", _list(_WORD, 16), "Why without a rule, such as `uninspectable:encoding`."),
    Field("anomalies", _list(_WORD, 16), "Oddities of form, such as `duplicate-key`."),
    Field("missing", _list(_WORD, 16), "Detectors that did not answer."),
    Field("edits", _COUNT, "Spans that were replaced."),
    Field("restored", _COUNT, "Placeholders that were put back."),
    Field(
        "bytes",
        object_of(
            (
                Field("in", _COUNT, "Body as it arrived."),
                Field("out", _COUNT, "Body as it left."),
            )
        ),
        "Sizes on the wire.",
    ),
    Field(
        "usage",
        object_of(
            (
                Field("input", _COUNT, "`gen_ai.usage.input_tokens`."),
                Field("output", _COUNT, "`gen_ai.usage.output_tokens`."),
                Field("cost", _MS, "US dollars, by `prices.yaml`, without discounts."),
                Field(
                    "tariff",
                    _text(MAX_NAME),
                    "Which price counted: its first pattern in `prices.yaml`, or `otherwise`.",
                ),
                Field("counted", _WORD, "By `provider`; else `exact` by us, or an `estimate`."),
            )
        ),
        "Tokens of the exchange.",
    ),
    Field(
        "timings",
        object_of(Field(name, _MS, f"Milliseconds of `{name}`.") for name in TIMINGS),
        "Time spent by the firewall, in milliseconds.",
    ),
    Field(
        "upstream",
        object_of(
            (
                Field("status", _STATUS, "HTTP status of the provider."),
                Field("ended", _words(("whole", "cut", "closed")), "How its stream ended."),
            )
        ),
        "What the provider answered.",
    ),
    Field(
        "override",
        object_of(
            (
                Field("clauses", _list(_text(MAX_NAME), MAX_RULINGS), "Clauses lifted.", True),
                Field("because", _text(300), "The user's reason, masked."),
            )
        ),
        "That the user overruled a refusal.",
    ),
    Field(
        "fault",
        object_of(
            (
                Field("kind", _WORD, "Class of the exception; never its text.", True),
                Field("where", _text(MAX_NAME), "Module and line that raised it."),
            )
        ),
        "What failed in the firewall itself.",
    ),
    Field(
        "notice",
        object_of(
            (
                Field("event", _words(NOTICES), "What happened.", True),
                Field("subject", _WORD, "Id of the limit, or code of the error."),
                Field("percent", _COUNT, "Of the limit that is used up."),
            )
        ),
        "On a `notice`: what an operator should know of.",
    ),
    Field(
        "shape",
        object_of(
            (
                Field("seconds", _MS, "From the first piece to the last."),
                Field("sent", _COUNT, "Bytes from the client, encrypted."),
                Field("received", _COUNT, "Bytes to it."),
                Field("answers", _COUNT, "Answers that came as a model's come."),
                Field("events", _COUNT, "Of the best of them, or of the longest answer: pieces."),
                Field("gap", _MS, "The same: seconds between pieces, the median."),
                Field("size", _COUNT, "The same: bytes of a piece, the median."),
                Field("spread", _MS, "The same: middle half of the sizes, as share of `size`."),
                Field("rate", _MS, "The same: bytes a second."),
            )
        ),
        "On a `tunnel` that was relayed unread: how much went by, and how.",
    ),
    Field("lost", _COUNT, "On a `gap`: records refused while the trail could not be written."),
    Field(
        "checkpoint",
        object_of(
            (
                Field("trail", _text(MAX_NAME), "Name of the trail.", True),
                Field("key", _HEX16, "Which key signs: `excise audit key` prints it.", True),
                Field("reason", _words(CHECKPOINT_REASONS), "Why now.", True),
                Field("lines", _COUNT, "Lines since the checkpoint before.", True),
            )
        ),
        "On a `checkpoint`: who vouches for the chain up to here.",
    ),
    Field(
        "recovery",
        object_of(
            (
                Field("cut_bytes", _COUNT, "Length of an unfinished line that was cut off.", True),
                Field("missing_lines", _COUNT, "Lines known to the state folder and gone.", True),
            )
        ),
        "On a `recovery`: in what state the trail was found.",
    ),
    Field(
        "retention",
        object_of((Field("dropped", _list(object_of(DROPPED), 64), "Which files.", True),)),
        "On a `retention`: full files that the limits had removed.",
    ),
    Field("profile", _text(MAX_NAME), "Profile in force."),
    Field("policy", _text(64), "Digest of the policy in force."),
    Field("version", _text(32), "Version of the product.", True),
    Field("worker", _text(32), "Process that wrote the line."),
    Field("seq", {"type": "integer", "minimum": 1}, "Number of the line in its chain."),
    Field("prev", _DIGEST, "SHA-256 of the line before, in hex; zeros for the first."),
    Field(
        "signature",
        {"type": "string", "pattern": "^[0-9a-f]{128}$"},
        "On a `checkpoint`: Ed25519 over the line up to here, in hex.",
    ),
)

# What a line about an exchange must say besides.
EXCHANGE_STAGES: Final = (Stage.REQUEST, Stage.RESPONSE, Stage.STREAM)
EXCHANGE_FIELDS: Final = ("id", "direction", "principal", "action", "would")


def build_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of one line."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Excise audit record",
        "description": "One line of the audit trail. Closed: unknown fields are errors.",
        **object_of(FIELDS),
        "if": {"properties": {"stage": _words(EXCHANGE_STAGES)}},
        "then": {"required": list(EXCHANGE_FIELDS)},
    }


def render_reference() -> str:
    """The reference page of the fields, in Markdown."""
    lines = [
        "# Audit fields",
        "",
        "<!-- Written by scripts/gen-schema from addons/excise/audit/fields.py. -->",
        "",
        "One JSON object a line, append-only, owner-only; the JSON Schema is",
        "`policies/schema/audit.json`. The schema is closed and public: changes are additive.",
        "No field holds text that a detector matched. What is empty is left out.",
        "Names in brackets are those of the OpenTelemetry conventions for the same thing.",
        "",
        "| field | says | values |",
        "|---|---|---|",
    ]
    lines += [_row(field) for field in FIELDS]
    for title, fields in _nested():
        lines += ["", f"## `{title}`", "", "| field | says | values |", "|---|---|---|"]
        lines += [_row(field, f"{title}.") for field in fields]
    stages = ", ".join(f"`{stage}`" for stage in EXCHANGE_STAGES)
    needed = ", ".join(f"`{name}`" for name in EXCHANGE_FIELDS)
    lines += ["", f"Lines of the stages {stages} always have {needed}.", ""]
    return "\n".join(lines)


def _nested() -> Iterable[tuple[str, list[Field]]]:
    for name, schema, _, _ in FIELDS:
        inner = schema.get("items", schema)
        needed = inner.get("required", ())
        if "properties" in inner:
            yield (
                name,
                [
                    Field(each, of, of["description"], each in needed)
                    for each, of in inner["properties"].items()
                ],
            )


def _row(field: Field, prefix: str = "") -> str:
    words = [f"`{word}`" for word in field.schema.get("enum", ())]
    shown = ", ".join(words) or str(field.schema.get("type", field.schema.get("const", "")))
    mark = " (always)" if field.required else ""
    return f"| `{prefix}{field.name}`{mark} | {field.doc} | {shown} |"
