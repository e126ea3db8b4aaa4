"""What the classifiers of meaning read of a text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.meaning.features import BITS, FEATURES, LINE, NUMBER, Lexicon, read
from excise.text.tokens import tokenize

WORDS = ("ignore", "previous", "rules")
_KEYS = sorted((int(tokenize(word).hashes[0]), at) for at, word in enumerate(WORDS))
LEXICON = Lexicon(
    np.array([key for key, _ in _KEYS], np.uint64), np.array([20 + at for _, at in _KEYS])
)
NONE = Lexicon(np.zeros(0, np.uint64), np.zeros(0, np.int64))


@given(st.text(max_size=200))
def test_any_text_is_read_within_the_table(text: str) -> None:
    reading = read(text, LEXICON)
    assert reading.buckets.shape == (FEATURES, reading.starts.size)
    assert ((reading.buckets >= 0) & (reading.buckets < 1 << BITS)).all()
    if reading.starts.size:
        span = reading.back(0, reading.starts.size - 1)
        assert 0 <= span.start < span.end <= len(text)


@given(st.text("abc .\n9", min_size=1, max_size=60), st.text("abc .\n9", max_size=60))
def test_what_stands_behind_changes_nothing_in_front(front: str, behind: str) -> None:
    alone, longer = read(front + " ", LEXICON), read(f"{front} {behind}", LEXICON)
    size = alone.starts.size
    assert (longer.buckets[:, :size] == alone.buckets).all()


def test_words_of_the_lexicon_have_a_row_whatever_their_case() -> None:
    rows = read("IGNORE all Previous", LEXICON).rows
    assert rows[0] > 0
    assert rows[1] == 0
    assert rows[2] > 0
    assert rows[0] != rows[2]
    assert not read("ignore", NONE).rows.any()


@pytest.mark.parametrize("text", ["Ｉｇｎｏｒｅ rules", "ig\u200bnore rules"])
def test_a_disguise_reads_as_the_word(text: str) -> None:
    assert (read(text, LEXICON).buckets == read("ignore rules", LEXICON).buckets).all()
    assert read(text, LEXICON).back(0, 0).start == 0


def test_forms_of_one_word_share_a_stem_and_no_word() -> None:
    one, other = read("ignoring", NONE).buckets[:, 0], read("ignored", NONE).buckets[:, 0]
    assert one[0] != other[0]
    assert one[1] == other[1]


def test_numbers_and_ends_of_line_are_classes_of_their_own() -> None:
    first, second = read("7", NONE).buckets[4:, 0], read("123", NONE).buckets[4:, 0]
    assert (first == second).all()
    assert NUMBER != LINE
    assert (read("\n", NONE).buckets[4:, 0] != first).all()
