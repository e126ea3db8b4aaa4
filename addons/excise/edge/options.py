"""What mitmproxy is told: what the operator may set, and over it what keeps it from passing on what
nobody has read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import certifi
from mitmproxy import exceptions
from mitmproxy.options import Options

from excise.edge.settings import Settings
from excise.errors import ConfigError

# What keeps mitmproxy from letting bytes pass unread. None of it is left to the operator.
HARD: Final[dict[str, Any]] = {
    # A client whose first bytes do not look like HTTP would be relayed raw to the LLM host.
    "rawtcp": False,
    # Bodies over the limit would leave before the request hook.
    "stream_large_bodies": None,
    "store_streamed_bodies": False,
    # A GOAWAY of the provider kills answers in flight, and HTTP/2 costs a third more. `Leaves`
    # speaks it with the hosts that are named for it.
    "http2": False,
    "http3": False,
    # False would relay WebSockets raw; ours reads those it knows and refuses the others.
    "websocket": True,
    "validate_inbound_headers": True,
    "ssl_insecure": False,
    # Copying the provider's certificate would need a connection before policy has spoken.
    "upstream_cert": False,
    # Lazy: a refused request sends the provider no packet at all, not even a handshake.
    "connection_strategy": "lazy",
    "ignore_hosts": [],
    "allow_hosts": [],
    "tcp_hosts": [],
    "udp_hosts": [],
}


def set_options(options: Options, settings: Settings) -> None:
    """Set them all. Raises `ConfigError`."""
    told = _told(settings)
    try:
        options.set(*(f"{name}={value}" for name, value in settings.options))
        # Last, so that nothing set before it stands.
        options.update(**HARD, **told)
    except exceptions.OptionsError as fault:
        raise ConfigError("EXC-CFG-001", f"mitmproxy does not take this: {fault}.") from None
    except Exception as fault:
        names = ", ".join(name for name, _ in settings.options) or "a setting"
        raise ConfigError(
            "EXC-CFG-001", f"mitmproxy stumbles over {names} ({type(fault).__name__})."
        ) from None


def _told(settings: Settings) -> dict[str, Any]:
    mode = {"forward": "regular", "transparent": "transparent"}.get(settings.mode, "")
    if settings.mode == "reverse":
        mode = f"reverse:{settings.upstream}"
    elif settings.upstream_proxy:
        mode = f"upstream:{settings.upstream_proxy}"
    return {
        "confdir": str(settings.ca_dir),
        "mode": [mode],
        "listen_host": settings.listen_host,
        "listen_port": settings.listen_port,
        "upstream_auth": settings.upstream_auth or None,
        "ssl_verify_upstream_trusted_ca": str(_bundle(settings)),
        "ssl_verify_upstream_trusted_confdir": None,
        # Never reached: the streams of ours count for themselves. Kept as a second wall.
        "body_size_limit": str(settings.body_limit * 2),
    }


def _bundle(settings: Settings) -> Path:
    """The CAs that upstream may have: the public ones, and the operator's beside them."""
    public = Path(certifi.where())
    if settings.upstream_ca is None:
        return public
    bundle = settings.state_dir / "upstream-ca.pem"
    try:
        extra = settings.upstream_ca.read_bytes()
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(bundle, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(public.read_bytes() + b"\n" + extra)
    except OSError as fault:
        raise ConfigError(
            "EXC-CFG-003", f"--upstream-ca cannot be used: {fault.strerror}.", at=fault.filename
        ) from None
    if b"BEGIN CERTIFICATE" not in extra:
        raise ConfigError(
            "EXC-CFG-001", "--upstream-ca holds no certificate in PEM form.",
            at=str(settings.upstream_ca),
        )  # fmt: skip
    return bundle
