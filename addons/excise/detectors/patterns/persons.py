"""Named tests on what identifies people and their devices; `checks` takes them up."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from excise.rules.mnemonics import mnemonic
from excise.rules.national import is_date
from excise.rules.national_world import NATIONAL
from excise.rules.wallets import base58check, bech32

_ISO: Final = re.compile(r"((?:18|19|20)[0-9]{2})[-/.]?([0-9]{1,2})[-/.]?([0-9]{1,2})")
_NUMERIC: Final = re.compile(r"([0-9]{1,2})[-/. ]{1,2}([0-9]{1,2})[-/. ]{1,2}([0-9]{2,4})")


def phone(text: str) -> bool:
    """A number that some numbering plan assigns."""
    from excise.detectors.patterns import phones

    return phones.phone(text)


def phone_us(text: str) -> bool:
    """A number of the North American numbering plan."""
    from excise.detectors.patterns import phones

    return phones.phone_us(text)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        # without the zone of a link-local address and the length of a network's prefix
        return ipaddress.ip_address(text.partition("/")[0].partition("%")[0])
    except ValueError:
        return None


def ip_public(text: str) -> bool:
    """An IPv4 address that is reachable from everywhere."""
    found = _address(text)
    return found is not None and found.version == 4 and found.is_global


def ip_private(text: str) -> bool:
    """An IPv4 address of a private, shared or link-local range (RFC 1918, 3927, 6598)."""
    found = _address(text)
    if found is None or found.version != 4 or found.is_global:
        return False
    return not (
        found.is_loopback or found.is_unspecified or found.is_multicast or found.is_reserved
    )


def ipv6(text: str) -> bool:
    """An IPv6 address of a host: neither loopback nor unspecified nor multicast."""
    found = _address(text)
    if found is None or found.version != 6:
        return False
    return not (found.is_loopback or found.is_unspecified or found.is_multicast)


def mac(text: str) -> bool:
    """An EUI-48 of a device: neither all alike nor broadcast nor of mixed separators."""
    digits = re.sub(r"[^0-9a-f]", "", text.lower())
    separators = set(re.sub(r"[0-9a-f]", "", text.lower()))
    return len(digits) == 12 and len(set(digits)) > 2 and len(separators) == 1


def birth_date(text: str) -> bool:
    """A date that exists; one written in words passes."""
    found = _ISO.fullmatch(text)
    if found:
        return is_date(found[3], found[2])
    found = _NUMERIC.fullmatch(text)
    if found:
        return is_date(found[1], found[2]) or is_date(found[2], found[1])
    return any(char.isalpha() for char in text)


PERSONAL: Final[MappingProxyType[str, Callable[[str], bool]]] = MappingProxyType(
    {
        "phone": phone,
        "phone-us": phone_us,
        "ip-public": ip_public,
        "ip-private": ip_private,
        "ipv6": ipv6,
        "mac": mac,
        "birth-date": birth_date,
        "base58check": base58check,
        "bech32": bech32,
        "mnemonic": mnemonic,
        **NATIONAL,
    }
)
