"""The table of answers covers the events that decide whether bytes pass."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from mitmproxy import hooks
from mitmproxy.proxy.layers import modes, tls  # noqa: F401  (their hooks register on import)

from excise.edge.faults import ANSWERS, Fault, class_of
from excise.errors import StateError
from excise.model import RefusalClass


def test_every_answer_is_for_an_event_that_exists() -> None:
    assert set(ANSWERS) <= set(hooks.all_hooks)


def test_every_tls_event_before_the_first_byte_has_one() -> None:
    decisive = {n for n in hooks.all_hooks if n.startswith("tls_") and "failed" not in n}
    assert decisive <= set(ANSWERS)


@pytest.mark.parametrize("name", ["tls_start_client", "tls_start_server"])
def test_without_a_connection_object_the_host_closes(name: str) -> None:
    data = SimpleNamespace(ssl_conn=object())
    assert ANSWERS[name](data) is None
    assert data.ssl_conn is None


def test_a_fault_tells_no_text() -> None:
    assert Fault._fields == ("reference", "where", "kind", "cls")


@pytest.mark.parametrize(
    ("fault", "cls"),
    [
        (ValueError("EXC-STA-006"), RefusalClass.FAULT),
        (StateError("EXC-STA-003", "x."), RefusalClass.FAULT),
        (StateError("EXC-STA-006", "x."), RefusalClass.AWAY),
    ],
)
def test_an_outage_is_told_in_its_own_words(fault: Exception, cls: RefusalClass) -> None:
    assert class_of(fault) is cls
