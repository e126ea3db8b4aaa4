"""The estimate follows exact counts, and the encoding follows the model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiktoken.model import MODEL_TO_ENCODING

from excise.text.tokencount import CLASSES, DEFAULT, encoding_of, estimate, pairs
from excise.text.tokenweights import WEIGHTS
from excise.workers.tokens import count

TEXTS = {
    "prose": "The committee met on Tuesday and decided that the bridge should be repaired before "
    "winter, although nobody had asked the engineers what that would cost. " * 3,
    "code": "def total(items):\n    return sum(item.price * item.count for item in items)\n\n" * 4,
    "german": "Die Sitzung wurde auf Dienstag verschoben, weil niemand die Unterlagen gelesen "
    "hatte und der Vorsitzende erkrankt war. " * 3,
    "json": '{"id": 7, "name": "chair", "price": 12.5, "tags": ["wood", "brown"]}\n' * 5,
}


@pytest.mark.parametrize("encoding", sorted(WEIGHTS))
@pytest.mark.parametrize("kind", sorted(TEXTS))
def test_the_estimate_is_near(kind: str, encoding: str) -> None:
    """Within a third: what is farther from a limit needs no exact count."""
    exact = count({"encoding": encoding, "texts": [TEXTS[kind]]})
    assert abs(estimate(TEXTS[kind], encoding) - exact) <= 0.33 * exact


def test_the_model_says_the_encoding() -> None:
    """As tiktoken's own table does, for every model whose encoding ships."""
    known = {model: name for model, name in MODEL_TO_ENCODING.items() if name in WEIGHTS}
    # Embedding models of the first kind have names that nothing tells apart.
    assert {model: encoding_of(model) for model in known} == known
    assert encoding_of("openai/gpt-4-turbo") == "cl100k_base"
    assert encoding_of("anything-else") == encoding_of("") == DEFAULT


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    """Nothing for nothing, at least one for something, and every pair of bytes is counted."""
    assert pairs(text).sum() == max(len(text.encode("utf-8", "surrogatepass")) - 1, 0)
    assert estimate(text) >= min(len(text), 1)


def test_there_is_a_share_for_each_pair() -> None:
    """In every encoding."""
    assert {len(shares) for shares in WEIGHTS.values()} == {CLASSES**2}
