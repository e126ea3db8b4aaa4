"""What is packed comes back, and nothing else passes for it."""

import numpy as np
import pytest

from excise.detectors.own.arrays import pack, unpack


def test_fields_come_back() -> None:
    """Arrays of any kind, numbers, texts."""
    data = pack("x 1", {"a": np.arange(3, dtype=np.uint64), "b": 7, "c": ["p", "q"], "d": True})
    fields = unpack("x 1", data)
    assert fields["a"].dtype == np.uint64 and fields["a"].tolist() == [0, 1, 2]
    assert (int(fields["b"]), fields["c"].tolist(), bool(fields["d"])) == (7, ["p", "q"], True)


@pytest.mark.parametrize("data", [b"", b"x", b"PK\x03\x04", pack("x 2", {}), pack("x 1", {})[:-30]])
def test_other_bytes_do_not(data: bytes) -> None:
    """Another version, half a file, anything."""
    with pytest.raises(ValueError):
        unpack("x 1", data)
