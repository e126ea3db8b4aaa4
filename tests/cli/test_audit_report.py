"""A page that needs nothing else, owner-only, and a status that says whether the trail holds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from excise.audit.fields import Stage
from excise.audit.record import Facts, build_record
from excise.audit.report import Audit, Section, Table
from excise.cli.audit_report import render_html, render_markdown
from excise.cli.main import main
from excise.config import load_settings
from excise.edge.parts import open_trail


@pytest.fixture
def state(tmp_path: Path) -> Path:
    config = load_settings({"state_dir": tmp_path}, environ={"HOME": str(tmp_path)})
    with open_trail(config, lambda _: None) as trail:
        trail.offer(build_record(Facts(stage=Stage.FAULT, fault="ValueError")))
    return tmp_path


def report(state: Path, *more: str) -> int:
    return main(["audit", "report", "--state-dir", str(state), *more])


@pytest.mark.parametrize("form", ["html", "md", "json"])
def test_each_form_is_written_owner_only(state: Path, form: str) -> None:
    target = state / "report"
    assert report(state, "--format", form, "-o", str(target)) == 0
    text = target.read_text()
    assert "ValueError" in text and target.stat().st_mode & 0o777 == 0o600
    if form == "json":
        assert json.loads(text)["holds"] is True
    else:
        assert "The trail holds" in text


def test_the_page_fetches_nothing_and_can_be_printed(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(state) == 0
    page = capsys.readouterr().out
    assert "@media print" in page and 'lang="en"' in page
    assert not re.search(r"<script|<link|src=|href=|url\(|https?:", page)


def test_a_broken_trail_is_said_first_and_by_the_status(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = state / "audit" / "audit.jsonl"
    path.write_bytes(path.read_bytes().replace(b"ValueError", b"LalueError"))
    assert report(state, "--format", "md") == 1
    assert "The trail does not hold" in capsys.readouterr().out


def test_no_month_is_an_error(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(state, "--month", "soon") == 2
    assert "EXC-CFG-001" in capsys.readouterr().err


def test_values_are_never_markup() -> None:
    hostile = "<img src=x onerror=y>|[a](b)`"
    table = Table("T", ("c",), ((hostile,),))
    audit = Audit(period=hostile, made="now", holds=None, sections=(
        Section(title="S", says="s", tables=(table,)),))  # fmt: skip
    assert "<img" not in render_html(audit)
    row = render_markdown(audit).splitlines()[-1]
    assert row == r"| &lt;img src=x onerror=y&gt;\|\[a\](b)\` |"
