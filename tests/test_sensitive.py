"""What is sensitive does not print; fingerprints need the key."""

from hypothesis import given
from hypothesis import strategies as st

from excise.sensitive import Sensitive, fingerprint


@given(st.text(min_size=12))
def test_a_sensitive_string_shows_itself_only_when_asked(value: str) -> None:
    """In no rendering, but by `reveal`."""
    wrapped = Sensitive(value)
    for shown in (repr(wrapped), str(wrapped), f"{wrapped}", f"{wrapped:>20}", repr([wrapped])):
        assert value not in shown
    assert wrapped.reveal() == value


@given(st.text())
def test_a_fingerprint_is_keyed_and_stable(value: str) -> None:
    """Same key, same digits; other key, other digits; lone surrogates are no obstacle."""
    one = fingerprint(b"a" * 32, value)
    assert one == fingerprint(b"a" * 32, value)
    assert one != fingerprint(b"b" * 32, value)
    assert len(fingerprint(b"a", value + "\ud800")) == len(one) == 16
