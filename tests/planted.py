"""A scanner for tests that finds `SECRET-` and eight digits, and a policy that acts on it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from excise.detectors.base import Findings, Scanned
from excise.model import (
    Action,
    Direction,
    Finding,
    Kind,
    Mode,
    Segment,
    Severity,
    Span,
)
from excise.policy.build import Policy, assembled
from excise.policy.facts import RuleFacts
from excise.policy.schema import PackUse, Profile, Sockets

SECRET = re.compile(r"SECRET-\d{8}")
GRAVE = re.compile(r"GRAVE-\d{8}")
_UNFINISHED = re.compile(r"[A-Z][A-Z0-9-]*$")


class PlantScanner:
    """Knows two made-up secrets: `SECRET-…` (rule test.secret) and `GRAVE-…` (rule test.grave)."""

    def __init__(self) -> None:
        self.scanned: list[str] = []

    def scan(self, segments: Sequence[Segment], *, whole: bool = True) -> list[Findings]:
        self.scanned += [segment.text for segment in segments]
        return [
            tuple(
                Finding(f"secret.{name}", f"test.{name}", Span(*m.span()), 1.0, grave, Kind.SECRET)
                for name, pattern, grave in (
                    ("secret", SECRET, Severity.HIGH),
                    ("grave", GRAVE, Severity.CRITICAL),
                )
                for m in pattern.finditer(segment.text)
            )
            for segment in segments
        ]

    def inspect(
        self, segments: Sequence[Segment], direction: Direction, seconds: float = 0.0
    ) -> Scanned:
        return Scanned(self.scan(segments))

    def rests(self, piece: Segment, done: int) -> bool:
        return False

    def hold(self, text: str) -> int:
        match = _UNFINISHED.search(text, max(0, len(text) - 16))
        return match.start() if match else len(text)


def planted_policy(
    *,
    mode: Mode = Mode.ENFORCE,
    uninspectable: Action = Action.ALERT,
    sockets: Sockets = Sockets.READ,
) -> Policy:
    """`test.secret` is redacted, `test.grave` blocked, in both directions."""
    rules = {
        f"test.{name}": RuleFacts(
            id=f"test.{name}",
            pack="test",
            entity=f"secret.{name}",
            kind=Kind.SECRET,
            severity=Severity.HIGH,
            level=1,
            action=action,
            directions=frozenset(Direction),
            parts=frozenset(),
        )
        for name, action in (("secret", Action.REDACT), ("grave", Action.BLOCK))
    }
    return assembled(
        profile=Profile(
            name="planted",
            title="Planted",
            packs=(PackUse(name="test", mode=mode),),
            level=1,
            clauses=(),
            uninspectable=uninspectable,
            uninspectable_by_reason={},
            on_fault=Action.BLOCK,
            sockets=sockets,
        ),
        rules=rules,
        digest="fedcba9876543210",
        modes=dict.fromkeys(rules, mode),
    )
