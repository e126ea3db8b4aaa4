"""Trails as a busy office would leave them, made of nothing but a seed."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from excise.audit.archive import pack

END = datetime(2030, 6, 14, 15, 30, tzinfo=UTC)

_APPS = (("openai", 9), ("anthropic", 7), ("claude-cli", 6), ("mozilla", 5), ("langchain", 2))
_TARGETS = (
    ("api.openai.com", "openai", "gpt-5", "openai-chat", 8),
    ("api.anthropic.com", "anthropic", "claude-sonnet-4-5", "anthropic-messages", 9),
    ("generativelanguage.googleapis.com", "gemini", "gemini-2.5-pro", "gemini-content", 3),
    ("bedrock-runtime.eu-central-1.amazonaws.com", "aws.bedrock", "nova-pro",
     "bedrock-converse", 2),
)  # fmt: skip
# rule, entity, kind, severity, action, mode, least score, weight
_RULES: tuple[tuple[str, str, str, str, str, str, float, int], ...] = (
    ("gdpr.email", "pii.email", "personal", "medium", "redact", "enforce", 0.95, 30),
    ("gdpr.person-name", "pii.person", "personal", "low", "log", "enforce", 0.5, 26),
    ("secrets.aws-access-key-id", "secret.aws", "secret", "critical", "redact", "enforce", 1.0, 6),
    ("secrets.private-key", "secret.private-key", "secret", "critical", "block", "enforce", 1.0, 2),
    ("pci.pan", "payment.card", "personal", "high", "redact", "enforce", 0.9, 7),
    ("source-code.own", "code.own", "code", "high", "alert", "enforce", 0.6, 9),
    ("gdpr.iban", "pii.iban", "personal", "high", "redact", "enforce", 1.0, 4),
    ("injection.direct", "injection.direct", "instruction", "high", "block", "shadow", 0.5, 8),
    ("topics.legal", "topic.legal", "business", "low", "alert", "shadow", 0.5, 10),
)
_RANK = ("allow", "log", "alert", "redact", "steer", "fallback", "limit", "tarpit", "block")


def build_lines(
    count: int, *, end: datetime = END, days: float = 7, seed: int = 7
) -> list[dict[str, Any]]:
    """So many lines up to `end`, oldest first; most of them by day."""
    draw = random.Random(seed)
    moments = sorted(end - _ago(draw, days) for _ in range(count))
    return [_line(draw, number, moment) for number, moment in enumerate(moments)]


def write_trail(folder: Path, lines: list[dict[str, Any]], *, full: int = 2) -> Path:
    """A trail of these lines in so many full files, the first of them packed, and one that
    grows."""
    folder.mkdir(parents=True, exist_ok=True)
    size = len(lines) // (full + 1)
    for number in range(full):
        file = folder / f"audit-20300101T000000-{number:06d}.jsonl"
        _write(file, lines[number * size : (number + 1) * size])
        if not number:
            pack(file, "zstd")
    _write(folder / "audit.jsonl", lines[full * size :])
    return folder / "audit.jsonl"


def append(path: Path, *records: dict[str, Any]) -> None:
    """Write as a running proxy would."""
    with path.open("a") as file:
        file.write("".join(json.dumps(record) + "\n" for record in records))


def _write(path: Path, lines: list[dict[str, Any]]) -> None:
    path.touch(mode=0o600)
    append(path, *lines)


def _ago(draw: random.Random, days: float) -> timedelta:
    while True:
        ago = timedelta(days=draw.random() * days)
        if draw.random() < (1.0 if 7 <= (END - ago).hour <= 18 else 0.12):
            return ago


def _line(draw: random.Random, number: int, moment: datetime) -> dict[str, Any]:
    host, provider, model, dialect, _ = draw.choices(_TARGETS, [each[-1] for each in _TARGETS])[0]
    time = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    common = {"schema": 1, "time": time, "version": "0.1.0", "provider": provider, "host": host}
    if draw.random() < 0.004:
        return {**common, "stage": "tunnel", "anomalies": ["certificate-refused"]}
    rulings = [_ruling(draw) for _ in range(draw.choices((0, 1, 2, 3), (70, 22, 6, 2))[0])]
    unread = draw.random() < 0.015
    person = min(int(draw.expovariate(0.12)), 39)
    record: dict[str, Any] = {
        **common,
        "stage": "request" if number % 2 else "response",
        "id": f"{number // 2:032x}",
        "direction": "request" if number % 2 else "response",
        "principal": {"id": f"user:u{1021 + person}", "source": "proxy",
                      "group": ("engineering", "sales", "support")[person % 3]},
        "client": {"address": f"10.0.4.{person}", "user_agent": "",
                   "family": draw.choices([a for a, _ in _APPS], [w for _, w in _APPS])[0]},
        "method": "POST", "path": "/v1/messages", "dialect": dialect, "model": model,
        "status": 200, "bytes": {"in": 4096, "out": 4080},
        "usage": {"input": draw.randrange(50, 9000), "output": draw.randrange(10, 1500),
                  "counted": "provider"},
        "timings": {"read": 0.2, "detect": round(draw.lognormvariate(0.4, 0.6), 3),
                    "total": round(draw.lognormvariate(0.9, 0.6), 3)},
        "profile": "balanced", "policy": "5b" * 32,
    }  # fmt: skip
    if rulings:
        record["rulings"] = rulings
    if unread:
        record["reasons"] = [draw.choice(("uninspectable:media", "uninspectable:document",
                                          "uninspectable:encoding"))]  # fmt: skip
    enforced = [each["action"] for each in rulings if each["mode"] == "enforce"]
    floor = ["alert"] if unread else ["allow"]
    record["action"] = max([*floor, *enforced], key=_RANK.index)
    every = [each["action"] for each in rulings]
    record["would"] = max([*floor, *every], key=_RANK.index)
    return record


def _ruling(draw: random.Random) -> dict[str, Any]:
    rule, entity, kind, severity, action, mode, least, _ = draw.choices(
        _RULES, [each[-1] for each in _RULES]
    )[0]
    return {
        "rule": rule, "entity": entity, "kind": kind, "severity": severity, "action": action,
        "mode": mode, "place": "body", "role": "user", "part": "prompt",
        "path": f"messages/{draw.randrange(9)}/content",
        "score": round(least + (1 - least) * draw.random(), 2),
        "fingerprint": f"{draw.getrandbits(64):016x}",
        "count": draw.choices((1, 2, 5), (8, 2, 1))[0],
    }  # fmt: skip
