"""The field table, the schema in the repository and the code agree."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from excise.audit.fields import EXCHANGE_FIELDS, FIELDS, build_schema
from excise.resources import policies_dir


def test_the_schema_file_is_what_the_table_says() -> None:
    """Run `scripts/gen-schema` after changing the table."""
    shipped = (policies_dir() / "schema" / "audit.json").read_text("utf-8")
    assert json.loads(shipped) == build_schema()


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(build_schema())


def test_names_stand_once_and_have_a_description() -> None:
    names = [field.name for field in FIELDS]
    assert len(names) == len(set(names))
    assert all(field.doc.endswith(".") for field in FIELDS)
    assert set(EXCHANGE_FIELDS) <= set(names)
