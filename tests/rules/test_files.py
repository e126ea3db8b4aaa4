"""The schemas of packs say what the loader says."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from excise.resources import policies_dir
from excise.rules.files import build_pack_schema, build_topic_schema

PACK = jsonschema.Draft202012Validator(build_pack_schema())
TOPIC = jsonschema.Draft202012Validator(build_topic_schema())
FILES = sorted((policies_dir() / "packs").glob("*/*.yaml"))


def read(path: Path) -> tuple[str, Any]:
    text = path.read_text("utf-8")
    return text, yaml.load(text, Loader=yaml.CSafeLoader)  # ten times as fast


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_shipped_files_fit_and_name_their_schema(path: Path) -> None:
    text, document = read(path)
    name, validator = ("pack", PACK) if path.name == "pack.yaml" else ("topic-file", TOPIC)
    validator.validate(document)
    assert text.startswith(f"# yaml-language-server: $schema=../../schema/{name}.json\n")


def test_mistakes_are_seen() -> None:
    """One of each sort, made in a shipped file."""
    _, document = read(policies_dir() / "packs/injection/classifier.yaml")
    assert TOPIC.is_valid(document)
    for key, value in (("odd", 1), ("severity", "grave"), ("level", 5), ("references", ["x"])):
        wrong = copy.deepcopy(document)
        wrong["rules"][0][key] = value
        assert not TOPIC.is_valid(wrong), key
