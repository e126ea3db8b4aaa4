"""Placeholders are stable and typed; redaction covers findings; restore is its inverse."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.enforce.redact import (
    ALPHABET,
    LONGEST,
    PLACEHOLDER,
    UNFINISHED,
    Placeholders,
    blinder,
    build_redaction,
    find_restorable,
    is_placeholder,
    label_of,
    restore_segment,
)
from excise.model import (
    Action,
    Edit,
    Finding,
    Kind,
    Mode,
    Part,
    Role,
    Ruling,
    Segment,
    Severity,
    Span,
)

NAME = Placeholders(b"k" * 32).name
MINT = Placeholders(b"k" * 32).mint
TEXTS = st.text(max_size=80)


def ruling(
    text: str,
    start: int,
    end: int,
    *,
    entity: str = "secret.key",
    severity: Severity = Severity.HIGH,
    action: Action = Action.REDACT,
    mode: Mode = Mode.ENFORCE,
) -> Ruling:
    """A ruling over part of one segment."""
    segment = Segment(text, Role.USER, Part.PROMPT, 3)
    finding = Finding(entity, "p.r", Span(start, end), 1.0, severity, Kind.SECRET)
    return Ruling(segment=segment, finding=finding, action=action, mode=mode, clause="")


def apply(text: str, edits: tuple[Edit, ...] | list[Edit]) -> str:
    """The text with edits made."""
    for edit in sorted(edits, key=lambda each: each.span, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


@given(TEXTS)
def test_the_same_value_gives_the_same_placeholder(value: str) -> None:
    """In another process with the same key too; with another key, another one."""
    first = MINT("secret.aws-access-key-id", value)
    assert first == Placeholders(b"k" * 32).mint("secret.aws-access-key-id", value)
    assert first != Placeholders(b"j" * 32).mint("secret.aws-access-key-id", value)
    assert PLACEHOLDER.fullmatch(first)
    assert len(first) <= LONGEST
    assert json.dumps(first) == f'"{first}"'


def test_placeholders_carry_at_least_forty_bits() -> None:
    """Nine characters of an alphabet of 32; ten thousand values, no collision."""
    assert len(ALPHABET) == len(set(ALPHABET)) == 32
    assert len({MINT("pii.email", str(n)) for n in range(10_000)}) == 10_000


@pytest.mark.parametrize(
    ("entity", "label"),
    [
        ("secret.aws-access-key-id", "AWS_ACCESS_KEY_ID"),
        ("pii.national-id.de", "NATIONAL_ID_DE"),
        ("injection", "INJECTION"),
    ],
)
def test_a_label_says_what_was_cut(entity: str, label: str) -> None:
    """The entity without its family, in capitals."""
    assert label_of(entity) == label


@given(st.text(alphabet="[]AB_k3 ", max_size=12))
def test_every_beginning_of_a_placeholder_is_held(prefix: str) -> None:
    """However a placeholder is cut, its first part is recognised as unfinished."""
    whole = prefix + MINT("pii.email", "x")
    for cut in range(len(prefix) + 1, len(whole)):
        found = UNFINISHED.search(whole[:cut])
        assert found is not None
        assert found.start() <= len(prefix)


def test_overlapping_findings_become_one_edit_under_the_gravest_name() -> None:
    """One placeholder for the union, so that no part of either stays."""
    text = "key abcdefghij end"
    redaction = build_redaction(
        [
            ruling(text, 4, 10, entity="secret.mild", severity=Severity.LOW),
            ruling(text, 6, 14, entity="secret.grave", severity=Severity.CRITICAL),
        ],
        NAME,
    )
    assert len(redaction.edits) == 1
    assert redaction.edits[0].span == Span(4, 14)
    assert redaction.edits[0].text.startswith("[GRAVE_")
    assert list(redaction.kept.values()) == ["abcdefghij"]


@pytest.mark.parametrize(
    ("action", "mode"), [(Action.ALERT, Mode.ENFORCE), (Action.REDACT, Mode.SHADOW)]
)
def test_only_enforced_redactions_edit(action: Action, mode: Mode) -> None:
    """An alert and a shadow ruling leave the text alone."""
    assert build_redaction([ruling("abcdef", 0, 3, action=action, mode=mode)], NAME).edits == ()


@given(TEXTS, st.lists(st.tuples(st.integers(0, 80), st.integers(1, 20)), max_size=5))
def test_restoring_what_was_redacted_gives_the_original(
    text: str, cuts: list[tuple[int, int]]
) -> None:
    """For any text and any findings in it; and nothing found stays in between."""
    rulings = [ruling(text, a, min(a + n, len(text))) for a, n in cuts if a < len(text)]
    redaction = build_redaction(rulings, NAME)
    redacted = apply(text, redaction.edits)
    segment = Segment(redacted, Role.USER, Part.PROMPT, 3)
    assert apply(redacted, restore_segment(segment, redaction.kept.get)) == text


@given(st.text(min_size=1, max_size=40))
def test_inside_json_a_value_stays_valid_json(value: str) -> None:
    """Tool arguments are JSON text: quotes, line ends and controls of the value are escaped."""
    placeholder = MINT("secret.key", value)
    text = json.dumps({"file": f"a {placeholder} b"})
    found = find_restorable(text, {placeholder: value}.get, inside_json=True)
    restored = apply(text, [Edit(0, span, shown) for span, shown in found])
    assert json.loads(restored) == {"file": f"a {value} b"}


def test_an_unknown_or_altered_placeholder_is_left_alone() -> None:
    """Only what the vault knows, letter by letter, is put back."""
    placeholder = MINT("secret.key", "value")
    vault = {placeholder: "value"}
    for other in (placeholder.lower(), placeholder[:-2] + "u]", MINT("secret.key", "other")):
        assert find_restorable(f"see {other}", vault.get) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[KEY_0123abcde]", True),
        ("'[KEY_0123abcde]'", True),
        ("x[KEY_0123abcde]", False),
        ("", False),
    ],
)
def test_what_is_only_a_placeholder_is_told_from_what_holds_one(text: str, expected: bool) -> None:
    """So that a secret cannot hide behind one."""
    assert is_placeholder(text) is expected


@given(TEXTS, st.sampled_from(["secret.key", "pii.email", "secret.unknown"]))
def test_our_own_placeholders_are_blanked_and_nothing_else(text: str, entity: str) -> None:
    """Same length, same text around; a label that is not ours stays to be looked at."""
    placeholder = MINT(entity, "x")
    blind = blinder(["secret.key", "pii.email"])
    blanked = blind(text + placeholder + text)
    assert len(blanked) == len(text + placeholder + text)
    assert (placeholder in blanked) is (entity == "secret.unknown")
    assert blanked.startswith(text)
    assert blanked.endswith(text)


def test_nothing_shows_a_value() -> None:
    """A redaction's repr holds neither value nor placeholder table."""
    redaction = build_redaction([ruling("topsecret", 0, 9)], NAME)
    assert "topsecret" not in repr(redaction)
    assert "topsecret" not in repr(redaction.edits)
