"""An index is a file that says nothing without its key, and finds what was put in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_code_samples import ALL, GO, PYTHON, UNRELATED

from excise.detectors.own.code_index import (
    MOST_FILES,
    OwnIndex,
    read_head,
    rows_of,
    shipped_common,
)
from excise.detectors.own.code_tokens import read_code
from excise.errors import StateError

KEY = b"k" * 32
INDEX = OwnIndex.of_texts(ALL.values(), KEY, names=list(ALL), packages=["com.acme."])


def known(index: OwnIndex, text: str) -> int:
    return sum(int(hits.sum()) for hits, _ in index.find(rows_of(read_code(text))))


def same(one: OwnIndex, other: OwnIndex) -> bool:
    arrays = (one.prints, other.prints), (one.files, other.files)
    return all(np.array_equal(a, b) for a, b in arrays) and all(
        getattr(one, name) == getattr(other, name)
        for name in ("key", "names", "count", "lines", "packages")
    )


@pytest.mark.parametrize("text", ALL.values(), ids=ALL)
def test_every_fingerprint_of_a_file_is_known_and_leads_to_it(text: str) -> None:
    for (hits, files), prints in zip(
        INDEX.find(rows_of(read_code(text))), rows_of(read_code(text)), strict=True
    ):
        assert hits.all() and hits.size == prints.places.size > 3
        assert {INDEX.names[number] for number in files[hits].tolist()} == {
            name for name, each in ALL.items() if each == text
        }


def test_nothing_of_another_file_is_known() -> None:
    assert known(INDEX, UNRELATED) == 0


def test_a_file_brings_it_back_and_holds_no_text() -> None:
    data = INDEX.to_bytes()
    assert same(OwnIndex.from_bytes(data, KEY), INDEX)
    assert read_head(data)[0]["count"] == len(ALL)
    for word in (b"freight", b"Berth", b"acme", b"depot", KEY):
        assert word not in data


def test_an_index_of_nothing() -> None:
    empty = OwnIndex.of_texts([], KEY)
    assert same(OwnIndex.from_bytes(empty.to_bytes(), KEY), empty)
    assert known(empty, PYTHON) == 0
    assert same(OwnIndex.merged([], KEY), empty)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is none"),
        (b"excise own code 1\n{", "damaged"),
        (INDEX.to_bytes()[:-1], "another length"),
        (INDEX.to_bytes() + b"x", "another length"),
        (OwnIndex.of_texts([GO], b"other").to_bytes(), "another key"),
    ],
)
def test_what_is_no_index_of_this_key_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(StateError, match=why) as refused:
        OwnIndex.from_bytes(data, KEY, at="main")
    assert refused.value.code == "EXC-STA-002"
    assert str(refused.value).startswith("main: ")


def test_keys_share_no_hash() -> None:
    other = OwnIndex.of_texts(ALL.values(), b"o" * 32)
    assert not set(INDEX.prints.tolist()) & set(other.prints.tolist())


def test_several_are_one() -> None:
    parts = [OwnIndex.of_texts([text], KEY, names=[name]) for name, text in ALL.items()]
    whole = OwnIndex.merged(parts, KEY)
    assert np.array_equal(whole.prints, INDEX.prints)
    assert whole.names == INDEX.names and whole.lines == INDEX.lines
    assert np.array_equal(whole.files, INDEX.files)
    assert OwnIndex.merged([INDEX, OwnIndex.of_texts([GO], KEY)], KEY).names == ()


def test_what_stands_in_many_files_is_no_piece_of_code() -> None:
    many = [GO + f"\nfunc f{number}() {{ return }}\n" for number in range(MOST_FILES + 1)]
    assert known(OwnIndex.of_texts(many, KEY), GO) == 0
    assert known(OwnIndex.of_texts(many[1:], KEY), GO) > 0


def test_what_everybody_writes_is_left_out() -> None:
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n  <meta charset="UTF-8">\n'
        '  <meta name="viewport" content="width=device-width, initial-scale=1.0">\n'
        "  <title>Document</title>\n"
    )
    assert known(OwnIndex.of_texts([page], KEY), page) == 0
    assert 1_000 < shipped_common().size < 50_000
    assert (np.diff(shipped_common().astype(np.int64)) > 0).all()


@given(st.lists(st.text(max_size=300), max_size=4))
def test_any_texts_can_be_indexed(texts: list[str]) -> None:
    index = OwnIndex.of_texts(texts, KEY)
    assert same(OwnIndex.from_bytes(index.to_bytes(), KEY), index)
    assert (index.files < max(1, len(texts))).all()
