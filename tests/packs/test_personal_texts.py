"""Personal data under the names of fields in eight languages: found and silent, counted.

The share is a ratchet: a change that finds more raises it here, none may lower it.
"""

import pytest
from packs import personal_texts as texts

from excise.detectors.build import build_scanner
from excise.detectors.patterns.scan import PatternScanner
from excise.model import Action, Part, Role, Segment, Span
from excise.resources import policies_dir
from excise.rules.fillers import fill
from excise.rules.load import load_packs

_STEP = 7  # every so many rows are looked at; no divisor of how many frames or values there are
_NOTED = ("given name", "surname", "full name", "city")  # what only the tagger of names sees
_FIELDS = ("gdpr.certificate-number", "gdpr.house-number", "gdpr.customer-id", "gdpr.device-id")


@pytest.fixture(scope="module")
def scanner() -> PatternScanner:
    """What acts on personal and payment data by pattern, and notes the newest fields."""
    packs = {
        name: {
            path.relative_to(policies_dir() / "packs" / name).as_posix(): path.read_text("utf-8")
            for path in (policies_dir() / "packs" / name).rglob("*.*")
        }
        for name in ("gdpr", "pci")
    }
    rules = [rule for pack in load_packs(packs) for rule in pack.rules if rule.asked is None]
    acting = [rule for rule in rules if rule.action is not Action.LOG or rule.id in _FIELDS]
    return build_scanner(acting)


def scan(scanner: PatternScanner, lines: list[str]) -> list[list[tuple[str, Span]]]:
    """What is found in each text."""
    segments = [Segment(text, Role.USER, Part.PROMPT, 0) for text in lines]
    return [[(each.rule, each.span) for each in found] for found in scanner.scan(segments)]


def test_fields_are_found(scanner: PatternScanner) -> None:
    """A value is touched by a finding."""
    rows = [row for row in texts.planted() if row[0] not in _NOTED][::_STEP]
    found = scan(scanner, [text for _, _, text, _ in rows])
    touched = [
        any(each.start < span.end and span.start < each.end for _, each in own)
        for (_, _, _, span), own in zip(rows, found, strict=True)
    ]
    assert len(rows) == 997
    assert sum(touched) >= 867


def test_look_alikes_pass(scanner: PatternScanner) -> None:
    """Nothing is found where the words only sound alike."""
    lines = [fill(line, line) for line in texts.HARMLESS]
    found = scan(scanner, lines)
    assert not [text for text, own in zip(lines, found, strict=True) if own]
