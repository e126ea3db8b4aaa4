"""A sink is one text; what it cannot mean is refused, and never repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from excise.audit.sinks.target import Target, parse_target
from excise.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("syslog+udp://siem", Target(scheme="syslog+udp", host="siem", port=514)),
        (
            "syslog+tls://[::1]:6515#ca=/a.pem&when-full=refuse&queue=5",
            Target(scheme="syslog+tls", host="::1", port=6515, queue=5, refuse=True,
                   files={"ca": Path("/a.pem")}),
        ),
        (
            "webhook+https://h/in?key=1#batch=7&secret-file=/s",
            Target(scheme="webhook+https", host="h", port=443, path="/in?key=1", batch=7,
                   files={"secret-file": Path("/s")}),
        ),
    ],
)  # fmt: skip
def test_a_text_is_read(text: str, target: Target) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("syslog://h/zebra", "no kind of sink"),
        ("syslog+udp:///zebra", "needs a host"),
        ("syslog+udp://me:zebra@h", "no user or password"),
        ("syslog+udp://h:99999/zebra", "port"),
        ("webhook+https://h/zebra#bach=1", 'Did you mean "batch"'),
        ("webhook+https://h/zebra#batch=0", "whole number"),
        ("webhook+https://h/zebra#when-full=drop", "when-full"),
    ],
)
def test_what_cannot_be_is_refused_without_its_path(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match="EXC-CFG-001") as refused:
        parse_target(text)
    assert why in str(refused.value)
    assert "zebra" not in str(refused.value)


def test_a_name_holds_neither_path_nor_options() -> None:
    target = parse_target("webhook+https://[::1]/token#secret-file=/s")
    assert target.name == "webhook+https://[::1]:443"
