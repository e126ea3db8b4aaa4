"""What stands after a scan, and how signed or unreadable content changes a decision."""

from planted import PlantScanner

from excise.enforce.redact import Placeholders
from excise.model import (
    Action,
    Decision,
    Direction,
    Finding,
    Kind,
    Mode,
    Part,
    Place,
    Role,
    Ruling,
    Segment,
    Severity,
    Span,
)
from excise.pipeline.weigh import find, forbid_edits, genuine, is_sealed, seal


def segment(text: str, token: int = 0, place: Place = Place.BODY) -> Segment:
    """A user's text."""
    return Segment(text, Role.USER, Part.PROMPT, token, place=place)


def ruling(of: Segment, action: Action, mode: Mode = Mode.ENFORCE) -> Ruling:
    """A ruling over a segment's whole text."""
    finding = Finding("e", "p.r", Span(0, len(of.text)), 1.0, Severity.HIGH, Kind.SECRET)
    return Ruling(segment=of, finding=finding, action=action, mode=mode, clause="")


def decision(*rulings: Ruling) -> Decision:
    """A decision as policy would make it of these rulings."""
    worst = max((r.action for r in rulings), key=lambda a: a.rank, default=Action.ALLOW)
    return Decision(action=worst, would=worst, rulings=rulings)


def test_only_segments_with_findings_come_back() -> None:
    """In the order they were given."""
    texts = ["clean", "SECRET-12345678", "also clean", "GRAVE-12345678"]
    found = find(PlantScanner(), [segment(text) for text in texts], Direction.REQUEST)
    assert [each.text for each, _ in found.findings] == ["SECRET-12345678", "GRAVE-12345678"]


def test_our_own_placeholder_is_no_finding() -> None:
    """But a text that merely holds one is."""
    text = Placeholders(b"k" * 32).mint("secret.key", "x") + "tail"
    end = len(text)
    whole, ours = (
        Finding("e", "p.r", Span(0, to), 1.0, Severity.HIGH, Kind.SECRET) for to in (end, end - 4)
    )
    assert genuine(text, (ours,)) == ()
    assert genuine(text, (whole,)) == (whole,)


def test_what_is_sealed_is_recorded_and_not_edited() -> None:
    """Redaction becomes an alert; a block stays a block; other tokens are untouched."""
    sealed, free = segment("a", 1), segment("b", 2)
    before = decision(ruling(sealed, Action.REDACT), ruling(free, Action.REDACT))
    after = seal(before, frozenset({1}))
    assert [r.action for r in after.rulings] == [Action.ALERT, Action.REDACT]
    assert after.action is Action.REDACT
    assert seal(decision(ruling(sealed, Action.REDACT)), frozenset({1})).action is Action.ALERT
    assert seal(decision(ruling(sealed, Action.BLOCK)), frozenset({1})).action is Action.BLOCK
    soft = decision(ruling(sealed, Action.REDACT))
    assert seal(soft, frozenset({1}), Action.BLOCK).action is Action.BLOCK
    assert seal(before, frozenset({7})) is before


def test_a_header_is_not_sealed_by_the_number_of_a_body_token() -> None:
    """Tokens count within their place."""
    assert is_sealed(segment("a", 1), frozenset({1}))
    assert not is_sealed(segment("a", 1, Place.HEADER), frozenset({1}))


def test_what_cannot_be_edited_is_stopped_with_its_reason() -> None:
    """A signed or unread body holding what should be cut out does not leave."""
    after = forbid_edits(decision(ruling(segment("a"), Action.REDACT)), "uneditable:signed")
    assert (after.action, after.reasons) == (Action.BLOCK, ("uneditable:signed",))
