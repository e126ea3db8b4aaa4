"""What detectors share of a text is worked out when asked for, and once."""

import pytest

from excise.detectors import base
from excise.detectors.base import Glance
from excise.model import Part, Role, Segment, Span
from excise.text.tokens import tokenize

SPELLED = "my card: four one one one, one two three four, one one"


def segment(text: str, label: str = "") -> Segment:
    """A prompt."""
    return Segment(text, Role.USER, Part.PROMPT, 0, label=label)


def test_each_reading_is_that_of_the_text() -> None:
    """Tokens, lower case, spelled-out numbers."""
    glance = Glance(segment(SPELLED.capitalize()))
    assert (glance.text, glance.low, glance.size) == (SPELLED.capitalize(), SPELLED, len(SPELLED))
    assert [a.tolist() for a in glance.tokens] == [a.tolist() for a in tokenize(glance.text)]
    assert glance.spoken is not None and "41111" in glance.spoken.text.replace(" ", "")
    assert glance.spoken.back(Span(0, 2)) == Span(0, 2)
    assert Glance(segment("nobody")).spoken is None


def test_each_reading_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the one that comes to nothing."""
    made: list[str] = []
    for name in ("tokenize", "speak"):
        monkeypatch.setattr(base, name, lambda *_, name=name: made.append(name))
    glance = Glance(segment("nobody"), lambda text: made.append("blind") or text)  # type: ignore[func-returns-value]
    assert made == []
    for _ in range(2):
        assert glance.tokens is glance.spoken is None
    assert made == ["tokenize", "speak"]


def test_what_is_blanked_is_not_read() -> None:
    """Nor does the digest ask what was blanked."""
    glance = Glance(segment("[Anna] Carla"), lambda text: text.replace("[Anna]", "\0" * 6))
    assert glance.text == glance.segment.text == "\0" * 6 + " Carla"
    assert glance.digest == Glance(segment("[Anna] Carla")).digest


def test_digests_tell_texts_and_labels_apart() -> None:
    """Also where one ends in what the other begins with."""
    several = [
        segment("ab"),
        segment("b", "a"),
        segment("", "ab"),
        segment("a\0b"),
        segment("\ud800"),
    ]
    assert len({Glance(each).digest for each in several}) == len(several)
    assert Glance(segment("ab")).digest == Glance(segment("ab")).digest
