"""Names of packages are found as tokens, with the path behind them, and nowhere else."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.own.code_packages import find_packages, read_package
from excise.detectors.own.code_prints import build_key

KEY = build_key(b"k")
NAMES = ("com.acme.", "@acme/", "acme_core", "billing", "Acme.Tools", "acme-ui", "k8s1")
PACKAGES = [read_package(name, KEY) for name in NAMES]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import com.acme.billing.Ledger;", ["com.acme.billing.Ledger"]),
        ("import com.acme.*;", ["com.acme."]),
        ("import com.acmeX.y", []),
        ("import xcom.acme.y", []),
        ("import org.com.acme.y", []),
        ("import com . acme . y", []),
        ('import { Button } from "@acme/ui-kit/button";', ["@acme/ui-kit/button"]),
        ('"@acme/ui": "^1.2.0"', ["@acme/ui"]),
        ("write to bob@acme.com", []),
        ("write to bob@acme/x", []),
        ("from acme_core.flow import run", ["acme_core.flow"]),
        ("the module acme_core broke.", ["acme_core"]),
        ("acme_core2 my_acme_core acme_cores", []),
        ("import billing", ["billing"]),
        ("+from billing.tax import vat", ["billing.tax"]),
        ("require('billing')", ["billing"]),
        ("ask the billing desk", []),
        ("import os\nask the billing desk", []),
        ("using Acme.Tools.Io;", ["Acme.Tools.Io"]),
        ("npm install acme-ui", ["acme-ui"]),
        ("acme - ui", []),
        ("k8s1", ["k8s1"]),
        ("", []),
        ("import com.acme.a\nimport com.acme.b", ["com.acme.a", "com.acme.b"]),
    ],
)
def test_a_name_is_found_where_it_stands(text: str, found: list[str]) -> None:
    spans = find_packages(text, PACKAGES, KEY)
    assert [text[span.start : span.end] for span in spans] == found


@pytest.mark.parametrize("name", ["", "  ", "...", "@/", "12"])
def test_a_name_without_a_word_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="names no package"):
        read_package(name, KEY)


def test_another_key_finds_nothing() -> None:
    assert find_packages("import com.acme.x", PACKAGES, build_key(b"other")) == []


@given(before=st.text(max_size=60), behind=st.text(max_size=60))
def test_a_compound_name_is_found_in_any_text(before: str, behind: str) -> None:
    text = f"{before}\n@acme/ledger {behind}"
    spans = find_packages(text, PACKAGES, KEY)
    assert (len(before) + 1, len(before) + 13) in spans
    assert all(text[span.start : span.end] for span in spans)
    assert all(one.end <= two.start for one, two in itertools.pairwise(spans))
