"""A session is opened by the token alone, ends by itself, and has a word that only it knows."""

from __future__ import annotations

from excise.dashboard.login import LIFE, MOST, Login


def test_only_the_token_opens_a_session() -> None:
    login = Login()
    assert len(login.token) >= 32 and Login().token != login.token
    assert login.open("") == login.open(login.token[:-1]) == login.open("ä") == ""
    name = login.open(login.token)
    assert name and login.word(name)
    assert login.word("") == login.word(name[:-1]) == ""


def test_sessions_have_words_of_their_own_that_stay() -> None:
    login = Login("t" * 32)
    one, other = login.open(login.token), login.open(login.token)
    assert login.word(one) == login.word(one) != login.word(other)
    assert one not in login.word(one)


def test_a_session_ends_by_itself_and_by_hand() -> None:
    now = [0.0]
    login = Login(clock=lambda: now[0])
    name = login.open(login.token)
    for _ in range(3):  # using it keeps it
        now[0] += LIFE - 1
        assert login.word(name)
    now[0] += LIFE + 1
    assert login.word(name) == ""
    again = login.open(login.token)
    login.close(again)
    assert login.word(again) == ""


def test_the_oldest_session_makes_room() -> None:
    now = [0.0]
    login = Login(clock=lambda: now[0])
    names = []
    for _ in range(MOST + 1):
        now[0] += 1
        names.append(login.open(login.token))
    assert not login.word(names[0]) and all(login.word(name) for name in names[1:])
