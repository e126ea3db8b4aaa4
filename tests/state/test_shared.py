"""Two workers of one run find what the other one left; a run without its key finds nothing."""

from __future__ import annotations

import secrets
from pathlib import Path

from excise.state.shared import NAME, open_shared


def test_workers_share_vault_and_places(tmp_path: Path) -> None:
    """Over one owner-only file."""
    key = secrets.token_bytes(32)
    one, other = open_shared(tmp_path, key), open_shared(tmp_path, key)
    one.vault().keep("ann", {"[KEY_1]": "value-of-ann"})
    assert other.vault().find("ann", "[KEY_1]") == "value-of-ann"
    assert open_shared(tmp_path, bytes(32)).vault().find("ann", "[KEY_1]") is None
    assert one.places.enter([("a", 1)]) is None
    assert other.places.enter([("a", 1)]) == "a"
    written = b"".join(path.read_bytes() for path in tmp_path.glob(f"{NAME}*"))
    assert b"value-of-ann" not in written
    assert repr(one) == "<Shared>"
