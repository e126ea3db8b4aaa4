"""The field table, the schema in the repository and the code agree."""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from excise.audit.fields import EXCHANGE_FIELDS, FIELDS, build_schema, render_reference
from excise.resources import policies_dir


def test_the_schema_file_is_what_the_table_says() -> None:
    """Run `scripts/gen-schema` after changing the table."""
    shipped = (policies_dir() / "schema" / "audit.json").read_text("utf-8")
    assert json.loads(shipped) == build_schema()


def test_the_reference_page_is_what_the_table_says() -> None:
    """Run `scripts/gen-schema` after changing the table."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "audit.md"
    assert page.read_text("utf-8") == render_reference()
    assert all(f"| `{field.name}`" in render_reference() for field in FIELDS)
    assert "| `rulings.fingerprint` |" in render_reference()


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(build_schema())


def test_names_stand_once_and_have_a_description() -> None:
    names = [field.name for field in FIELDS]
    assert len(names) == len(set(names))
    assert all(field.doc.endswith(".") for field in FIELDS)
    assert set(EXCHANGE_FIELDS) <= set(names)
