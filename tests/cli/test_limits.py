"""`excise limits` shows what is used, and forgets it."""

import re
import time
from pathlib import Path

import pytest

from excise.cli.main import main
from excise.state.counters import Charge, SqliteCounters

PROFILE = """\
profile: small
title: One pack
level: 2
packs: [{pack: pci}]
uninspectable: {otherwise: alert}
on-fault: block
"""
LIMITS = """\
limits:
  - {id: per-head, count: requests, at-most: 10, within: 1d, per: [principal]}
  - {id: money, count: cost, at-most: 20, within: 30d}
"""


def test_show_and_reset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p" / "profiles").mkdir(parents=True)
    (tmp_path / "p" / "profiles" / "small.yaml").write_text(PROFILE)
    (tmp_path / "p" / "limits.yaml").write_text(LIMITS)
    counters = SqliteCounters(tmp_path / "s" / "limits.db", time.time)
    counters.add([Charge("per-head/principal=ann", 10, 86_400, 3), Charge("money", 20_000_000,
                  30 * 86_400, 12_340_000)])  # fmt: skip
    places = ["--profile", "small", "--policies", str(tmp_path / "p"),
              "--state-dir", str(tmp_path / "s")]  # fmt: skip
    assert main(["limits", "show", *places]) == 0
    out = capsys.readouterr().out
    assert "per-head/principal=ann" in out and "$12.34" in out and "$20.00" in out
    assert re.search(r"by the prices of \d{4}-\d\d-\d\d", out)
    assert main(["limits", "reset", "per-heat", *places]) == 2
    assert 'Did you mean "per-head"' in capsys.readouterr().err
    assert main(["limits", "reset", "per-head", *places]) == 0
    assert capsys.readouterr().out.startswith("1 counters")
    assert list(counters.keys()) == ["money"]
    counters.close()
