"""`excise pac` prints the script for the proxy that is named, or for the one of the settings."""

from __future__ import annotations

import pytest

from excise.cli.main import main


def test_the_proxy_is_named_or_taken_from_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pac", "--proxy", "proxy.example:3128"]) == 0
    assert 'return "PROXY proxy.example:3128"' in capsys.readouterr().out
    assert main(["pac", "--listen", "0.0.0.0:9000"]) == 0
    assert 'return "PROXY 127.0.0.1:9000"' in capsys.readouterr().out
    assert main(["pac", "--proxy", "nothing"]) == 2
