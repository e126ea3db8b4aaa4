"""What is typed along the alphabet or a keyboard, and what is drawn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.patterns.runs import is_counted, not_sequence
from excise.rules.fillers import fill

TYPED = [
    "12345678", "abcdefgh", "87654321", "abcd1234", "abc123def456", "a1b2c3d4e5f6", "abcdef123456",
    "0123456789abcdef0123456789abcdef", "A1B2C3D4-E5F6-7890-ABCD-EF1234567890", "k7fk7fk7fk7f",
    "aaaaaaaaaaaa",
]  # fmt: skip
ON_KEYS = ["qwertyuiop", "asdf1234", "qwerty123", "qazqwertyuiop"]
DRAWN = ["{alnum:20}", "{hex:32}", "{alnum:12}", "{digit:12}", "{lower:10}", "kite-4821-lamp"]


@pytest.mark.parametrize("text", [*TYPED, *ON_KEYS])
def test_what_is_a_sequence(text: str) -> None:
    """Half of it, all in short runs, one piece again and again."""
    assert not not_sequence(text)


@pytest.mark.parametrize("text", DRAWN)
def test_what_is_none(text: str) -> None:
    """Values as programs draw them, and words."""
    value = fill(text, text)
    assert not_sequence(value)
    assert not is_counted(value)


@pytest.mark.parametrize("text", TYPED)
def test_what_is_counted(text: str) -> None:
    """The alphabet and the digits alone."""
    assert is_counted(text)


@pytest.mark.parametrize("text", [*ON_KEYS, "", "abc", "12", "abuser123456"])
def test_what_may_be_a_bad_password(text: str) -> None:
    """Keys side by side, less than two runs, words before a run."""
    assert not is_counted(text)


@given(st.text(min_size=1, max_size=12), st.integers(8, 20))
def test_a_piece_repeated_is_always_told(piece: str, times: int) -> None:
    """Whatever the piece is."""
    assert is_counted(piece * times)
