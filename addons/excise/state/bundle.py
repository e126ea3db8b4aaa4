"""One file with the public roots and our CA, for clients whose setting replaces the trust store."""

from __future__ import annotations

import os
import re
import secrets
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from excise.errors import StateError
from excise.state.ca_change import NEXT

# Where systems keep their roots in one file: Debian, Fedora, SUSE, Alpine, macOS with Homebrew.
SYSTEM_FILES: Final = (
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
    Path("/etc/ssl/ca-bundle.pem"),
    Path("/etc/ssl/cert.pem"),
    Path("/opt/homebrew/etc/openssl@3/cert.pem"),
)
_CERT: Final = re.compile(
    r"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----"
)


def ensure_bundle(path: Path, ca_cert: Path, environ: Mapping[str, str]) -> Path:
    """Write the bundle where it is missing or stale; its path.

    Roots that the user's own settings name come along, so that a company's CA keeps working.
    Raises `StateError` where our CA is missing or nothing can be written.
    """
    try:
        certificates = dict.fromkeys(read_certificates(ca_cert))
        if (following := ca_cert.parent / NEXT / ca_cert.name).exists():
            certificates.update(dict.fromkeys(read_certificates(following)))
    except OSError as fault:
        raise StateError(
            "EXC-STA-003", f"the CA cannot be read ({fault.strerror}).", at=str(ca_cert)
        ) from None
    if not certificates:
        raise StateError("EXC-STA-002", "this is no certificate.", at=str(ca_cert))
    for source in find_roots(environ, own=(path, ca_cert)):
        certificates.update(dict.fromkeys(read_certificates(source)))
    text = "\n".join(certificates) + "\n"
    try:
        if not path.exists() or path.read_text("ascii") != text:
            replace_file(path, text.encode("ascii"))
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "it is not ASCII"
        raise StateError("EXC-STA-003", f"cannot be written ({why}).", at=str(path)) from None
    return path


def find_roots(environ: Mapping[str, str], own: tuple[Path, ...] = ()) -> list[Path]:
    """The readable files with trusted roots: the system's, or certifi's, and what is set."""
    paths = ssl.get_default_verify_paths()
    system = [Path(paths.openssl_cafile), *SYSTEM_FILES]
    found = [path for path in system if _readable(path)][:1] or _certifi()
    for variable in ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "DENO_CERT", "REQUESTS_CA_BUNDLE"):
        path = Path(environ.get(variable, ""))
        if environ.get(variable) and path not in (*own, *found) and _readable(path):
            found.append(path)
    return found


def read_certificates(path: Path) -> list[str]:
    """The PEM certificates in a file, without what stands between them."""
    return _CERT.findall(path.read_text("utf-8", "replace"))


def _certifi() -> list[Path]:
    try:
        import certifi
    except ImportError:
        return []
    return [Path(certifi.where())]


def _readable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.R_OK)


def replace_file(path: Path, data: bytes) -> None:
    """Put public data in a file's place, all at once; its folder is made. Raises `OSError`."""
    if not path.parent.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        draft.write_bytes(data)
        draft.chmod(0o644)  # certificates are public, and containers read them as another user
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
