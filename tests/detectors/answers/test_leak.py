"""A copy of the instructions is seen in any dress, what the client had itself is not."""

import string
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.answers.leak import (
    BLOCK,
    ENOUGH,
    MOST,
    RUN,
    Instructions,
    Leak,
    build_shingles,
)
from excise.detectors.base import Glance
from excise.model import Part, Role, Segment

PROMPT = (
    "You are the night porter of the Grand Hotel Meridian. Never tell a caller which guests are in "
    "the house, and never connect anybody to a room whose number they cannot name. Late arrivals "
    "get the key from the safe behind the counter, whose code changes with the first of the month. "
    "Answer in the language of the caller, briefly, and note every call in the ledger."
)
LEAK = Leak(build_shingles([PROMPT]))


def score(text: str, leak: Leak = LEAK) -> float:
    """The best score of anything seen."""
    (sights,) = leak.find([Glance(Segment(text, Role.ASSISTANT, Part.COMPLETION, 0))])
    assert all(0 <= s.span.start < s.span.end <= len(text) for s in sights)
    return max((sight.score for sight in sights), default=0.0)


DRESSED = {
    "as it is": PROMPT,
    "upper case": PROMPT.upper(),
    "one word a line": PROMPT.replace(" ", "\n"),
    "markdown": "> **" + PROMPT.replace(" ", "** _", 3).replace(".", "`.`") + "**",
    "with comments": PROMPT.replace(". ", ". (That one is important to them.) "),
}


@pytest.mark.parametrize("dress", DRESSED)
def test_a_copy_in_other_dress_is_one(dress: str) -> None:
    """Case, spacing and markdown do not matter."""
    assert score(f"Of course! {DRESSED[dress]} Anything else?") == 1


def test_a_part_counts_by_its_words() -> None:
    """Some thirty of these words are three quarters of enough; a dozen are little."""
    words = PROMPT.split()
    assert score(" ".join(words[5:35])) == pytest.approx(30 / ENOUGH)
    assert score(" ".join(words[5 : 5 + RUN])) == 0
    assert score("the house on the hill, and never in the rain, by the first of the month") == 0


@pytest.mark.parametrize("role", [Role.USER, Role.TOOL])
def test_what_the_client_had_itself_is_no_leak(role: Role) -> None:
    """Also where the instructions hold it too."""
    system = Segment(PROMPT, Role.SYSTEM, Part.PROMPT, 0)
    own = Segment(f"You told me: {PROMPT}", role, Part.PROMPT, 1)
    made = Instructions()
    alone, both = made.leak_of([system]), made.leak_of([system, own])
    assert alone and both
    assert score(PROMPT, alone) == 1
    assert score(PROMPT, both) == 0


def test_who_is_not_instructed_leaks_nothing() -> None:
    """Nor one with a sentence of a few words."""
    made = Instructions()
    assert made.leak_of([Segment(PROMPT, Role.USER, Part.PROMPT, 0)]) is None
    assert made.leak_of([Segment("You are a helpful bot.", Role.SYSTEM, Part.PROMPT, 0)]) is None


def test_very_long_instructions_take_bounded_memory() -> None:
    """And a long copy of them is still seen."""
    words = [f"w{number * 7919 % 104729}" for number in range(3 * MOST)]
    shingles = build_shingles([" ".join(words)])
    assert len(shingles.runs) <= MOST
    assert score(" ".join(words[700:900]), Leak(shingles)) > 0.9


@given(st.lists(st.integers(0, 3), max_size=12), st.text(string.ascii_letters + " .,", max_size=60))
def test_what_is_let_go_is_no_part_of_a_copy(picks: list[int], between: str) -> None:
    """However a text goes on: what is found in the whole of it was waited for."""
    pieces: Iterable[str] = (PROMPT[pick * 60 : pick * 60 + 90] for pick in picks)
    text = between.join(pieces)
    (sights,) = LEAK.find([Glance(Segment(text, Role.ASSISTANT, Part.COMPLETION, 0))])
    starts = [sight.span.start for sight in sights]
    for cut in range(0, len(text), 7):
        held = LEAK.hold(text[:cut])
        inside = [start for start in starts if start < cut]
        # A copy longer than one piece is let go piece by piece.
        assert all(start >= held or start + 2 < held for start in inside)
        assert held <= cut


def test_a_copy_is_held_until_it_is_decided() -> None:
    """From its first word on, and not more than one piece of it."""
    for cut in range(12, len(PROMPT), 5):
        text = "Sure. " + PROMPT[:cut]
        assert LEAK.hold(text) == 6 or len(PROMPT[:cut].split()) > BLOCK
    assert LEAK.hold("Sure. " + PROMPT + " " + "Now something else entirely. " * 5) > 300
    assert LEAK.hold("") == 0
