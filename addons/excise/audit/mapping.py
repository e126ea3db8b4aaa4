"""How a line is said in other vocabularies: OpenTelemetry, ECS and OCSF, from one table.

Sources of the names: OpenTelemetry semantic conventions 1.37 (GenAI registry), Elastic Common
Schema 8.17, OCSF 1.5 (class 6003 API Activity with the profile `security_control`). What has no
name there goes below a name of ours: `excise.…`, and `unmapped.…` in OCSF.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from excise.audit.fields import FIELDS, Stage
from excise.model import Action

Record = Mapping[str, Any]


class Row(NamedTuple):
    """One field of ours and its names elsewhere; "" where there is none."""

    field: str
    otel: str = ""
    ecs: str = ""
    ocsf: str = ""


MAPPING: Final = (
    Row("time", "timestamp", "@timestamp", "time"),
    Row("stage", "event.name", "event.action", "api.operation"),
    Row("id", "excise.exchange.id", "event.id", "metadata.uid"),
    Row("reference", "excise.reference", "error.id", "metadata.correlation_uid"),
    Row("direction", "excise.direction", "network.direction", "unmapped.direction"),
    Row("principal.id", "user.id", "user.id", "actor.user.uid"),
    Row("principal.source", "excise.principal.source", "", "actor.user.type"),
    Row("principal.group", "excise.principal.group", "group.name", "actor.user.org.name"),
    Row("client.address", "client.address", "client.address", "src_endpoint.ip"),
    Row("client.user_agent", "user_agent.original", "user_agent.original",
        "http_request.user_agent"),
    Row("client.family", "user_agent.name", "user_agent.name", "actor.app_name"),
    Row("client.fingerprint", "excise.client.fingerprint", "", "actor.app_uid"),
    Row("conversation.sources", "gen_ai.data_source.id"),
    Row("provider", "gen_ai.provider.name", "gen_ai.system", "api.service.name"),
    Row("host", "server.address", "destination.domain", "dst_endpoint.hostname"),
    Row("method", "http.request.method", "http.request.method", "http_request.http_method"),
    Row("path", "url.path", "url.path", "http_request.url.path"),
    Row("model", "gen_ai.request.model", "gen_ai.request.model", "ai_model.name"),
    Row("status", "http.response.status_code", "http.response.status_code", "http_response.code"),
    Row("action", "excise.action", "event.type", "unmapped.action"),
    Row("would", "excise.would", "", "unmapped.would"),
    Row("bytes.in", "http.request.body.size", "http.request.body.bytes", "traffic.bytes_in"),
    Row("bytes.out", "excise.bytes.out", "http.response.body.bytes", "traffic.bytes_out"),
    Row("usage.input", "gen_ai.usage.input_tokens", "gen_ai.usage.input_tokens",
        "unmapped.usage.input"),
    Row("usage.output", "gen_ai.usage.output_tokens", "gen_ai.usage.output_tokens",
        "unmapped.usage.output"),
    Row("fault.kind", "error.type", "error.type", "status_detail"),
    Row("version", "service.version", "observer.version", "metadata.product.version"),
    Row("policy", "excise.policy", "rule.ruleset", "policy.uid"),
    Row("profile", "excise.profile", "rule.category", "policy.name"),
    Row("worker", "service.instance.id", "observer.name", "metadata.loggers.name"),
    Row("seq", "excise.seq", "event.sequence", "metadata.sequence"),
    Row("prev", "excise.prev", "event.hash", "unmapped.prev"),
)  # fmt: skip

# OCSF: action_id and disposition_id of the profile `security_control`.
_DISPOSITIONS: Final[dict[str, tuple[int, int]]] = {
    Action.ALLOW: (1, 1), Action.LOG: (3, 17), Action.ALERT: (3, 19), Action.REDACT: (4, 11),
    Action.STEER: (4, 7), Action.FALLBACK: (4, 7), Action.LIMIT: (2, 2), Action.TARPIT: (2, 14),
    Action.BLOCK: (2, 2),
}  # fmt: skip
_SEVERITIES: Final = {"info": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
_OTEL_NUMBERS: Final = {"info": 9, "low": 10, "medium": 13, "high": 17, "critical": 21}
_CLASS: Final = 6003


def to_otel(record: Record) -> dict[str, Any]:
    """A log record in the data model of OpenTelemetry, attributes by flat names."""
    attributes = dict(_renamed(record, lambda row: row.otel, "excise."))
    moment = attributes.pop("timestamp", "")
    severity = _severity(record)
    return {
        "timestamp": moment,
        "severity_text": severity.upper(),
        "severity_number": _OTEL_NUMBERS[severity],
        "event_name": f"excise.{attributes.pop('event.name', '')}",
        "attributes": attributes,
    }


def flat(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Those whose values are scalars or lists of scalars; numbers beyond 64 bits as texts."""
    return {
        name: str(value) if isinstance(value, int) and abs(value) >= 2**63 else value
        for name, value in attributes.items()
        if not any(
            isinstance(each, Mapping) for each in (value if isinstance(value, list) else [value])
        )
    }


def to_ecs(record: Record) -> dict[str, Any]:
    """A document in the Elastic Common Schema."""
    document = _nested(_renamed(record, lambda row: row.ecs, "excise."))
    event = document.setdefault("event", {})
    action = event.pop("type", "")
    denied = action in (Action.BLOCK, Action.LIMIT, Action.TARPIT)
    event |= {
        "kind": "alert" if record.get("rulings") else "event",
        "category": ["network", "web"],
        "type": ["denied" if denied else "change" if action == Action.REDACT else "allowed"],
        "severity": _SEVERITIES[_severity(record)],
        "dataset": "excise.audit",
        "module": "excise",
    }
    document["ecs"] = {"version": "8.17.0"}
    if record.get("rulings"):
        document["rule"] = document.get("rule", {}) | {
            "id": [ruling["rule"] for ruling in record["rulings"]]
        }
    return document


def to_ocsf(record: Record) -> dict[str, Any]:
    """An event of class API Activity."""
    event = _nested(_renamed(record, lambda row: row.ocsf, "unmapped."))
    action, disposition = _DISPOSITIONS.get(record.get("action", ""), (0, 0))
    metadata = event.setdefault("metadata", {})
    product = metadata.setdefault("product", {})
    product |= {"name": "Excise", "vendor_name": "Excise"}
    metadata["version"] = "1.5.0"
    metadata["profiles"] = ["security_control", "ai_operation"]
    event["time"] = _millis(record.get("time", ""))
    event |= {
        "category_uid": 6,
        "class_uid": _CLASS,
        "activity_id": 99,
        "activity_name": "Prompt" if record.get("direction") == "request" else "Completion",
        "type_uid": _CLASS * 100 + 99,
        "severity_id": _SEVERITIES[_severity(record)],
        "action_id": action,
        "disposition_id": disposition,
        "status_id": 2 if record.get("stage") == Stage.FAULT else 1,
        "is_alert": bool(record.get("rulings")),
    }
    return event


EXPORTS: Final[dict[str, Callable[[Record], dict[str, Any]]]] = {
    "jsonl": dict,
    "otel": to_otel,
    "ecs": to_ecs,
    "ocsf": to_ocsf,
}


def render_mapping() -> str:
    """The reference page of the mapping, in Markdown."""
    lines = [
        "# Audit fields in other vocabularies",
        "",
        "<!-- Written by scripts/gen-docs from addons/excise/audit/mapping.py. -->",
        "",
        "`excise audit export --format otel|ecs|ocsf` writes these names. A field without a name",
        "there is below `excise.` (in OCSF below `unmapped.`); nothing is left out. ECS and OCSF",
        "events also carry the categories, severities and dispositions that they require:",
        "severity is that of the worst ruling.",
        "",
        "| field | OpenTelemetry | ECS | OCSF (6003 API Activity) |",
        "|---|---|---|---|",
    ]
    for name in leaves():
        row = _ROWS.get(name, Row(name))
        cells = (
            row.otel or f"excise.{name}",
            row.ecs or f"excise.{name}",
            row.ocsf or f"unmapped.{name}",
        )
        lines.append(f"| `{name}` | " + " | ".join(f"`{cell}`" for cell in cells) + " |")
    lines += ["", "| action | OCSF `action_id` | OCSF `disposition_id` |", "|---|---|---|"]
    lines += [f"| `{name}` | {ids[0]} | {ids[1]} |" for name, ids in _DISPOSITIONS.items()]
    return "\n".join([*lines, ""])


def leaves() -> Iterator[str]:
    """Every field of a line, those of objects by dotted names."""
    for field in FIELDS:
        inner = field.schema.get("properties", {})
        yield from (f"{field.name}.{name}" for name in inner) if inner else (field.name,)


_ROWS: Final = {row.field: row for row in MAPPING}


def _renamed(
    record: Record, name_of: Callable[[Row], str], prefix: str
) -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        inner = value.items() if isinstance(value, Mapping) else ((None, value),)
        for key, each in inner:
            ours = f"{name}.{key}" if key else name
            row = _ROWS.get(ours)
            yield (name_of(row) if row else "") or f"{prefix}{ours}", each


def _nested(flat: Iterator[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, value in flat:
        *outer, last = name.split(".")
        here = document
        for piece in outer:
            here = here.setdefault(piece, {})
        here[last] = value
    return document


def _severity(record: Record) -> str:
    found = [ruling["severity"] for ruling in record.get("rulings", ())]
    return max(found, key=lambda word: _SEVERITIES[word], default="info")


def _millis(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000) if moment else 0
