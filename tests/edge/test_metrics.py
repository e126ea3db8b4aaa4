"""What records say is counted under names that the table has, in series that stay few."""

from __future__ import annotations

from typing import Any

import pytest
from edge.fakes import FakeTrail
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from excise.edge.metrics import BUCKETS, FAMILIES, MAX_SERIES, CountedTrail, Metrics
from excise.errors import AuditError

LINE: dict[str, Any] = {
    "stage": "request",
    "action": "redact",
    "would": "block",
    "principal": {"id": "address:127.0.0.1", "group": "design"},
    "provider": "openai",
    "rulings": [
        {"rule": "secrets.a", "action": "redact", "mode": "enforce", "count": 3},
        {"rule": "secrets.b", "action": "block", "mode": "shadow", "count": 1},
    ],
    "missing": ["deep"],
    "edits": 3,
    "restored": 2,
    "bytes": {"in": 100, "out": 90},
    "usage": {"input": 12, "output": 30, "cost": 0.25, "tariff": "gpt-4o*"},
    "upstream": {"status": 503},
    "timings": {"detect": 0.4, "total": 7.0},
    "reasons": ["uninspectable:size", "host-mismatch"],
    "override": {"clauses": ["c"]},
}


def samples(metrics: Metrics) -> dict[tuple[str, tuple[str, ...]], float]:
    """What a scraper reads: values of labels, sorted."""
    return {
        (sample.name, tuple(sorted(sample.labels.values()))): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
    }


def seen(*records: dict[str, Any]) -> dict[tuple[str, tuple[str, ...]], float]:
    metrics = Metrics()
    for record in records:
        metrics.see(record)
    return samples(metrics)


def test_a_line_about_rules_in_shadow_is_no_message() -> None:
    """What they found, and what they would have done, is counted all the same."""
    line = {
        "stage": "shadow",
        "would": "block",
        "principal": {"id": "x", "group": "design"},
        "rulings": [{"rule": "deep.person", "action": "block", "mode": "shadow", "count": 2}],
        "missing": ["judge"],
        "timings": {"detect": 900.0},
    }
    counted = seen(line)
    assert counted["excise_shadow_total", ("block", "design", "shadow")] == 1
    assert counted["excise_findings_total", ("block", "deep.person", "shadow")] == 2
    assert counted["excise_detector_failures_total", ("judge",)] == 1
    assert not any(name.startswith(("excise_messages", "excise_step")) for name, _ in counted)


@pytest.mark.parametrize(
    ("name", "labels", "count"),
    [
        ("excise_messages_total", ("request", "redact", "design", "openai"), 2),
        ("excise_shadow_total", ("request", "block", "design"), 2),
        ("excise_findings_total", ("secrets.a", "redact", "enforce"), 6),
        ("excise_findings_total", ("secrets.b", "block", "shadow"), 2),
        ("excise_uninspectable_total", ("size", "redact"), 2),
        ("excise_reasons_total", ("host-mismatch",), 2),
        ("excise_overrides_total", ("design",), 2),
        ("excise_edits_total", ("design",), 6),
        ("excise_restored_total", ("design",), 4),
        ("excise_tokens_total", ("design", "openai", "gpt-4o*", "input"), 24),
        ("excise_tokens_total", ("design", "openai", "gpt-4o*", "output"), 60),
        ("excise_cost_dollars_total", ("design", "openai", "gpt-4o*"), 0.5),
        ("excise_bytes_total", ("request", "out"), 180),
        ("excise_upstream_total", ("openai", "5xx"), 2),
        ("excise_detector_failures_total", ("deep",), 2),
        ("excise_step_seconds_bucket", ("detect", "0.00025"), 0),
        ("excise_step_seconds_bucket", ("detect", "0.0005"), 2),
        ("excise_step_seconds_bucket", ("detect", "+Inf"), 2),
        ("excise_step_seconds_count", ("total",), 2),
    ],
)
def test_a_record_is_counted(name: str, labels: tuple[str, ...], count: float) -> None:
    assert seen(LINE, LINE)[name, tuple(sorted(labels))] == count


def test_times_are_seconds() -> None:
    assert seen(LINE)["excise_step_seconds_sum", ("total",)] == pytest.approx(0.007)


def test_lines_of_other_stages_are_counted_for_what_they_are() -> None:
    fault = {"stage": "fault", "fault": {"kind": "ValueError", "where": "x:1"}}
    pinned = {"stage": "tunnel", "provider": "openai", "anomalies": ["certificate-refused"]}
    hidden = {"stage": "tunnel", "provider": "openai", "anomalies": ["ech"]}
    notice = {"stage": "notice", "notice": {"event": "policy-rejected", "subject": "x"}}
    found = seen(fault, pinned, hidden, pinned, notice)
    assert found == {
        ("excise_notices_total", ("policy-rejected",)): 1,
        ("excise_faults_total", ("ValueError",)): 1,
        ("excise_pinned_total", ("openai",)): 2,
    }


def test_what_only_notes_is_no_shadow_of_more() -> None:
    line = {"stage": "request", "action": "redact", "would": "redact"}
    assert not [name for name, _ in seen(line) if name == "excise_shadow_total"]


def test_users_models_paths_and_hosts_are_no_labels() -> None:
    planted = {
        **LINE,
        "principal": {"id": "zebra-1", "group": "design"},
        "model": "zebra-2",
        "path": "/zebra-3",
        "host": "zebra-4",
        "client": {"address": "zebra-5", "user_agent": "zebra-6"},
    }
    metrics = Metrics()
    metrics.see(planted)
    assert b"zebra" not in metrics.render()


@settings(max_examples=5)
@given(st.lists(st.integers(0, MAX_SERIES * 2), max_size=50))
def test_series_stay_few_and_nothing_is_lost(more: list[int]) -> None:
    metrics = Metrics()
    for number in (*range(MAX_SERIES + 5), *more):
        metrics.see({**LINE, "principal": {"group": f"g{number}"}})
    found = {
        labels: value
        for (name, labels), value in samples(metrics).items()
        if name == "excise_messages_total"
    }
    assert len(found) == MAX_SERIES + 1
    assert sum(found.values()) == MAX_SERIES + 5 + len(more)
    assert ("other", "other", "redact", "request") in found


@settings(max_examples=30)
@given(st.lists(st.floats(0, 10_000), min_size=1, max_size=30))
def test_a_histogram_is_what_counting_by_hand_gives(times: list[float]) -> None:
    found = seen(*({**LINE, "timings": {"detect": took}} for took in times))
    for bound in BUCKETS:
        wanted = sum(took <= bound for took in times)
        assert found["excise_step_seconds_bucket", (repr(bound / 1000), "detect")] == wanted


def test_sources_are_read_at_every_scrape() -> None:
    metrics, held = Metrics(), {("tunnel",): 1.0}
    metrics.read("excise_connections", lambda: held)
    metrics.read("excise_audit_queue", lambda: {(): 7.0})
    assert samples(metrics)["excise_audit_queue", ()] == 7
    held["tunnel",] = 4.0
    assert samples(metrics)["excise_connections_total", ("tunnel",)] == 4


async def test_a_trail_counts_what_it_took_and_what_it_refused() -> None:
    inner, metrics = FakeTrail(), Metrics()
    trail = CountedTrail(inner, metrics)
    trail.offer(LINE)
    await trail.commit(LINE)
    inner.broken = True
    with pytest.raises(AuditError):
        trail.offer(LINE)
    with pytest.raises(AuditError):
        await trail.commit(LINE)
    found = samples(metrics)
    assert found["excise_messages_total", ("design", "openai", "redact", "request")] == 2
    assert sum(value for (name, _), value in found.items() if "audit_refused" in name) == 2
    assert (inner.offered, inner.committed) == ([LINE], [LINE])


def test_names_follow_the_conventions_of_prometheus() -> None:
    names = [family.name for family in FAMILIES]
    assert len(names) == len(set(names))
    for family in FAMILIES:
        assert family.name.startswith("excise_") and not family.name.endswith("_total")
        assert family.doc.endswith(".")
        assert family.kind in ("counter", "gauge", "histogram")
