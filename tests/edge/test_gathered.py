"""The numbers of several workers are those of one proxy."""

from __future__ import annotations

from pathlib import Path

import pytest

from excise.edge.gathered import Gathered, announce, merge
from excise.edge.health import HealthServer, Monitor
from excise.edge.metrics import Metrics


def numbers(allowed: int, *, killed: float = 0.0, ready: float = 1.0) -> Metrics:
    metrics = Metrics()
    metrics.add("excise_reasons", ("host-mismatch",), allowed)
    metrics.read("excise_kill_switch", lambda: {(): killed})
    metrics.read("excise_ready", lambda: {("audit",): ready})
    metrics.read("excise_active_exchanges", lambda: {(): 2.0})
    return metrics


def samples(text: str) -> dict[str, float]:
    rows = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(number) for name, _, number in rows}


def test_numbers_are_added_and_states_are_the_worst() -> None:
    """Every sample once, behind the comments of its family."""
    texts = [numbers(3).render().decode(), numbers(4, killed=1, ready=0).render().decode()]
    found = samples(merge(texts))
    assert found['excise_reasons_total{reason="host-mismatch"}'] == 7
    assert found["excise_active_exchanges"] == 4
    assert found["excise_kill_switch"] == 1
    assert found['excise_ready{check="audit"}'] == 0


def test_one_alone_is_as_it_was() -> None:
    """Text and order."""
    text = numbers(3).render().decode()
    assert merge([text]) == text
    assert merge([]) == ""


def test_a_series_that_only_one_has_stands_with_its_family() -> None:
    """Prometheus wants the lines of a family together."""
    first, second = Metrics(), Metrics()
    second.add("excise_overrides", ("a",))
    lines = merge([each.render().decode() for each in (first, second)]).splitlines()
    at = lines.index('excise_overrides_total{group="a"} 1.0')
    assert lines[at - 1] == "# TYPE excise_overrides_total counter"


@pytest.mark.parametrize("missing", [False, True])
def test_workers_are_asked_where_they_said(tmp_path: Path, missing: bool) -> None:
    """One that does not answer is not ready."""
    monitors = [Monitor(numbers(n), {"audit": lambda: True}) for n in (1, 2)]
    with (
        HealthServer("127.0.0.1", 0, monitors[0]) as one,
        HealthServer("127.0.0.1", 0, monitors[1]) as two,
    ):
        announce(tmp_path, "1", one.address[1])
        announce(tmp_path, "2", 1 if missing else two.address[1])
        watch = Gathered(tmp_path, ["1", "2"])
        found = samples(watch.render().decode())
        assert found['excise_reasons_total{reason="host-mismatch"}'] == (1 if missing else 3)
        assert watch.ready()["workers"] is not missing
        assert watch.ready()["audit"] is True
        assert watch.alive() is not missing
