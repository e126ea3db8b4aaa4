"""Addresses of devices and dates of birth: tables of what passes and what does not."""

import pytest

from excise.detectors.patterns.persons import PERSONAL
from excise.rules.schema import CHECKS


def test_the_table_names_checks_that_rules_may_use() -> None:
    assert set(PERSONAL) <= CHECKS


@pytest.mark.parametrize(
    ("check", "text", "right"),
    [
        ("ip-public", "8.8.8.8", True),
        ("ip-public", "192.168.1.1", False),
        ("ip-public", "999.1.1.1", False),
        ("ip-public", "01.2.3.4", False),
        ("ip-private", "10.1.2.3", True),
        ("ip-private", "100.64.0.1", True),
        ("ip-private", "127.0.0.1", False),
        ("ip-private", "0.0.0.0", False),
        ("ip-private", "8.8.8.8", False),
        ("ip-private", "10.1.0.0/16", True),
        ("ip-public", "8.8.8.0/24", True),
        ("ipv6", "2001:db8::/32", True),
        ("ipv6", "2001:db8::1", True),
        ("ipv6", "fe80::1%eth0", True),
        ("ipv6", "::1", False),
        ("ipv6", "::", False),
        ("ipv6", "2001::db8::1", False),
        ("mac", "00:1A:2B:3C:4D:5E", True),
        ("mac", "0012.3456.789a", True),
        ("mac", "FF:FF:FF:FF:FF:FF", False),
        ("mac", "10:2F:33-AC-29-C3", False),
        ("birth-date", "1986-01-09", True),
        ("birth-date", "1986-13-09", False),
        ("birth-date", "31.12.1986", True),
        ("birth-date", "12/31/86", True),
        ("birth-date", "31.31.1986", False),
        ("birth-date", "3 March 1986", True),
        ("phone", "+49 30 23456789", True),
        ("phone-us", "212-555-0123", True),
    ],
)
def test_checks(check: str, text: str, right: bool) -> None:
    assert PERSONAL[check](text) is right
