"""Event streams of no known dialect: every string of every record is a whole text."""

from __future__ import annotations

from typing import Final

from excise.codecs.base import Label
from excise.codecs.generic_json import RESPONSE_ROOT, label_response
from excise.codecs.labels import Labeler
from excise.codecs.ssejson import SseReader

_ROOT: Final = RESPONSE_ROOT


class GenericSseStream(SseReader):
    """Text that is spelled out over several records is not put together: nobody knows how."""

    codec = "generic-sse"
    labeler: Labeler = label_response
    root: Label = _ROOT
    strict = False
