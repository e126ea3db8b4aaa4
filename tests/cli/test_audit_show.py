"""A line is shown whole, and never as markup."""

from __future__ import annotations

import io

from rich.console import Console

from excise.cli.audit_show import explain, flatten

RECORD = {
    "schema": 1, "time": "2030", "stage": "request", "action": "allow", "would": "block",
    "client": {"user_agent": "[bold]agent[/bold]"}, "reasons": ["one", "two"],
    "rulings": [{"rule": "secrets.x", "entity": "secret.x", "count": 2, "clause": "",
                  "excerpt": "a [X] b"}],
    "timings": {"total": 1.5},
}  # fmt: skip


def test_everything_is_told() -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    for part in explain(RECORD):
        console.print(part)
    shown = console.export_text()
    for word in ("with shadow rules enforced: block", "[bold]agent[/bold]", "secrets.x",
                 "one, two", "a [X] b", "timings.total", "1.5"):  # fmt: skip
        assert word in shown
    assert "clause" not in shown


def test_fields_of_objects_have_dotted_names() -> None:
    assert dict(flatten({"a": {"b": 1, "c": ["x"]}, "d": [{"e": 1}]})) == {
        "a.b": 1,
        "a.c": "x",
        "d": [{"e": 1}],
    }
