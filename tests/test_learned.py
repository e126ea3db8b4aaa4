"""Several processes add to one file, which outlives them and is the owner's alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from excise.errors import ConfigError, PolicyError
from excise.learn.model import Way, to_openapi
from excise.learn.schema import infer
from excise.learned import Notebook, forget_learnt, load_model, read_learnt

KEY = ("/v1/chat/completions", "POST")


def test_workers_add_to_one_file_and_nothing_is_counted_twice(tmp_path: Path) -> None:
    one, two = Notebook(tmp_path), Notebook(tmp_path)
    for book, name in ((one, "a"), (two, "b"), (one, "c")):
        book.learnt.observe(KEY, "h", Way.REQUEST, infer({name: 1}))
        book.save()
        book.save()
    whole = read_learnt(tmp_path).endpoints[KEY]
    assert whole.seen == 3
    assert list(whole.bodies[Way.REQUEST]["properties"]) == ["a", "b", "c"]
    assert (tmp_path / "learned" / "learned.json").stat().st_mode & 0o777 == 0o600
    assert forget_learnt(tmp_path) and not forget_learnt(tmp_path)
    assert read_learnt(tmp_path).endpoints == {}


def test_a_document_is_loaded_or_refused(tmp_path: Path) -> None:
    book = Notebook(tmp_path)
    book.learnt.observe(KEY, "h", Way.REQUEST, infer({"a": 1}))
    file = tmp_path / "allowed.json"
    file.write_text(json.dumps(to_openapi(book.learnt)))
    assert load_model(file).find("h", "POST", KEY[0]) is not None
    file.write_text("{}")
    with pytest.raises(PolicyError, match="EXC-POL-018"):
        load_model(file)
    with pytest.raises(ConfigError, match="EXC-CFG-003"):
        load_model(tmp_path / "none.json")


def test_a_disk_that_cannot_be_written_costs_only_what_is_learnt(tmp_path: Path) -> None:
    (tmp_path / "learned").write_text("in the way")
    book = Notebook(tmp_path)
    book.learnt.observe(KEY, "h", Way.REQUEST, None)
    book.save()
    assert read_learnt(tmp_path).endpoints == {}


def test_events_are_kept_though_no_message_is_counted(tmp_path: Path) -> None:
    book = Notebook(tmp_path)
    book.learnt.observe(KEY, "h", Way.REQUEST, infer({"a": 1}))
    book.save()
    book.learnt.observe(KEY, "h", Way.EVENT, infer({"b": 1}))
    book.save()
    (kept,) = read_learnt(tmp_path).endpoints.values()
    assert (kept.seen, set(kept.bodies)) == (1, {Way.REQUEST, Way.EVENT})
