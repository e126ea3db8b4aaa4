"""A signature over a folder of policies: which files stand in it, and what each of them holds.

    excise-policy 1 KEY-ID
    SHA-256  packs/ours/pack.yaml
    …
    signature BASE64

Ed25519 over everything above the last line. A file that is changed, added or taken away no longer
fits; that a whole folder was put back as it once was is seen by the policy's digest in the trail.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from excise.errors import PolicyError
from excise.state.signing import Signer, Verifier

SEAL: Final = "policy.sig"
SUFFIXES: Final = frozenset({".yaml", ".yml", ".txt"})
_HEAD: Final = "excise-policy 1 "
_SIGNATURE: Final = "signature "
_HINT: Final = "Review it, then: excise policy sign"


@dataclass(frozen=True, slots=True)
class Seal:
    """What a folder's signature vouches for: the digest of each file by its name in the folder."""

    folder: Path
    digests: Mapping[str, str] = field(repr=False)

    def check(self, path: Path, data: bytes) -> None:
        """Refuse bytes that nobody signed under this name. Raises `PolicyError`."""
        name = name_in(self.folder, path)
        if name not in self.digests:
            raise _unsigned(path, "nobody signed this file")
        if sha256(data).hexdigest() != self.digests[name]:
            raise _unsigned(path, "it was changed since it was signed")

    def check_whole(self) -> None:
        """Refuse a folder from which a file was taken away: the shipped one of its name would stand
        in its place. Raises `PolicyError`."""
        for name in self.digests:
            if not (self.folder / name).is_file():
                raise _unsigned(self.folder / name, "it was signed and is gone")


def sign_folder(folder: Path, signer: Signer) -> bytes:
    """What `SEAL` of a folder holds. Raises `OSError`."""
    files = [path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file()]
    lines = [
        f"{sha256(path.read_bytes()).hexdigest()}  {name_in(folder, path)}"
        for path in sorted(files)
    ]
    told = "\n".join([f"{_HEAD}{signer.key_id}", *lines, ""]).encode()
    return told + f"{_SIGNATURE}{base64.b64encode(signer.sign(told)).decode()}\n".encode()


def read_seal(folder: Path, verifier: Verifier) -> Seal:
    """The seal of a folder, if it is of this key. Raises `PolicyError` (EXC-POL-017)."""
    path = folder / SEAL
    try:
        data = path.read_bytes()
    except OSError:
        raise _unsigned(path, "the folder is not signed, and policy-key is set") from None
    told, mark, last = data.rpartition(_SIGNATURE.encode())
    try:
        signature = base64.b64decode(last.strip(), validate=True)
        head, *lines = told.decode().splitlines()
    except (binascii.Error, ValueError):
        raise _unsigned(path, "it is no seal of a policy") from None
    if not mark or not head.startswith(_HEAD):
        raise _unsigned(path, "it is no seal of a policy")
    if head != f"{_HEAD}{verifier.key_id}":
        raise _unsigned(path, f"it is signed by another key than {verifier.key_id}")
    if not verifier.check(signature, told):
        raise _unsigned(path, "its signature does not hold")
    # Nobody but the key's owner has written this, so its lines are as `sign_folder` makes them.
    return Seal(folder, {line[66:]: line[:64] for line in lines})


def name_in(folder: Path, path: Path) -> str:
    """A file's name in a folder, or its whole path where it stands elsewhere."""
    whole, inside = path.absolute(), folder.absolute()
    return whole.relative_to(inside).as_posix() if whole.is_relative_to(inside) else str(whole)


def _unsigned(path: Path, why: str) -> PolicyError:
    return PolicyError("EXC-POL-017", f"{why}.", at=str(path), hint=_HINT)
