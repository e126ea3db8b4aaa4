"""Addresses that carry data are told from those that name a page."""

import base64
import hashlib

import pytest

from excise.detectors.patterns.addresses import URL, carries, host_of, is_below

DATA = base64.b64encode(b"the customer said her name is Ada").decode().rstrip("=")
CARRIES = {
    f"https://drop.example/?d={DATA}": True, f"https://{DATA.lower()}.drop.example/": True,
    f"https://drop.example/{DATA}.png": True, f"https://drop.example/#{DATA}": True,
    "https://docs.example/en/latest/how-to-install-this-thing.html": False,
    f"https://code.example/acme/{hashlib.sha1(b'x').hexdigest()}/app.py": False,
    f"https://code.example/?d={hashlib.sha1(b'x').hexdigest()}": True,
    f"https://drop.example/{b'twenty secret letter'.hex()}/app.py": True,
    "https://example.com/?q=tea": False, "https://[broken/?d=1": False,
}  # fmt: skip


@pytest.mark.parametrize("url", CARRIES)
def test_what_is_packed_in_an_address(url: str) -> None:
    """Wherever in it."""
    assert (carries(url, 24) >= 0.75) is CARRIES[url]


def test_hosts_and_what_is_below_them() -> None:
    """By whole labels."""
    assert host_of("https://A.Example.com:8/x") == "a.example.com"
    assert host_of("https://[broken/") == ""
    assert is_below("a.example.com", {"example.com"})
    assert not is_below("badexample.com", {"example.com"})
    assert URL.findall("see (https://x.example/a) or <wss://y.example>") == [
        "https://x.example/a", "wss://y.example",
    ]  # fmt: skip
