"""Models and other traffic through a real proxy, by the traffic of `scripts/evaluate-discovery`."""

from __future__ import annotations

from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.mark.live
def test_models_outside_the_catalogue_are_seen_and_other_traffic_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from evaluate_discovery import KINDS, READ, measure

    unread = ("chat 100 tokens/s", "page load", "GraphQL queries")
    read = ("chat, not streamed", "chat at a path of its own", "GraphQL with such names")
    kinds = [kind for kind in KINDS if kind.name in unread]
    looked = [kind for kind in READ if kind.name in read]
    assert measure(kinds, looked, 1, 3) == [1, 0, 0, 1, 1, 0]
