"""Files for other tools name only what there is: metrics, labels, settings."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml

from excise.edge.metrics import FAMILIES

DEPLOY: Final = Path(__file__).resolve().parents[2] / "docs/deploy"
DASHBOARD: Final = json.loads((DEPLOY / "grafana.json").read_text("utf-8"))
ALERTS: Final = yaml.safe_load((DEPLOY / "alerts.yaml").read_text("utf-8"))
LABELS: Final = {
    name: {*family.labels, *({"le"} if name.endswith("_bucket") else ()), "instance", "job"}
    for family in FAMILIES
    for name in family.shown
}
PAGE: Final = (DEPLOY.parent / "metrics.md").read_text("utf-8")

PANEL: Final = {
    "type": "object",
    "required": ["id", "title", "type", "gridPos", "targets", "datasource"],
    "properties": {
        "type": {"enum": ["stat", "table", "timeseries"]},
        "gridPos": {
            "required": ["h", "w", "x", "y"],
            "properties": {"w": {"maximum": 24}, "x": {"minimum": 0, "maximum": 23}},
        },
        "targets": {"minItems": 1, "items": {"required": ["refId", "expr"]}},
    },
}
BOARD: Final = {
    "type": "object",
    "required": ["title", "uid", "schemaVersion", "panels", "templating"],
    "properties": {"schemaVersion": {"minimum": 36}, "panels": {"minItems": 1, "items": PANEL}},
}
ALERT: Final = {
    "type": "object",
    "required": ["alert", "expr", "labels", "annotations"],
    "additionalProperties": False,
    "properties": {
        "alert": {"pattern": "^Excise[A-Z][A-Za-z]+$"},
        "expr": {"type": "string"},
        "for": {"pattern": "^[0-9]+[mh]$"},
        "labels": {"properties": {"severity": {"enum": ["critical", "warning"]}}},
        "annotations": {"required": ["summary"]},
    },
}


def expressions() -> Iterator[tuple[str, str]]:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield f"panel {panel['title']} {target['refId']}", target["expr"]
    for rule in alerts():
        yield f"alert {rule['alert']}", rule["expr"]
    for number, expression in enumerate(re.findall(r"`(sum[^`]*)`", PAGE)):
        yield f"page {number}", expression


def alerts() -> list[dict[str, Any]]:
    return [rule for group in ALERTS["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("name,expression", expressions(), ids=lambda each: each[:40])
def test_expressions_name_metrics_and_labels_that_exist(name: str, expression: str) -> None:
    named = set(re.findall(r"\bexcise_\w+", expression))
    assert named <= set(LABELS)
    assert named or expression.startswith("up{")
    known = set().union(*(LABELS[each] for each in named)) if named else {"job"}
    asked = re.findall(r'(\w+)\s*=~?\s*"', expression)
    asked += [
        word for each in re.findall(r"\bby \(([^)]*)\)", expression) for word in each.split(", ")
    ]
    assert set(asked) <= known
    assert expression.count("(") == expression.count(")")


def test_the_dashboard_has_its_form_and_no_panel_lies_on_another() -> None:
    jsonschema.validate(DASHBOARD, BOARD)
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(places)


def test_alerts_have_their_form_and_their_line_on_the_page() -> None:
    for rule in alerts():
        jsonschema.validate(rule, ALERT)
        assert f"`{rule['alert']}`" in PAGE
        labels = re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])
        if "by (" in rule["expr"]:
            kept = set(re.findall(r"\w+", re.findall(r"by \(([^)]*)\)", rule["expr"])[0]))
            assert set(labels) <= kept
    assert len({rule["alert"] for rule in alerts()}) == len(alerts())


def test_every_metric_is_on_the_dashboard_or_in_an_alert() -> None:
    used = " ".join(expression for _, expression in expressions())
    left = {f.name for f in FAMILIES if not any(name in used for name in f.shown)}
    assert left == {"excise_start_time_seconds"}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_takes_the_alerts() -> None:
    command = ["promtool", "check", "rules", str(DEPLOY / "alerts.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stdout + done.stderr
