"""Telephone numbers against the numbering plans; the only file importing phonenumbers.

The plans are read from the library's metadata once per region and matched as one pattern each:
its own parser takes a hundred times as long, and a page of figures holds many candidates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

# Regions whose national form is understood where no country code stands in front.
REGIONS: Final = (
    "US", "GB", "DE", "FR", "ES", "IT", "NL", "PT", "PL", "AT", "CH", "BE", "IE", "SE", "DK", "NO",
    "FI", "CZ", "SK", "HU", "RO", "GR", "TR", "AU", "NZ", "IN", "BR", "MX", "ZA", "JP", "KR", "SG",
    "IL", "PH", "CN",
)  # fmt: skip
_TYPES: Final = (
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip",
    "pager", "uan",
)  # fmt: skip
_NO_TRUNK: Final = frozenset({"BR", "CN", "IN", "TR"})  # often written without the prefix
_EXTENSION: Final = re.compile(
    r"[ ,;]{0,2}(?:x|#|ext\.?|extension|durchwahl|poste)[ .:]{0,2}[0-9]{1,6}$", re.IGNORECASE
)
_TRUNK: Final = re.compile(r"^\(?(?:\+|00|011)")


def prepare() -> Iterator[None]:
    """Read the plans of `REGIONS`, one a step."""
    for region in REGIONS:
        _plan(region)
        yield
    _home()


def phone(text: str) -> bool:
    """A number that the plan of some region assigns.

    With a country code it is that region's plan, without one the plans of `REGIONS`, the trunk
    prefix where the region has one included.
    """
    plain = _EXTENSION.sub("", text.strip())
    digits = "".join(filter(str.isdecimal, plain))
    if not digits.isascii() or len(set(digits)) < 3:
        return False
    lead = _TRUNK.match(plain)
    if lead:
        dialled = digits[len(lead[0].strip("(+")) :]
        inner = re.sub(r"\(0\)", "", plain)  # +49 (0) 30 …
        written = "".join(filter(str.isdecimal, inner))[len(lead[0].strip("(+")) :]
        return _international(dialled) or (written != dialled and _international(written))
    return bool(_home().fullmatch(digits))


def phone_us(text: str) -> bool:
    """A number of the North American plan, with or without the country code."""
    digits = "".join(filter(str.isdecimal, _EXTENSION.sub("", text.strip())))
    national = re.sub(r"^(?:001|011)?1(?=[0-9]{10}$)", "", digits)
    return any(_plan(region)[0].fullmatch(national) for region in ("US", "CA"))


def _international(digits: str) -> bool:
    for size in (1, 2, 3):
        for region in _regions().get(int(digits[:size] or 0), ()):
            if _plan(region)[0].fullmatch(digits[size:]):
                return True
    return False


@cache
def _home() -> re.Pattern[str]:
    """Every number as dialled inside one of `REGIONS`."""
    return re.compile("|".join(_plan(region)[1].pattern for region in REGIONS))


@cache
def _regions() -> dict[int, tuple[str, ...]]:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    found: dict[int, tuple[str, ...]] = dict(COUNTRY_CODE_TO_REGION_CODE)
    return {
        code: (str(code),) if regions == ("001",) else regions for code, regions in found.items()
    }


@cache
def _plan(region: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The significant number, and the number as dialled inside the country."""
    from phonenumbers import PhoneMetadata

    plan: Any = (
        PhoneMetadata.metadata_for_nongeo_region(int(region))
        if region.isdigit()
        else PhoneMetadata.metadata_for_region(region)
    )
    patterns = [
        kind.national_number_pattern
        for kind in (getattr(plan, name, None) for name in _TYPES)
        if kind is not None and kind.national_number_pattern
    ]
    zero = "0?" if plan.leading_zero_possible else ""
    significant = f"(?:{'|'.join(patterns)})"
    prefix = plan.national_prefix or ""
    optional = prefix == "1" or region in _NO_TRUNK
    trunk = f"{prefix}{'?' if optional else ''}" if prefix else zero
    return re.compile(significant), re.compile(trunk + significant)
