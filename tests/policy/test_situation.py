"""A turn knows what was sent before it."""

import pytest

from excise.model import Part, Path, Role, Segment
from excise.policy.situation import Turn


@pytest.mark.parametrize(
    ("path", "older"),
    [
        (("messages", 1, "content"), True),
        (("messages", 2, "content"), False),
        (("messages", 7), False),
        (("chat_history", 9, "message"), True),
        (("message",), False),
        (("system", "text"), False),
        (("tools", 0, "name"), False),
        ((), False),
    ],
)
def test_what_stands_before_the_newest_turn_is_older(path: Path, older: bool) -> None:
    turn = Turn("messages", 2, frozenset({"chat_history"}))
    assert turn.is_older(Segment("x", Role.USER, Part.PROMPT, 0, path)) is older


def test_without_a_turn_nothing_is_older() -> None:
    segment = Segment("x", Role.USER, Part.PROMPT, 0, ("messages", 0, "content"))
    assert not Turn().is_older(segment)
