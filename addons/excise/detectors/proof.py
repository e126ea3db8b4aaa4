"""Side detectors over small made-up data, by which rules that read the operator's prove themselves.

The examples of such rules name these values; nothing here is used outside of proofs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from excise.detectors.base import Detector
from excise.detectors.known import Known, build_known
from excise.detectors.records import Records, build_index

KEY: Final = bytes(range(32))
RECORDS: Final = (
    ("Martha Vogelsang", "40-0071-2295"),
    ("Piet Achterberg", "40-0071-3381"),
)
VALUES: Final = ("tulip-Fjord/29-lamp",)


def _records() -> Detector:
    built = build_index("customers", ("name", "account"), RECORDS, meet=2, key=KEY)
    return Records([built.made], KEY)


def _known() -> Detector:
    return Known([build_known(VALUES, KEY)], KEY)


PROOF: Final[Mapping[str, Callable[[], Detector]]] = {
    "dictionary": _records,
    "known-value": _known,
}
