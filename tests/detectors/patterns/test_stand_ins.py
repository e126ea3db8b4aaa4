"""Words that stand where a secret goes, and values that are one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.patterns.stand_ins import not_stand_in
from excise.rules.fillers import fill

STAND_INS = [
    "your_db_password", "test_token_123", "TEST_API_KEY_1", "fake-token-123", "not-a-real-key",
    "fill-me-in", "fillmein", "setme", "thisisasecret1", "token123", "apikey123", "dummy.password",
    "EnterYourKeyHere", "put_plain_text_key_here", "lorem-ipsum-1", "foobar123",
    "randomStringHere!", "abcdef123456",
]  # fmt: skip
VALUES = [
    "password123", "secret123", "Password1!", "admin123", "kitten42", "correct-horse", "test8317",
    "qwerty123", "{alnum:16}", "{hex:32}", "test{alnum:12}", "key-{digit:8}", "", "!!", "тест",
    "your!!password??", "secret", "db-password", "ClearTextPassword1",
]  # fmt: skip


@pytest.mark.parametrize("text", STAND_INS)
def test_what_is_a_stand_in(text: str) -> None:
    """All its letters are words for a value to fill in, its digits count."""
    assert not not_stand_in(text)


@pytest.mark.parametrize("text", VALUES)
def test_what_is_a_value(text: str) -> None:
    """A bad password is one; so is what holds anything beyond those words."""
    assert not_stand_in(fill(text, text))


@given(st.from_regex(r"[a-z0-9]{8}", fullmatch=True))
def test_a_drawn_part_makes_a_value(drawn: str) -> None:
    """What is joined to a stand-in and is none itself keeps the whole from being one."""
    if not_stand_in(drawn) and any(len(run) > 3 for run in drawn.split("0")):
        assert not_stand_in(f"{drawn}zqxj") and not_stand_in(f"test_{drawn}zqxj")
