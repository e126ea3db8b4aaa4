"""Packages that an answer names: read from commands and imports, held against lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.answers.packages import Listing, Packages, build_listing, named_in, normal
from excise.detectors.base import Glance
from excise.model import Part, Role, Segment

LISTS = {
    "pip": build_listing("pip", ["requests", "Flask", "ruamel.yaml", "# a comment", ""]),
    "npm": build_listing("npm", ["express", "@vue/cli", "lodash"]),
    "python-modules": build_listing("python-modules", ["requests", "flask"]),
}


def unknown(text: str) -> list[str]:
    (sights,) = Packages(LISTS).find([Glance(Segment(text, Role.ASSISTANT, Part.COMPLETION, 0))])
    return [text[each.span.start : each.span.end] for each in sights]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("pip install requests", []),
        ("pip install requestz", ["requestz"]),
        ("$ python3 -m pip install -U flask requestz==1.2 'x'", ["requestz"]),
        ("pip install flask[async]>=2 ruamel_yaml", []),
        ("Run `pip install torch-easy-gpu` first.", ["torch-easy-gpu"]),
        ("pip install -r requirements.txt", []),
        ("pip install -i https://x.example/simple requests", []),
        ("pip install ./local /abs/one.whl git+https://x.example/r", []),
        ("apt update && pip install flask && pip install nosuchone", ["nosuchone"]),
        ("I would pip install nothing here", []),
        ("npm install", []),
        ("npm install --save lodash express-fast@^2.0.0", ["express-fast"]),
        ("yarn add @vue/cli @vue/nosuch", ["@vue/nosuch"]),
        ("npx create-nosuch my-app", ["create-nosuch"]),
        ("cargo add nosuch", []),  # no list of that ecosystem
        ("import x from 'express-fast/sub'", ["express-fast"]),
        ("const fs = require('fs'), l = require('lodash/map')", []),
        ("import a from './local'; import b from '../b'", []),
        ("import os, sys\nfrom flask import Flask", []),
        ("import requests, nosuch\nfrom nothere.sub import x", ["nosuch", "nothere"]),
        ("import of goods from abroad", []),
        ("uv add requests\npoetry add nosuch", ["nosuch"]),
    ],
)
def test_names_on_no_list_are_told(text: str, names: list[str]) -> None:
    assert unknown(text) == names


def test_names_are_compared_as_their_ecosystem_does() -> None:
    assert normal("pip", "Ruamel__yaml.X") == "ruamel-yaml-x"
    assert normal("npm", "a_b") == "a_b"
    assert normal("cargo", "a_b") == "a-b"
    assert list(named_in("cargo install ripgrep@14.1")) == [("cargo", "ripgrep", 14)]


def test_a_list_is_kept_and_read_again() -> None:
    again = Listing.from_bytes(LISTS["pip"].to_bytes())
    assert again.size == 3
    assert again.holds("flask")
    assert not again.holds("flazk")
    with pytest.raises(ValueError, match="no list"):
        Listing.from_bytes(b"nothing")


TEXT = (
    "First run this:\n```sh\npip install requestz flask\nnpm i lodash express-fast\n```\n"
    "or `pip install nosuch`, then\n\nimport requests\nimport nothere\nand that is it.\n"
)


@given(st.lists(st.integers(0, len(TEXT)), max_size=6))
def test_where_a_stream_is_cut_changes_nothing(cuts: list[int]) -> None:
    packages, found, left = Packages(LISTS), [], ""
    edges = sorted({0, *cuts, len(TEXT)})
    for begin, end in zip(edges, [*edges[1:], len(TEXT)], strict=True):
        left += TEXT[begin:end]
        done = len(left) if end == len(TEXT) else packages.hold(left)
        found += unknown(left[:done])
        left = left[done:]
    assert found == unknown(TEXT)


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    for _, name, start in named_in(text):
        assert text[start : start + len(name)] == name
    assert 0 <= Packages(LISTS).hold(text) <= len(text)
