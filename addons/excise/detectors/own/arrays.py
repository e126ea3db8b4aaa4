"""Arrays and words as bytes of a file, and back: the form of the operator's own indexes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def pack(format: str, fields: Mapping[str, Any]) -> bytes:
    """Named arrays, numbers and texts, under the name of their format."""
    file = io.BytesIO()
    arrays: dict[str, Any] = {name: np.array(value) for name, value in fields.items()}
    np.savez(file, format=np.array(format), **arrays)
    return file.getvalue()


def unpack(format: str, data: bytes) -> dict[str, NDArray[Any]]:
    """What `pack` was given. ValueError where the bytes are none of its, or of another format."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            fields = {name: file[name] for name in file.files}
    except (OSError, EOFError, KeyError, zipfile.BadZipFile) as why:
        raise ValueError("not an index") from why
    if str(fields.pop("format", "")) != format:
        raise ValueError("an index of another kind or version")
    return fields
