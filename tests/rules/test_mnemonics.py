"""Recovery phrases: published ones are known and made, other words are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.rules.mnemonics import mnemonic, to_mnemonic


@pytest.mark.parametrize(
    ("entropy", "phrase"),
    [  # the test vectors of BIP 39
        (
            b"\x7f" * 16,
            "legal winner thank year wave sausage worth useful legal winner thank yellow",
        ),
        (b"\xff" * 16, "zoo " * 11 + "wrong"),
        (bytes(32), "abandon " * 23 + "art"),
    ],
)
def test_published_phrases(entropy: bytes, phrase: str) -> None:
    assert to_mnemonic(entropy) == phrase
    assert mnemonic(phrase)
    assert mnemonic(phrase.upper().replace(" ", "\n"))
    assert not mnemonic(phrase + " zoo")


@given(st.sampled_from([16, 20, 24, 28, 32]).flatmap(lambda n: st.binary(min_size=n, max_size=n)))
def test_made_phrases_are_phrases(entropy: bytes) -> None:
    assert mnemonic(to_mnemonic(entropy))


@pytest.mark.parametrize("text", ["", "zoo", "the " * 12, "abandon " * 13])
def test_other_texts_are_none(text: str) -> None:
    assert not mnemonic(text)
