"""A canary is known in every dress, and named."""

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.base import Glance
from excise.detectors.own.canary import Canaries, build_canary, squeeze
from excise.detectors.own.known import KnownIndex
from excise.model import Part, Role, Segment

KEY = bytes(range(32))
VALUE = "cnry_0a1b2c3d4e5f60718293a4b5c6d7e8f9"
OTHER = "ops-77aa88bb99cc@example.com"
BIRDS = Canaries(
    {
        name: KnownIndex.from_bytes(build_canary(value, KEY).to_bytes())
        for name, value in (("vault", VALUE), ("mail", OTHER))
    },
    KEY,
)
DRESSED = {
    "plain": VALUE, "upper": VALUE.upper(), "spaced": " ".join(VALUE), "dotted": ".".join(VALUE),
    "hex": VALUE.encode().hex(), "base64": base64.b64encode(b"xx" + VALUE.encode()).decode(),
    "backwards": VALUE[::-1], "lines": "\n".join(VALUE), "spaced hex": VALUE.encode().hex(" "),
}  # fmt: skip


def labels(text: str) -> list[str]:
    (sights,) = BIRDS.find([Glance(Segment(text, Role.USER, Part.PROMPT, 0))])
    assert all(0 <= s.span.start < s.span.end <= len(text) for s in sights)
    return [sight.label for sight in sights]


@pytest.mark.parametrize("dress", DRESSED)
def test_it_is_seen_in_every_dress(dress: str) -> None:
    """Once, by its name."""
    assert labels(f"see: {DRESSED[dress]}, and more") == ["vault"]


def test_each_has_its_name_and_near_misses_none() -> None:
    """One character off is another value."""
    assert labels(f"{OTHER} and {VALUE}") == ["mail", "vault"]
    assert labels(VALUE[:-1] + "0") == labels("") == []
    assert squeeze("A-b 1") == ("ab1", [0, 2, 4])


ENCODERS = {
    "hex": lambda text: text.encode().hex(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "percent": lambda text: quote(text, safe=""),
    "backwards": lambda text: text[::-1],
}


@pytest.mark.parametrize("outer", ENCODERS)
@pytest.mark.parametrize("inner", ENCODERS)
def test_it_is_seen_encoded_twice(inner: str, outer: str) -> None:
    """In whatever order."""
    assert labels(f"see {ENCODERS[outer](ENCODERS[inner](VALUE))} there") == ["vault"]


@given(st.sampled_from(sorted(DRESSED)), st.text("abc \u00e4_09", max_size=90), st.integers(1, 400))
def test_nothing_of_it_is_called_decided_before_it_is_whole(
    dress: str, before: str, count: int
) -> None:
    """Wherever a growing text is cut."""
    text = before + " " + DRESSED[dress]
    (((_, (start, end), *_),),) = BIRDS.find([Glance(Segment(text, Role.USER, Part.PROMPT, 0))])
    cut = start + 1 + count % (end - start - 1)
    assert BIRDS.hold(text[:cut]) <= start
    assert BIRDS.hold("") == 0


def test_a_text_without_any_waits_for_few_characters() -> None:
    """Eight letters or digits tell."""
    text = "The quick brown fox jumps over the lazy dog. " * 20
    assert len(text) - BIRDS.hold(text) <= 12
