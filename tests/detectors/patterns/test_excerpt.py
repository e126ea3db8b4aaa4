"""What is read of long texts."""

from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.patterns.excerpt import SIZE, excerpt

WORDS = ("rm -", "| sh")
LONGEST = SIZE + 600  # the ends are read besides


@given(st.text("rm -|sh\n", max_size=600), st.integers(0, 60_000), st.integers(0, 60_000))
def test_a_word_is_read_with_what_stands_around_it_or_it_is_told(
    middle: str, before: int, after: int
) -> None:
    """Wherever it stands; and never more than fits."""
    text = "." * before + f"<{middle}rm -rf here>" + "." * after
    got = excerpt(text, WORDS)
    assert len(got.text) <= LONGEST
    assert got.is_spent or "rm -rf here>" in got.text


def test_a_short_text_is_read_as_it_is() -> None:
    """Also one that is nothing but words."""
    text = ("rm -" * SIZE)[:SIZE]
    assert excerpt(text, WORDS) == (text, False)


def test_too_many_words_are_told() -> None:
    """And what is read ends with the end."""
    got = excerpt("rm -x" * SIZE + "END", WORDS)
    assert got.is_spent
    assert got.text.endswith("END")
    assert len(got.text) <= LONGEST
